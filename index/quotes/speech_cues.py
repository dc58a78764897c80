"""Speakers next to verbs of saying, found in a sentence whose quoted characters are replaced by `FILL`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from index.text.lexicon import (
    FUNCTION_WORDS,
    GROUPS_OF_SPEAKERS,
    REPORTING_VERBS,
    SPEECH_VERBS,
    VERBS_BESIDE_QUOTATIONS,
    WEEKDAYS,
    capitalised,
    either,
)
from index.text.names import INSTITUTION, Name
from index.types import Span

LONGEST_SENTENCE = 2_000
"""Characters; the subject of a longer one, a table or a list, is not looked for behind other words."""
FILL = "\x00"
"""Stands for each quoted character, so that offsets stay those of the article."""

_SAID = either(SPEECH_VERBS)
_PHRASES = r"went\s+on\s+to\s+(?:add|ask|call|claim|explain|note|say|tell|warn|write)|went\s+on|put\s+it|pointed\s+out"
_BESIDE_QUOTE = either(VERBS_BESIDE_QUOTATIONS, (_PHRASES,))
_REPORTS = either(REPORTING_VERBS) + r"(?!(?<=claimed)\s+(?:responsibility|victory|credit)|(?<=contended)\s+for)"
# takes "after he", "who"; not "afterwards"
_SUBORDINATE = re.compile(
    r"\b(?:after|when|as|because|since|while|whether|if|who|which|that|where|until|before|whom|what|how|why|although|"
    r"though|days?|hours?|weeks?)\b",
    re.I,
)
_ADVERBS = (
    r"(?:(?:also|later|then|further|once|recently|previously|repeatedly|has|have|had|earlier|still|simply|even|"
    r"just|publicly|[a-z]+ly|both)\s+)*"
)
# takes "later said", "has repeatedly warned", "put it"; not "saying", "sayings"
_VERB = re.compile(rf"\b{_ADVERBS}(?P<verb>{_SAID}|{_BESIDE_QUOTE})\b")
# takes "home, he ", "She "; not "the ", "they "
_PRONOUN = re.compile(r"(?:^|[\s\x00,;—–-])(?P<pronoun>[Hh]e|[Ss]he)\s+$")
_ROLE = r"(?:[a-z][\w’'-]*\s+)"
_DETERMINER = r"(?:the|an?|one|another|his|her|their|some|many|several|two|three|most|other|a\s+second|both)"
_PLURAL = either(GROUPS_OF_SPEAKERS)
# takes "that a White House aide ", "officials ", "Ohio's attorney general "; not "Smith "
_DESCRIPTION = re.compile(
    rf"(?:^|[\x00,;:—–(]\s*|\b(?:that|while|but|as|when|because)\s+|^[\"“'‘]*)"
    rf"(?P<what>(?:{_DETERMINER}\s+(?:[\w’'.-]+\s+){{0,9}}?[\w’'.-]+|(?:[\w’'-]+\s+){{0,3}}?{_PLURAL}"
    rf"|(?:[A-Z][\w’'.-]+\s+){{1,4}}{_PLURAL}|[A-Z][\w.’-]+(?:\s+[A-Z][\w.’-]+){{0,3}}['’]s?\s+(?:[\w-]+\s+){{0,4}}[\w-]+)"
    r"(?:,\s[^,\x00]{3,80},)?)\s+$",
    re.I,
)
# takes "the report", "which"; not "the reporter"
_NO_PERSON = re.compile(
    r"\b(?:reports?|statements?|bills?|stud(?:y|ies)|letters?|laws?|documents?|polls?|surveys?|emails?|messages?|signs?|"
    r"articles?|posts?|tweets?|texts?|websites?|complaints?|indictments?|lawsuits?|filings?|orders?|memos?|"
    r"releases?|data|figures|rulings?|which|that|who|videos?|reporters|papers?|results?|evidence|tests?|notices?|warnings?|proclamations?|ways?|advisor(?:y|ies)|"
    r"affidavits?|warrants?|books?|accounts?|note|text|caption|headline|it|they|this|there|what|these|those|day|week)$",
    re.I,
)
# takes "the man was", "who"; not "the man waiting"
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|will|would|did|does|do|be|been|who|that|which|said|says|reported|includes?|"
    r"found|showed|released|made|took|led)\b",
    re.I,
)
# takes "two days ago", "percent"; not "daylight"
_WHEN = re.compile(r"\b(?:days?|weeks?|months?|years?|later|ago|among|percent|the\s+way)\b", re.I)
_CLAUSE_WORDS = frozenset(("while", "as", "although", "though", "if", "when", "among", "of", "in", "with", "for"))
# takes "chief of staff"; not "chief executive"
_RELATES = re.compile(r"\b(?:for|of|by|from|with|in|at|to|on|against|about)\b", re.I)
# takes " the former minister ", " Rep. ", " "; not ", who "
_AFTER_VERB = re.compile(
    rf"^(?P<lead>(?:\s+(?:the|an?|his|her|their|former|then-?)\b)?(?:\s+{_ROLE}{{0,5}}?)?(?:\s*[A-Z][a-z]+\.)?\s*)$",
    re.I,
)
# Words are parted by white space alone, so that no text makes the search slow.
# takes " a White House aide.", " two people familiar with the plan.", " police"; not " Smith."
_SAID_DESCRIPTION = re.compile(
    rf"^\s+(?P<what>{_DETERMINER}\s+(?:[^\s,;:\x00]+\s+){{0,7}}?[^\s,;:\x00]*[\w’']"
    r"(?:\s+(?:familiar\s+with|close\s+to|briefed\s+on|involved\s+in)\s+(?:[\w’'-]+\s+){0,3}?[\w’'-]+)?)"
    r"(?=\s*[.,;:\x00](?!\w)|\s+(?:who|whose|which|of|in|on|at|during|after|before|as|when|while|to|about|from|with|"
    rf"speaking|referring)\b|$)|^\s+(?P<many>(?:[a-z-]+\s+){{0,2}}{_PLURAL})\b",
    re.I,
)
# takes "According to Smith"; not "according as"
_ACCORDING = re.compile(r"\b[Aa]ccording\s+to\s+")
_DAY = either(capitalised(WEEKDAYS))
# takes " on Friday ", ", the mayor, ", " (R) later "; not " and Jones "
_BETWEEN = re.compile(
    rf"^(?:\s?\([^()]{{1,60}}\),?)?(?P<aside>,\s(?:an?|the|who|whose|one|now|then|former|\d|[a-z]|[RDI]-)[^\x00;:]{{1,160}}?,)?"
    rf"\s+(?:(?:on\s+)?{_DAY}(?:\s+(?:morning|afternoon|evening|night))?,?\s+)?{_ADVERBS}$"
)
# takes " from the pro-Beijing camp ", " at Saint Francis ", " in relaying it "; not ", the mayor, ", " and Jones "
_FROM = re.compile(rf"^\s+(?:of|from|at|for|with|in)\s+(?:[^\s,;:.()\x00]+\s+){{1,8}}?{_ADVERBS}$")
# takes " who later ", ", a marine ecologist at Yale, who "; not ", the man who met Jones, who "
_WHO = re.compile(
    rf"^(?:,\s(?:an?|the|one|then|former|[a-z])(?:(?!\bwho\b)[^\x00;:]){{1,120}}?)?,?\s+who\s+{_ADVERBS}$"
)
# takes ", \0", " on the floor, \0", ": \0"; not " footage of \0"
_AT_ONCE = re.compile(r"(?:\s+(?:on|in|at|to|that|after|during)\b[^.\x00]{0,60}?)?[,:]?\s*\x00")
# takes ", D-Ariz.,", ", R-Ohio"; not ", a senator"
_PARTY = re.compile(r"^,\s+[RDI]-[A-Z][\w.]*\s?,?(?:(?<=(,))(?=\s+who\b))?")
# takes "a letter to ", "met with the "; not "Smith ", "that "
_AGAINST = re.compile(
    r"\b(?:of|for|in|at|from|with|to|by|against|on|near|about|between|than|like|and|or|met|told|into|under|over|"
    r"including|within|inside|behind|versus|replaced|succeeded|toward|towards|which|whom|whose)\s+(?:the\s+)?(?:[a-z’'-]+\s+)?$",
    re.I,
)


# takes ", who", ". ", " of Ohio", " on Friday"; not " aide"
_ENDS = re.compile(
    rf"\s*(?:[.,;:!?)\x00](?!\w)|$)|\s+(?:of|who|whose|in|on|at|during|after|before|as|to|when|while|about|from|with|and|"
    rf"following|speaking|last|this|that|{_DAY}|earlier|later|yesterday|today|[a-z]+ly)\b"
)
"""What may stand behind a speaker's name; `Trump aide` goes on."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A speaker beside a verb of saying, before pronouns are resolved."""

    how: Literal["name", "description", "pronoun"]
    start: int
    end: int
    verb: Span
    words: str
    beside: bool
    """Next to quoted words."""


