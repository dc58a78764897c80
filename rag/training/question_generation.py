"""Questions made by rule from news articles, for training the reader: quotations, names, numbers, places.

Knows nothing of models. A rule asks only what a sentence itself says, so every answer is a verbatim span.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from index.text.lexicon import COUNTS, PLAIN_SPEECH_VERBS, WEEKDAYS, capitalised, either

COUNTRIES = (
    "Afghanistan|Albania|Algeria|Angola|Argentina|Armenia|Australia|Austria|Azerbaijan|Bahrain|Bangladesh|"
    "Belarus|Belgium|Bolivia|Bosnia|Brazil|Britain|Bulgaria|Burma|Cambodia|Cameroon|Canada|Chad|Chile|China|"
    "Colombia|Congo|Costa Rica|Croatia|Cuba|Cyprus|Czech Republic|Denmark|Ecuador|Egypt|England|Estonia|"
    "Ethiopia|Fiji|Finland|France|Gaza|Georgia|Germany|Ghana|Greece|Guatemala|Guinea|Haiti|Honduras|"
    "Hong Kong|Hungary|Iceland|India|Indonesia|Iran|Iraq|Ireland|Israel|Italy|Ivory Coast|Jamaica|Japan|"
    "Jordan|Kazakhstan|Kenya|Kosovo|Kuwait|Kyrgyzstan|Latvia|Lebanon|Liberia|Libya|Lithuania|Macedonia|"
    "Malaysia|Mali|Malta|Mexico|Moldova|Mongolia|Morocco|Myanmar|Nepal|Netherlands|New Zealand|Nicaragua|"
    "Nigeria|North Korea|Norway|Oman|Pakistan|Panama|Paraguay|Peru|Philippines|Poland|Portugal|Qatar|Romania|"
    "Russia|Rwanda|Saudi Arabia|Scotland|Senegal|Serbia|Singapore|Slovakia|Slovenia|Somalia|South Africa|"
    "South Korea|Spain|Sri Lanka|Sudan|Sweden|Switzerland|Syria|Taiwan|Tanzania|Thailand|Tunisia|Turkey|"
    "Uganda|Ukraine|United Arab Emirates|United Kingdom|United States|Uruguay|Uzbekistan|Venezuela|Vietnam|"
    "Wales|Yemen|Zambia|Zimbabwe"
)
ORGANISATIONS = {
    "University": "which university", "College": "which college", "Party": "which political party",
    "Airlines": "which airline", "Airways": "which airline", "Air Lines": "which airline",
    "Bank": "which bank", "Corporation": "which company", "Corp": "which company", "Inc": "which company",
    "Company": "which company", "Motors": "which company",
    "Court": "which court", "Airport": "which airport",
    "Council": "which body", "Commission": "which body", "Committee": "which body", "Agency": "which agency",
    "Administration": "which agency", "Department": "which department", "Ministry": "which ministry",
    "Association": "which organization", "Organization": "which organization",
    "Foundation": "which foundation", "Union": "which union", "League": "which league", "Cup": "which event",
    "Prize": "which award", "Award": "which award", "Awards": "which awards", "Championship": "which event",
    "Open": "which tournament", "Hospital": "which hospital", "Stadium": "which stadium",
    "River": "which river", "Island": "which island", "Park": "which park", "Act": "which law",
    "Times": "which newspaper", "Post": "which newspaper", "Festival": "which festival",
}  # fmt: skip
ROLES = (
    "President|Vice President|Prime Minister|Foreign Minister|Defence Minister|Defense Minister|"
    "Finance Minister|Minister|Senator|Chancellor|Governor|Mayor|Judge|Justice|Secretary|General|"
    "Captain|Pope|King|Queen|Prince|Princess|actor|actress|singer|director|author|writer|chairman|"
    "chief executive|spokesman|spokeswoman|"
    "spokesperson|leader|coach|professor|striker|driver|candidate|journalist|lawyer|founder"
)
FIRST_NAMES = (
    "Abdul|Adam|Ahmed|Alan|Alberto|Alex|Alexander|Ali|Andrew|Angela|Ann|Anna|Anthony|Antonio|Barack|Barbara|Ben|"
    "Benjamin|Bernie|Bill|Bob|Boris|Brian|Carlos|Catherine|Charles|Chris|Christopher|Condoleezza|Daniel|David|"
    "Dick|Dmitry|Donald|Ed|Edward|Elizabeth|Emma|Eric|Evo|Fernando|Fidel|Francis|Frank|Gary|George|Gordon|"
    "Greg|Hamid|Harry|Hassan|Helen|Henry|Hillary|Hugo|Ian|Ivan|Jack|Jacques|James|Jane|Jason|Jean|Jeff|"
    "Jennifer|Jim|Jimmy|Joe|John|Jonathan|Jose|José|Joseph|Juan|Julia|Julian|Karl|Kate|Keith|Ken|Kevin|Kim|"
    "Larry|Laura|Lee|Lewis|Linda|Luis|Margaret|Maria|Mario|Mark|Martin|Mary|Matt|Matthew|Michael|Michelle|Mike|"
    "Mohamed|Mohammed|Nancy|Nathan|Nelson|Nicolas|Oliver|Patrick|Paul|Pedro|Peter|Philip|Rafael|Richard|Rick|"
    "Robert|Roger|Ron|Ronald|Ryan|Saddam|Sam|Sarah|Scott|Sean|Sebastian|Serena|Silvio|Simon|Stephen|Steve|"
    "Steven|Susan|Thomas|Tim|Tom|Tony|Venus|Victor|Vladimir|Walter|William"
)
NUMBER = rf"\d[\d,.]*\d|\d|{either(COUNTS)}|dozens"
NAME = r"[A-Z][\w’'-]+(?: (?:[A-Z]\.|[A-Z][\w’'-]+)){1,2}"
NOT_COUNTED = {"years", "days", "weeks", "months", "hours", "minutes", "percent", "times", "seconds"}
# Takes the spaces in "won. The" and in "won." The"; also those of "Mr. Lee", but not of "3.5 km" or "U.S. troops".
SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’')\]]?\s+(?=[\"“‘(A-Z0-9])")
# Takes “We will close the harbour before winter”; not a word or two in quotation marks.
QUOTE = re.compile(r"[\"“]([^\"“”]{25,400})[\"”]")
SPEECH = either(PLAIN_SPEECH_VERBS)
# Takes a quotation mark and "told"; not "tell".
SAID = re.compile(rf"[\"“”]|\b{SPEECH}\b")
QUOTATION_FORMS = (
    "What did {who} say about {topic}?", "What did {who} say about {topic}?",
    "What has {who} said on {topic}?", "How did {who} describe {topic}?", "{who} on {topic}: what was said?",
    "What was {who}'s comment about {topic}?",
)  # fmt: skip
# Takes "people" and "because", which no quotation is about; not "peoples" nor "harbour".
NO_TOPIC = re.compile(
    r"(?:about|after|again|against|because|before|being|between|could|would|should|their|there|these|those|which|"
    r"while|where|other|under|until|having|really|very|think|going|people|things?|every|still|since|without|"
    r"within|through|during|always|never|something|anything|everything)$",
    re.IGNORECASE,
)
# Before a name takes "the ", "pre-" and "South "; not "in ".
BAD_LEFT = re.compile(r"(?:\b(?:the|a|an|all|his|her|its|their|how|[A-Z]\w+|pre)|[-*$(])\s?$")
# After a name takes "'s", "-led", " War" and " government"; not " won".
BAD_RIGHT = re.compile(r"['’-]|\s?\*| (?:[A-Z]|war|power|government|official|n )")
# Takes " on Monday night" and ", yesterday"; not " in May".
WHEN = re.compile(
    rf",? (?:on |late |early )?{either(capitalised(WEEKDAYS))}(?: morning| night)?"
    r"|,? (?:yesterday|today)\b"
)


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question and its answer as characters `start:end` of the text it was made from."""

    text: str
    start: int
    end: int
    kind: str


