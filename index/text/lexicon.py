"""Every list of English words that the rules of this program share, in one place.

Lists are lower case. Those that differ between two uses are built here from their common part and the words of
each use, so that the difference is on purpose. Words that only one rule knows may stand beside that rule.
"""

from __future__ import annotations

from collections.abc import Iterable


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def either(*lists: Iterable[str]) -> str:
    """The regular expression that takes any word of the lists: `either(("said", "says"))` is `(?:said|says)`."""
    return f"(?:{'|'.join(word for words in lists for word in words)})"


def capitalised(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word[0].upper() + word[1:] for word in words)


MONTHS = _words("january february march april may june july august september october november december")
MONTH_ABBREVIATIONS = _words("jan feb mar apr jun jul aug sept sep oct nov dec")
WEEKDAYS = _words("monday tuesday wednesday thursday friday saturday sunday")
CALENDAR = frozenset((*MONTHS, *MONTH_ABBREVIATIONS, *WEEKDAYS, "thanksgiving", "christmas", "easter"))
ORDINARY_MONTHS = _words("may march august")
"""Months that are other words without their capital."""

NUMBERS = _words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
"""Each at the index that is its value."""
TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
COUNTS = NUMBERS[2:13]
"""Two to twelve: `one` hardly ever counts."""
ORDINALS = _words("first second third fourth fifth sixth seventh eighth ninth tenth")

QUESTION_WORDS = _words("who what when where why how which")
ARTICLES = _words("the a an")
_BE, _DO, _HAVE = _words("is are was were"), _words("do does did"), _words("has have had")
DO_OR_HAVE = (*_DO, *_HAVE, "would")
DO_HAVE_OR_BE = (*DO_OR_HAVE, *_BE)
"""What may stand between a question word and its subject."""
AUXILIARIES = (*DO_HAVE_OR_BE, *_words("will can could should"))
_NEGATED_AUXILIARIES = _words(
    "aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't shouldn't wasn't weren't won't wouldn't"
)
NEGATIONS = _set("no not never none nobody nothing neither nor without cannot")
DENIALS = NEGATIONS.union(
    _NEGATED_AUXILIARIES,
    _words("deny denies denied refuse refuses refused fail fails failed unlikely lack lacks lacked"),
)
"""Negations and the verbs that deny what follows them."""

# By hand: the lists of sklearn and nltk hold words that carry meaning in news ("down", "against", "system",
# "bill", "not") and cost an import or a download.
_COMMON = _words("""
    a about all also am an and any are as at be because been being but by can could did do does doing for from had has
    have having he her here hers him his how i if in into is it its just me more most my of on or our ours out over own
    she should so some such than that the their theirs them then there these they this those through to too under until
    up very was we were what when where which while who whom whose why will with would you your yours""")
FUNCTION_WORDS = frozenset(_COMMON + _NEGATED_AUXILIARIES) | _set("""
    above after again although another anybody anyone anything before below between both cannot done during each either
    else even ever every few further get gets getting give given go goes going got hence herself himself however itself
    let like made make makes making many may might mine much must myself neither next now off once one ones only other
    others ourselves per please quite rather really same since somebody someone something still themselves thing things
    though thus upon us well whatever whether within without yes yet yourself he'd he'll he's i'd i'll i'm i've it'd
    it'll it's let's she'd she'll she's that'd that's there's they'd they'll they're they've we'd we'll we're we've
    what's where's who's you'd you'll you're you've mr mrs ms dr""")
"""Words that carry no meaning of their own; negations and names of things are not among them."""

STOP_WORDS = frozenset((*_COMMON, *_words("no nor not said say says s t d m ll re ve")))
"""Left out of a word search as long as the query has other words; English contractions in their parts."""

ASKING_WORDS = _set("""
    ask asked asking believe believes chronology clarify comment commented describe described detail details develop
    developed development elaborate evolve evolved explain feel feels find happen happened happening happens information
    know list mean meant mention mentioned name opinion position quote quoted react reaction respond response said say
    saying says show speak speaking spoke stance statement talk talked talking tell telling think thinks thought
    timeline told understand unfold unfolded view views want wanted""")