def find_cues(masked: str, start: int, end: int, names: Sequence[Name]) -> list[Cue]:
    """The speakers named in the sentence `masked[start:end]`, of which `names` are the names."""
    found: list[Cue] = []
    for match in _VERB.finditer(masked, start, end):
        verb = match.span("verb")
        cue = _before(masked, start, match.start(), verb, names) or _after(masked, start, end, verb, names)
        # takes " by the mayor"; not " bye"
        if re.match(r"\s+by\b", masked[verb[1] : end]):
            continue
        if cue is None and end - start <= LONGEST_SENTENCE:
            cue = _in_writing(masked, start, end, match, names) or _shared_subject(masked, start, verb, names)
        if cue and cue.how == "name" and _NO_PERSON.search(cue.words):
            continue
        if cue and (cue.beside or _reports(masked, start, end, cue, match["verb"])):
            found.append(cue)
    for match in _ACCORDING.finditer(masked, start, end):
        name = _led_to(masked, match.end(), [name for name in names if match.end() <= name.start])
        beside = name is not None and _touches(masked, match.start(), name.end)
        if name and _ENDS.match(masked, name.end) and (beside or FILL not in masked[start:end]):
            found.append(Cue("name", name.start, name.end, match.span(), name.text, beside))
    found = _nearest(masked, found)
    if end - start > LONGEST_SENTENCE:
        return found
    found += _participles(masked, start, end, names, found)
    if not found:
        other = _signature(masked, start, end, names) or _before_colon(masked, start, end, names)
        found += [other] if other else []
    return found


