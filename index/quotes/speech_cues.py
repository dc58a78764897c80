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

FILL = "\x00"
"""Stands for each quoted character, so that offsets stay those of the article."""

_SAID = either(SPEECH_VERBS)
_BESIDE_QUOTE = either(VERBS_BESIDE_QUOTATIONS, (r"went\s+on", r"put\s+it"))
_REPORTS = either(REPORTING_VERBS) + r"(?!(?<=claimed)\s+(?:responsibility|victory|credit)|(?<=contended)\s+for)"
# takes "after he", "who"; not "afterwards"
_SUBORDINATE = re.compile(
    r"\b(?:after|when|as|because|since|while|whether|if|who|which|that|where|until|before|whom|what|how|why|although|"
    r"though|days?|hours?|weeks?)\b",
    re.I,
)
_ADVERBS = (
    r"(?:(?:also|later|then|further|once|recently|previously|repeatedly|has|have|had|earlier|still|simply|even|"
    r"just|publicly|\w+ly|both)\s+)*"
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
    rf"^(?:\s?\([^()]{{1,60}}\))?(?P<aside>,\s(?:an?|the|who|whose|one|now|then|former|\d|[a-z]|[RDI]-)[^\x00;:]{{1,160}}?,)?"
    rf"\s+(?:(?:on\s+)?{_DAY}(?:\s+(?:morning|afternoon|evening|night))?,?\s+)?{_ADVERBS}$"
)
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
        if cue and cue.how == "name" and _NO_PERSON.search(cue.words):
            continue
        if cue and (cue.beside or _reports(masked, start, end, cue, match["verb"])):
            found.append(cue)
    for match in _ACCORDING.finditer(masked, start, end):
        name = next(
            (name for name in names if match.end() <= name.start and _leads(masked[match.end() : name.start])), None
        )
        beside = name is not None and _touches(masked, match.start(), name.end)
        if name and _ENDS.match(masked, name.end) and (beside or FILL not in masked[start:end]):
            found.append(Cue("name", name.start, name.end, match.span(), name.text, beside))
    return found


def _reports(masked: str, start: int, end: int, cue: Cue, verb: str) -> bool:
    """Whether a cue without a quotation beside it governs its sentence: `X said that`, not `after X said`."""
    follows = masked[cue.verb[1] : end]
    # takes " that it rains", " reporters in Ohio that"; not ", that it rains"
    that = re.match(r"\s+(?:\w+\s+){0,6}?that\b", follows) is not None
    if re.fullmatch(_BESIDE_QUOTE, verb) or not (that or re.match(rf"{_REPORTS}\b", masked[cue.verb[0] : end])):
        return False
    clause = re.split(r"[,;:—]", masked[start : min(cue.start, cue.verb[0])])[-1]
    return not _SUBORDINATE.search(clause)


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
        if (
            _BETWEEN.match(between)
            and not _AGAINST.search(masked[start : name.start])
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
            return Cue("description", begin, begin + len(what), verb, what, _touches(masked, begin, verb[1]))
    return None


def _somebody(what: str) -> bool:
    """Whether a noun phrase can be a speaker: no paper, no clause, no time."""
    words = what.lower().rstrip(",").split()
    whole = words[-1] not in FUNCTION_WORDS and words[0] not in _CLAUSE_WORDS
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