def sentences(text: str) -> list[tuple[int, int]]:
    """Return rough sentence spans, good enough to make questions from (not to cite)."""
    cuts = [0, *(m.end() for m in SENTENCE_END.finditer(text)), len(text)]
    return [(a, b) for a, b in pairwise(cuts) if text[a:b].strip()]


def entities(sentence: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, question phrase) for names, places, numbers and years that rules can type."""
    # Takes "Peru" and the Peru of "Peru's army"; not of "Peru's Congress".
    for m in re.finditer(rf"\b(?:{COUNTRIES})\b(?!['’]s [A-Z])", sentence):
        yield m.start(), m.end(), "which country"
    tails = "|".join(ORGANISATIONS)
    # Takes "Fenwick Savings Bank"; not "the bank" nor the "Fenwick Bank" of "Fenwick Bank Holding".
    for m in re.finditer(rf"\b((?:[A-Z][\w&’'-]+ ){{1,4}})({tails})\b(?! [A-Z])", sentence):
        start = m.start() + (4 if m.group().startswith("The ") else 0)
        yield start, m.end(), ORGANISATIONS[m.group(2)]
    # Takes "President Zoe Quill" and "actor Zoe Quill"; not "President Quill".
    for m in re.finditer(rf"\b({ROLES}) ({NAME})", sentence):
        role = m.group(1)
        yield m.start(), m.end(), f"which {role if role[0].islower() else role.lower()}"
        yield m.start(2), m.end(2), "who"
    # Takes "John F. Kennedy"; not "John" nor "Zoe Quill".
    for m in re.finditer(rf"\b(?:{FIRST_NAMES}) (?:[A-Z]\. )?[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)?", sentence):
        yield m.start(), m.end(), "who"
    scaled = rf"({NUMBER})(?: (?:million|billion|thousand))?"
    # Takes "1,200 new houses" and "three ships"; not "ship" nor "3 km".
    for m in re.finditer(rf"\b{scaled} (?:[a-z]+ )?([a-z]{{3,}}s)\b", sentence, re.I):
        if m.group(2) not in NOT_COUNTED:
            number = re.match(scaled, sentence[m.start() : m.start(2) - 1], re.I)
            if number:
                rest = sentence[m.start() + number.end() : m.end()]
                yield m.start(), m.start() + number.end(), f"how many{rest}|{m.end()}"
    # Takes "US$2.5 million" and "£30"; not "30 pounds".
    for m in re.finditer(r"(?:US|A|C|NZ)?[$£€]\s?\d[\d,.]*\d?(?: ?(?:million|billion|trillion))?", sentence):
        yield m.start(), m.end(), "how much money"
    # Takes "2.5%" and "40 per cent"; not "forty percent".
    for m in re.finditer(r"\b\d[\d.]*\s?(?:%|percent|per cent)", sentence):
        yield m.start(), m.end(), "what percentage"
    # Takes the 1984 of "In 1984"; not of "by 1984".
    for m in re.finditer(r"\b[Ii]n ((?:19|20)\d\d)\b", sentence):
        yield m.start(1), m.end(1), "which year"
    # Takes the Lyon of "in Lyon, France"; not of "in Lyon".
    for m in re.finditer(rf"\bin ([A-Z]\w+(?: [A-Z]\w+)?), (?:{COUNTRIES}|[A-Z][a-z]+)\b", sentence):
        yield m.start(1), m.end(1), "which city"


def name_questions(sentence: str, rng: random.Random) -> Iterator[MadeQuestion]:
    """Yield questions that put a question phrase where a typed name or number stands, quiz fashion."""
    for start, end, phrase in entities(sentence):
        phrase, _, cut = phrase.partition("|")
        left, right = sentence[:start], sentence[int(cut) if cut else end :]
        if BAD_LEFT.search(left) or BAD_RIGHT.match(right):
            continue
        # Ends the question at "; it", " - a law" and ", which"; not at ", France".
        clause = re.split(r"[;:]\s|\s[–—-]\s|, (?:which|who|where|and|but|while|as) ", right)[0]
        if rng.random() < 0.5:
            clause = re.split(r", ", clause)[0]
        # Begins it after "said: " and ", and"; not after ", France".
        left = re.split(r"[;:\"“]\s?|, (?:which|who|where|and|but|while) ", left)[-1]
        text = re.sub(r"[\"“”]", "", left + phrase + clause).strip()
        text = WHEN.sub(lambda _: rng.choice(("", " this week", " recently")), text).strip(" .!?,")
        if not 5 <= len(text.split()) <= 30 or sentence[start:end] in left + clause:
            continue
        yield MadeQuestion(text[0].upper() + text[1:] + "?", start, end, "name")


def quotation_questions(text: str, rng: random.Random) -> Iterator[MadeQuestion]:
    """Yield "What did X say about Y?" for quotations whose speaker stands beside the quotation marks."""
    for quote in QUOTE.finditer(text):
        after = text[quote.end() : quote.end() + 90]
        before = text[max(0, quote.start() - 110) : quote.start()]
        # Takes ", said Zoe Quill" and ", Zoe Quill said"; not "said the mayor".
        speaker = re.match(rf",?\s*{SPEECH} ({NAME})", after) or re.match(rf",?\s*({NAME}) {SPEECH}", after)
        if not speaker:
            # Takes "Zoe Quill, the mayor, told reporters: "; not "Zoe Quill left. He said: ".
            found = list(re.finditer(rf"({NAME})(?:,[^,.]{{3,60}},)? {SPEECH}[^.\"“”]{{0,40}}$", before))
            speaker = found[-1] if found else None
        # Takes "harbour" and "o'clock"; not "port".
        words = [w for w in re.findall(r"[A-Za-z][\w’'-]{4,}", quote.group(1)) if not NO_TOPIC.match(w)]
        if not speaker or len(words) < 3:
            continue
        first = rng.randrange(len(words) - 1)
        topic = words[first]
        if rng.random() >= 0.6:
            topic += f" and {words[rng.randrange(first + 1, len(words))]}"
        form = rng.choice(QUOTATION_FORMS)
        asked = form.format(who=speaker.group(1), topic=topic)
        yield MadeQuestion(asked, quote.start(1), quote.end(1), "quotation")