"""Words that say what is wanted rather than what it is about."""

SENTENCE_OPENERS = _words("""
    this that these those he she it they we i you his her its their our my but and or so in on as if for from by with
    when while after before there both then also however since although""")
"""Words that open a sentence and are not the name of what it is about."""

SOURCES_IN_PLURAL = _words("""
    officials police prosecutors authorities investigators lawmakers experts scientists researchers analysts critics
    witnesses residents sources reporters""")
"""People whom news quotes in the plural."""
GROUPS_OF_SPEAKERS = SOURCES_IN_PLURAL + _words("""
    advocates organisers organizers protesters relatives doctors lawyers activists supporters observers firefighters
    rescuers economists campaigners aides media neighbours neighbors paramedics detectives engineers historians
    attorneys""")
CAPITALISED_OPENERS = frozenset(SOURCES_IN_PLURAL) | _set("""
    according additionally afterwards although besides despite earlier eventually finally following hundreds instead
    later local many meanwhile moreover nearly nevertheless no not officers often opponents people previously recently
    several similarly speaking supporters thousands three today tomorrow two unfortunately unlike until yesterday yes
    describe explain list summarise summarize tell""")
"""Capitalised at the start of a sentence without being a name; function words are known already."""

_LEADERS = _words("""
    chair chairman chairwoman chief coach commissioner director judge justice minister officer president professor
    secretary senator speaker spokesman spokesperson spokeswoman""")
TITLES = frozenset(_LEADERS) | _set("""
    ambassador adm attorney baron baroness bishop capt captain cardinal chancellor col congressman congresswoman
    councillor detective deputy dr emperor father first former gen gov governor inspector king lady lieutenant lord lt
    madam maj mayor miss mr mrs ms pastor pope premier prime prince princess prof queen rabbi rep representative reps
    rev sec sen senators sens sgt sheriff sir superintendent vice""")
"""Words before a person's name which are not part of it."""
OFFICES = frozenset(_LEADERS) | _set("""
    activist adviser advisor agent correspondent editor fellow founder general head leader manager official researcher
    scientist strategist whip""")
"""The last word of an office before a name: `Senate Majority Leader`, `Attorney General`."""
POLITICAL_BODIES = _set("senate house republican democrat democratic gop labour conservative liberal")
INSTITUTIONS = _words("""
    house senate congress parliament party university college school court courts department council committee inc corp
    ltd act bank republican republicans democrat democrats ministry agency union cup league commission county city state
    states news times post press journal institute association federation organisation organization motors mills
    electric airlines group company service police office hospital centre center hill street river island islands
    airport nations administration bureau authority foundation fund army navy force guard patrol club museum church day
    games war republic kingdom board society academy chamber international research security affairs""")
"""Words of names that are not a person's."""

_SAID = _words("said says told argued explained claimed added stated noted")
_WROTE = _words("wrote commented declared announced")
REPORTING_VERBS = _SAID + _words(
    "tells argues insisted warned acknowledged admitted complained contended asserted testified tweeted stressed "
    "indicated"
)
"""Verbs that report speech without `that`; `declared war` and `promised aid` do not."""
SPEECH_VERBS = (
    REPORTING_VERBS
    + _WROTE
    + _words("""
    adds alleged boasted cautioned claims conceded concluded confirmed countered emphasised emphasized explains insists
    joked lamented maintained notes observed opined pledged posted predicted proclaimed promised quipped recalled
    reiterated remarked replied reported responded speculated states suggested vowed warns writes""")
)
"""Verbs beside the name of a speaker."""
VERBS_BESIDE_QUOTATIONS = _words("""
    asked continued continues began urged called described asks exclaimed shouted answered thinks believes thought read
    reads
    admits admonished advised affirmed agreed agrees alleges announces appealed begged bragged chided comments
    complains concedes concludes confessed confirms contends cried declares demanded demands denied elaborated
    emphasises emphasizes fumed gushed implored informed instructed intoned jokes lectured messaged mocked mused
    objected observes pleaded posts praised preached protested quips ranted reasoned recalls recounted reflected
    reiterates remarks remembered repeated repeats replies responds retorted revealed sang scolded scoffed screamed
    snapped stresses summarised summarized swore taunted teased texted thundered tweets urges vented wondered yelled""")