def _nearest(masked: str, found: Sequence[Cue]) -> list[Cue]:
    """Of two cues before one quotation the later is beside it: `A woman asked for a photo and Ruiz said, “...”`."""
    kept = []
    for number, cue in enumerate(found):
        later = next((other for other in found[number + 1 :] if other.beside and other.start >= cue.verb[1]), None)
        if (
            later
            and cue.beside
            and FILL not in masked[cue.verb[1] : later.verb[1]]
            and not masked[max(0, cue.start - 3) : cue.start].rstrip(" ,").endswith(FILL)
            # takes " for a photo and "; not " reporters that "
            and re.search(r"\b(?:and|but|while|when|as|before|after)\s+$", masked[cue.verb[1] : later.start])
        ):
            continue
        kept.append(cue)
    return kept


# takes ", saying", ", adding in a tweet"; not "saying that"
_PARTICIPLE = re.compile(
    r"\b(?:saying|adding|stating|writing|tweeting|posting|declaring|noting|remarking|arguing|warning|insisting|commenting|"
    r"explaining|concluding|joking|shouting|exclaiming|responding|replying)\b(?:[^\x00:;.]|(?<=\d)[:.](?=\d)){0,60}?[,:]?\s*\x00"
)
# takes "On Monday, ", "During Prime Minister's Questions, "; not "The man, "
_ADVERBIAL = re.compile(
    r"[\W\x00]*(?:On|In|At|After|During|Following|Before|Since|Speaking|Upon)\b[^\x00;:]{0,100}?,\s+"
)
# takes "", "“", "Former prime minister "; not "The man who met "
_OPENS = re.compile(r"[\W\x00]*(?:(?!who\b)[\w.’'-]+\s+){0,5}$")
# takes " issued ", ", the mayor, took ", " has yet to "; not "'s plan ", " and Jones ", " campaign issued "
_GOVERNS = re.compile(
    r"^(?:\s?\([^()]{1,60}\))?(?:,\s[^\x00;:]{1,120}?,)?\s+(?:also\s+|then\s+|later\s+|once\s+|both\s+|[a-z]+ly\s+)*"
    r"(?:[a-z]+ed|has|had|is|was|took|spoke|speaks|gave|made|went|wrote|writes|said|says|told|tells|came|left|met|held|began|"
    r"put|paid|saw|sent|won|lost|ran|sat|stood|fought|brought|drew|felt|found|chose|broke|led|got|kept|called|defends|"
    r"praises|calls|rejects|warns|condemns|thanks)\b"
)
# takes "It also ", "They thanked ", "The man hailed "; not "Former prime minister "
_ANOTHER_SUBJECT = re.compile(r"\b(?:it|they|he|she|we|i|you|this|that|there|who|which)\b|\b[a-z]+ed\b", re.I)
# takes "a letter from ", "accused by "; not "by Friday "
_FROM_ANOTHER = re.compile(r"\b(?:from|by)\s+(?:the\s+)?(?:[a-z]+\s+){0,2}(?:[A-Z]|his\b|her\b|an?\b)")