"""Verbs of saying only where quoted words are next to them."""
PLAIN_SPEECH_VERBS = _SAID + _WROTE
"""Those that a quotation's speaker stands beside most often, for questions made by rule."""

ASSERTING_VERBS = _words("say said claim claimed argue argued think believe insist insisted warn warned")
"""`Why did X claim ...`."""
_RESPONDING_VERBS = _words("describe respond responded react reacted reply replied explain comment")
SAYING_VERBS = (
    *ASSERTING_VERBS,
    *_RESPONDING_VERBS,
    *_words("tell told state stated suggest suggested call called deny promise promised admit tweet tweeted"),
)
"""`What did X say`."""
DESCRIBING_VERBS = _RESPONDING_VERBS + _words(
    "say described characterise characterised characterize characterized explained justify justified put see view feel"
)
"""`How did X describe ...`."""
ACCUSING_VERBS = _words("said says told claimed called described argued warned suggested insisted denied")
"""`Who called ...`."""
OUTLET_VERBS = _words("""
    report reports reported reporting say says said write writes wrote written claim claims claimed suggest suggests
    suggested describe describes described portray portrays portrayed publish publishes published cover covers covered
    discuss discusses discussed mention mentions mentioned highlight highlights highlighted note notes noted credit
    credits credited attribute attributes attributed implies implied indicate indicates indicated characterise
    characterises characterize characterizes depict depicts depicted quote quotes quoted cite cites cited""")
"""What newspapers do."""

_OPPOSITE_PAIRS = """
    passed/failed passed/rejected passed/blocked supported/blocked supported/opposed approved/rejected
    accepted/rejected accepted/refused agreed/refused adopted/rejected upheld/overturned upheld/rejected
    upheld/dismissed upheld/struck granted/denied granted/refused admitted/denied confirmed/denied
    allowed/banned allowed/forbade allowed/prohibited legal/illegal guilty/innocent convicted/acquitted
    condemned/acquitted praised/criticised praised/criticized praised/condemned praise/criticism
    praise/objections praised/attacked welcomed/condemned welcomed/criticised applauded/condemned
    condemned/defended support/oppose supporting/opposing favour/against favor/against favoured/opposed
    favored/opposed for/against increase/decrease increase/reduction increased/decreased increased/reduced
    rise/fall rose/fell raised/lowered raised/cut grew/shrank gained/lost won/lost victory/defeat
    succeeded/failed success/failure majority/minority more/less more/fewer most/fewest most/least
    greatest/smallest largest/smallest biggest/smallest higher/lower highest/lowest high/low larger/smaller
    bigger/smaller better/worse best/worst longer/shorter longest/shortest older/younger oldest/youngest
    faster/slower fastest/slowest stronger/weaker strong/weak warmer/colder warm/cold hot/cold hotter/cooler
    before/after earlier/later early/late first/last above/below north/south east/west northern/southern
    eastern/western arrived/left arrive/leave remain/leave stay/leave stay/withdraw remain/stop remained/left
    entered/left survived/died survived/killed alive/dead live/dead open/closed opened/closed open/shut
    reopened/closed began/ended started/stopped started/ended continued/stopped continue/stop resumed/suspended
    joined/left arrested/released imprisoned/freed appointed/dismissed hired/fired elected/defeated
    defended/attacked encouraged/discouraged allies/enemies friend/enemy public/private state/private
    domestic/foreign possible/impossible likely/unlikely optimistic/pessimistic temporary/permanent
    voluntary/mandatory safe/dangerous near/far close/far full/empty rich/poor easy/difficult simple/complicated
    popular/unpopular true/false positive/negative male/female men/women man/woman boys/girls father/mother
    son/daughter brother/sister husband/wife buy/sell bought/sold borrowed/lent import/export imports/exports
    doubled/halved strengthened/weakened improved/worsened expanded/reduced widened/narrowed accelerated/slowed
    hardened/softened tightened/loosened tougher/weaker stricter/weaker lifted/imposed revoked/granted
    ratified/rejected ruled/unconstitutional interested/uninterested automatic/manual always/never
    everybody/nobody everyone/nobody all/none trusted/distrusted united/divided wide/narrow included/excluded
    include/exclude majority/few many/few despite/because remembered/forgot ally/opponent supporter/opponent
    supporters/opponents proponents/opponents winner/loser minimum/maximum built/destroyed created/destroyed
    damaged/repaired healthy/ill gaining/losing urged/warned fire/hire expensive/cheap resume/halt
    endorse/oppose condemn/praise endorse/reject lose/win reject/accept reject/approve fail/pass block/pass
    block/support close/open criticise/praise criticize/praise agree/decline agreed/declined permit/forbid
    permitted/prohibited legalise/ban legalised/banned tighten/ease tightened/eased attack/defend enemy/ally
    optimism/pessimism peace/war friend/foe strength/weakness arrive/depart arrival/departure ascend/descend
    accept/refuse offensive/defensive loss/profit losses/profits deficit/surplus hire/dismiss hired/dismissed
    keep/abandon kept/abandoned freed/jailed released/detained released/jailed dead/survived injured/unharmed
    unanimous/simple resist/succumb guilty/acquitted half/double life/death begin/end began/finished
    start/finish started/finished start/end begun/ended postponed/advanced delayed/hastened official/unofficial
    deny/admit deny/confirm leave/enter leave/join departed/arrived"""