def _subject(masked: str, start: int, end: int, names: Sequence[Name]) -> Name | None:
    """The name that a sentence begins with, as the subject of its first verb."""
    adverbial = _ADVERBIAL.match(masked, start, end)
    start = adverbial.end() if adverbial else start
    first = next((name for name in names if start <= name.start < end), None)
    if first is None or _NO_PERSON.search(first.text):
        return None
    lead = masked[start : first.start]
    if not _OPENS.match(lead) or _FINITE.search(lead) or _ANOTHER_SUBJECT.search(lead) or _AGAINST.search(lead):
        return None
    return first if _GOVERNS.match(masked[first.end : end]) else None


# takes "He took", "On Monday, she went"; not "The man he"
_PRONOUN_FIRST = re.compile(r"(?:[^,\x00]{0,50},\s+)?(?P<who>[Hh]e|[Ss]he)\s+[a-z]")
# takes "cited the treaty and ", "came but later "; not "Smith and Jones "
_AND_THEN = re.compile(rf"\b(?:and|but|then)\s+{_ADVERBS}$")


def _shared_subject(masked: str, start: int, verb: Span, names: Sequence[Name]) -> Cue | None:
    """The subject of the sentence, where its second verb has none: `Ruiz cited the treaty and said, “...”`."""
    # takes " in May, \0"; not ", he was \0"
    if not _AND_THEN.search(masked[start : verb[0]]) or not _touches(masked, verb[0], verb[1]):
        return None
    if pronoun := _PRONOUN_FIRST.match(masked[start : verb[0]]):
        begin = start + pronoun.start("who")
        return Cue("pronoun", begin, begin + len(pronoun["who"]), verb, pronoun["who"].lower(), True)
    name = _subject(masked, start, verb[0], names)
    return Cue("name", name.start, name.end, verb, name.text, True) if name else None


def _participles(masked: str, start: int, end: int, names: Sequence[Name], found: Sequence[Cue]) -> list[Cue]:
    """The subject of a sentence, before words that go on with `saying “...”`."""
    cues: list[Cue] = []
    for match in _PARTICIPLE.finditer(masked, start, end):
        ahead = masked[start : match.start()]
        if any(cue.beside and (cue.start >= match.start() or cue.verb[1] <= match.start()) for cue in found):
            continue
        pronoun = _PRONOUN_FIRST.match(ahead)
        beside = [name for name in names if name.start >= start and not masked[name.end : match.start()].strip()]
        quoted = _quoted_person(masked, start, match.start(), names)
        # takes ", with ", "with the coach "; not "and "
        if ahead.endswith("as "):
            name: Name | None = quoted
        elif beside and re.search(r"\bwith\s+(?:[a-z]+\s+){0,3}$", masked[start : beside[-1].start]):
            name = beside[-1]
        else:
            name = _subject(masked, start, match.start(), names)
        if ahead.endswith("as ") and not quoted:
            continue
        another = _FROM_ANOTHER.search(ahead[name.end - start :] if name else ahead)
        if another or not (name or pronoun):
            continue
        if name:
            cues.append(Cue("name", name.start, name.end, match.span(), name.text, True))
        elif pronoun:
            begin = start + pronoun.start("who")
            cues.append(Cue("pronoun", begin, begin + len(pronoun["who"]), match.span(), pronoun["who"].lower(), True))
    return cues


def _quoted_person(masked: str, start: int, end: int, names: Sequence[Name]) -> Name | None:
    """Who is quoted by another: `The Herald quoted Ana Ruiz as saying “...”`, `Ana Ruiz was quoted as saying “...”`."""
    for name in names:
        # takes "quoted the mayor ", "cited "; not "quoted from the mayor "
        if name.start < end and re.search(
            r"\b(?:quot|cit)(?:ed|es|ing)\s+(?:[a-z]+\s+){0,3}$", masked[start : name.start]
        ):
            return name
    # takes "was quoted by the Herald as "; not "quoted the mayor as "
    passive = re.search(r"\b(?:was|were|is|been)\s+(?:[a-z]+\s+)?quoted\b[^,\x00]*\bas\s+$", masked[start:end])
    return _subject(masked, start, end, names) if passive else None


# takes " — ", "― ", " - ", "-- "; not ", "
_DASH = re.compile(r"\s*(?:[—―–]|--?)\s*")


def _signature(masked: str, start: int, end: int, names: Sequence[Name]) -> Cue | None:
    """The name under a quotation: `“A long game.” — Ana Ruiz`; nothing but an office may follow it."""
    quoted = re.match(r"\s*\x00+", masked[start:end])
    dash = quoted and _DASH.match(masked, start + quoted.end(), end)
    if not dash or not names or masked[dash.end() : names[0].start].strip():
        return None
    name = names[0]
    # takes "", ", mayor of Springfield"; not " said that it rains.", ", August 15, 2008"
    if not re.fullmatch(r"(?:,[^.\x00\d]{1,80})?\s*", masked[name.end : end]):
        return None
    return Cue("name", name.start, name.end, (dash.start(), dash.end()), name.text, True)


# takes "spoke to the press after the speech", "took to Twitter"; not "read the law"
_TALKS = re.compile(
    r"\b(?:spoke|speaks|speaking|took|issued|released|posted|shared|reacted|offered|gave|delivered|defended|defends|"
    r"criticised|criticized|condemned|praised|welcomed|announcement|statement|remarks|promising|indicated|suggested|"
    r"thanked|apologised|apologized|rejected|denied|hailed|expressed|summed|made|congratulated|described|dismissed)\b"
)
# takes "a statement from", "the rule"; not "the rules committee"
_NOT_OWN_WORDS = re.compile(
    r"\b(?:from|by|laws?|rules?|signs?|slogans?|titled?|called|named|questions?|headline|reads|read|constitution|article)\b"
    r"[^:\x00]{0,40}$"
)


def _before_colon(masked: str, start: int, end: int, names: Sequence[Name]) -> Cue | None:
    """The subject of a sentence whose colon leads to a quotation: `Chan spoke to the press: “...”`."""
    # takes "Chan spoke to the press: \0"; not "Chan spoke: it rains, \0"
    colon = re.match(r"(?P<own>[^\x00:]{3,300}):\s*\x00", masked[start:end])
    if not colon:
        return None
    name = _subject(masked, start, start + colon.end("own"), names)
    rest = colon["own"][name.end - start :] if name else ""
    # takes "said that Ruiz spoke"; not "spoke"
    if not name or not _TALKS.search(rest) or _NOT_OWN_WORDS.search(rest) or re.search(r"\bthat\b", rest):
        return None
    return Cue("name", name.start, name.end, (name.end, start + colon.end("own")), name.text, True)


def _reports(masked: str, start: int, end: int, cue: Cue, verb: str) -> bool:
    """Whether a cue without a quotation beside it governs its sentence: `X said that`, not `after X said`."""
    follows = masked[cue.verb[1] : end]
    # takes " that it rains", " reporters in Ohio that"; not ", that it rains"
    that = re.match(r"\s+(?:\w+\s+){0,6}?that\b", follows) is not None
    if re.fullmatch(_BESIDE_QUOTE, verb) or not (that or re.match(rf"{_REPORTS}\b", masked[cue.verb[0] : end])):
        return False
    clause = re.split(r"[,;:—]", masked[start : min(cue.start, cue.verb[0])])[-1]
    if clause.strip() == "As" and re.match(r"[^,\x00]{0,40},", follows):
        return True
    return not _SUBORDINATE.search(clause)