OPPOSITES = tuple(tuple(pair.split("/")) for pair in _OPPOSITE_PAIRS.split())
"""Pairs of words that turn what a sentence says into its opposite; forms of one word are found by their stem.

By hand: WordNet, which lists antonyms, is too large to ship for one check and holds few that news uses.
"""
SOFT_DENIALS = _set("""
    hardly reject rejects rejected rejecting decline declines declined declining dismiss dismissed oppose
    opposed opposes against prevent prevented stop stopped halt halts halted ban banned lacking unable without
    instead rather prohibited impossible avoid avoided exclude excluded dead nothing false untrue wrong far
    few unconstitutional illegal unlawful yet until ahead restrict restricted freeze freezing fail failing
    failure lose lost end ended removal remove removed off out refusing""")
"""What may say no without a negation, as in `yet to come` and `stopped coming`."""
ONLY_WORDS = _set("only sole solely alone exclusively just merely")
ALL_WORDS = _set("all every each entire whole everyone everybody both unanimous unanimously throughout")
ORGANISATIONS = _set("""
    agency airline airport association bank body brand broadcaster business channel charity church club committee
    company corporation council court department firm foundation group hospital institution label league manufacturer
    maker ministry network newspaper operator organisation organization outlet paper party publisher regulator retailer
    school studio supermarket team union university""")
"""Words for organisations, as in `which company`."""

ALTERNATIVES = (
    "killed died dead / injured wounded injuries hurt / survived survivors",
    "arrested detained / convicted guilty conviction / acquitted",
    "began begin start started starts opened erupted / ended end ends closed finished",
    "bought buy buys acquired / sold sell sells sale",
    "votes vote / seats seat",
    "born / died",
    "appointed nominated / elected / resigned resign quit / dismissed fired sacked",
    "owned owner owns / built manufactured maker / insured insurer / hired chartered / designed designer",
    "married marriage wedding / divorced divorce",
    "increased increase rose rise risen grew / decreased decrease fell fallen dropped decline",
    "approved adopted / rejected vetoed",
    "son / daughter / wife / husband / father / mother / brother / sister",
    "gold / silver / bronze",
)
"""Words of which a sentence that has one of another group does not answer a question that has one of this group."""