def _led_to(masked: str, start: int, names: Sequence[Name]) -> Name | None:
    """The name that the words from `start` lead to, past a school's: `Rutgers University scholar Ana Ruiz`."""
    between, at = "", start
    for name in names:
        between += masked[at : name.start]
        if not _leads(between):
            return None
        if _ENDS.match(masked, name.end):
            return name
        at = name.end
    return None


# takes "'s statement also ", "’s letter "; not "'s brother "
_PAPER = re.compile(
    r"['’]s?\s+(?:[a-z]+\s+){0,2}(?:statement|tweet|post|message|letter|e-?mail|speech|memo|note|blog|article|book)"
)


def _in_writing(masked: str, start: int, end: int, verb: re.Match[str], names: Sequence[Name]) -> Cue | None:
    """Whose paper says what is quoted: `Trump's statement read: “...”`, `“...,” reads Miller's statement`."""
    for name in names:
        paper = _PAPER.match(masked, name.end, end)
        if not paper:
            continue
        at = verb.span("verb")
        before = paper.end() <= verb.start() and re.fullmatch(rf"\s+{_ADVERBS}", masked[paper.end() : at[0]] or " ")
        after = at[1] <= name.start and _leads(masked[at[1] : name.start])
        if (before and _touches(masked, name.start, at[1])) or (after and masked[: at[0]].rstrip(" ,").endswith(FILL)):
            return Cue("name", name.start, name.end, at, name.text, True)
    return None


def _leads(between: str) -> bool:
    """Whether only `the`, `a` and words of a role stand between a verb and a name after it."""
    if len(between) > 100:
        return False
    led = _AFTER_VERB.match(" " + between.lstrip() if between.strip() else between)
    return led is not None and not _FINITE.search(between) and not _RELATES.search(between)


def _touches(masked: str, start: int, end: int) -> bool:
    """Whether quoted words are next to a cue, with nothing but marks and a few words between."""
    before = masked[max(0, start - 3) : start].rstrip(" ,")
    # takes " on Friday: \0", ", \0"; not ". \0"
    after = re.match(r"[^.\x00]{0,60}?[,:]?\s*\x00", masked[end : end + 70])
    return before.endswith(FILL) or after is not None


def _before(masked: str, start: int, at: int, verb: Span, names: Sequence[Name]) -> Cue | None:
    """The subject in front of a verb: `Lankford said`, `Mark Kelly, D-Ariz., told`, `the aide said`."""
    ahead = masked[start:at]
    if pronoun := _PRONOUN.search(ahead if ahead.endswith(" ") else ahead + " "):
        begin = start + pronoun.start("pronoun")
        return Cue(
            "pronoun",
            begin,
            begin + len(pronoun["pronoun"]),
            verb,
            pronoun["pronoun"].lower(),
            _touches(masked, begin, verb[1]),
        )
    best: Name | None = None
    for name in names:
        if name.end > at:
            break
        between = _PARTY.sub(r"\1", masked[name.end : verb[0]])
        if _WHO.match(between) and not _NO_PERSON.search(name.text) and _AT_ONCE.match(masked, verb[1]):
            best = name
            break
        if (
            (_BETWEEN.match(between) or (" " in name.text and _from_somewhere(between, name.end, at, masked, names)))
            and not _belongs(masked, start, name, verb, names)
            # takes "R-Ohio"; not "Rand"
            and not re.match(r"^[RDI]-", name.text)
        ):
            best = name
            if between.startswith(","):
                break
    if best:
        return Cue("name", best.start, best.end, verb, best.text, _touches(masked, best.start, verb[1]))
    described = _DESCRIPTION.search(ahead if ahead.endswith(" ") else ahead + " ")
    if described:
        what = re.sub(r"^(?:(?:and|but|so|then|maybe|perhaps)\s+)+", "", described["what"], flags=re.I)
        head = re.split(r",|\s+(?:familiar|close|with|in|of|at|for|on|from|to|working|involved|briefed)\s", what)[0]
        if _somebody(head) and _somebody(what) and not _VERB.search(what):
            begin = start + described.end("what") - len(what)
            named = [name for name in names if begin < name.start and masked[name.start - 2 : name.start] == ", "]
            if len(named) == 1 and masked[named[0].end :].startswith(",") and named[0].end < at:
                name = named[0]
                return Cue("name", name.start, name.end, verb, name.text, _touches(masked, begin, verb[1]))
            return Cue("description", begin, begin + len(what), verb, what, _touches(masked, begin, verb[1]))
    return None


def _from_somewhere(between: str, start: int, at: int, masked: str, names: Sequence[Name]) -> bool:
    """Whether only where somebody is from, or what they were doing, stands between a name and its verb."""
    if not _FROM.match(between) or _FINITE.search(between) or _NO_PERSON.search(between.strip()):
        return False
    last = next((name for name in reversed(names) if start < name.start and masked[name.end : at].strip() == ""), None)
    # takes " at ", " from the "; not " in the Morning writer "
    return (
        last is None
        or re.search(r"\b(?:of|from|at|for|with|in)\s+(?:the\s+)?$", masked[start : last.start]) is not None
    )


def _belongs(masked: str, start: int, name: Name, verb: Span, names: Sequence[Name]) -> bool:
    """Whether a name is part of what stands before it: `the office of Smith`, `Jones and Smith`.

    Not where `and` begins a new clause: `A woman asked for a photo and Smith said, “...”`.
    """
    against = _AGAINST.search(masked[start : name.start])
    if not against:
        return False
    ahead = masked[start : start + against.start()].rstrip()
    if against.group().strip() != "and" or not _touches(masked, name.start, verb[1]):
        return True
    # takes "asked for a photo", "was late"; not "Mayor Ana Ruiz"
    clause = re.search(r"\b(?:[a-z]{2,}ed|is|was|were|had|has|came|went|said|took|made)\b", ahead)
    return clause is None or any(other.end == start + len(ahead) for other in names)


# takes "A tweet sent from Biden's account", "the report by Yale"; not "the report's author"
_PAPER_OF = re.compile(
    r"(?:an?|the|one|another)\s+(?:[\w-]+\s+)?(?:report|statement|letter|tweet|post|message|article|poll|study|survey|document)s?\s+"
    r"(?:sent|posted|issued|released|published|written|shared|from|by|on|in|of|to)\b",
    re.I,
)


def _somebody(what: str) -> bool:
    """Whether a noun phrase can be a speaker: no paper, no clause, no time."""
    words = what.lower().rstrip(",").split()
    whole = words[-1] not in FUNCTION_WORDS and words[0] not in _CLAUSE_WORDS and not _PAPER_OF.match(what)
    return whole and not _NO_PERSON.search(what.rstrip(",")) and not _FINITE.search(what) and not _WHEN.search(what)


def _after(masked: str, start: int, end: int, verb: Span, names: Sequence[Name]) -> Cue | None:
    """The subject behind a verb: `“...,” said Rep. Henry Cuellar`, `..., stated Minister Smith`."""
    before = masked[start : verb[0]].rstrip()
    quoted = before.rstrip(",").endswith(FILL)
    if masked[verb[0] : verb[1]] in ("told", "tells", "asked") or not (quoted or before.endswith(",")):
        return None
    for name in names:
        if name.start >= verb[1]:
            # takes "'s director ", " of Ohio's "; not ". Biden's "
            owner = INSTITUTION.search(name.text) and re.match(r"[^.;\x00]{0,40}['’]s\s", masked[name.end : end])
            if _leads(masked[verb[1] : name.start]) and _ENDS.match(masked, name.end) and not owner:
                return Cue("name", name.start, name.end, verb, name.text, quoted)
            break
    described = _SAID_DESCRIPTION.match(masked[verb[1] : end])
    if described:
        group = "what" if described["what"] else "many"
        begin = verb[1] + described.start(group)
        what = described[group].strip()
        apposed = re.match(r",\s+", masked[begin + len(what) : end])
        named = apposed and next((n for n in names if n.start == begin + len(what) + apposed.end()), None)
        if named:
            return Cue("name", named.start, named.end, verb, named.text, quoted)
        if _somebody(what):
            return Cue("description", begin, begin + len(what), verb, what, quoted)
    return None
