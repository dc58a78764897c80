"""Rewriting of follow-up questions into stand-alone ones from the turns before, by rule.

Knows no genders and no grammar beyond word lists: when unsure it adds the topic instead of replacing words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.text.lexicon import ASKING_WORDS, AUXILIARIES, CALENDAR, FUNCTION_WORDS, QUESTION_WORDS, either
from index.text.names import INSTITUTION, find_names, plain_name
from index.text.tokens import WORD, stem, tokens
from rag.types import Turn
from rag.understand.answer_type import answer_type, speaker

# takes "And then, "; not "Android"
_OPENING = re.compile(
    r"^\W*(?:(?:and|but|so|or|then|also|ok(?:ay)?|well|yes|no|hm+|i\s+see|thanks?(?:\s+you)?|right|great)\b[\s,.!]*)+",
    re.I,
)
# takes "what about ", "and how of "; not "about "
_ABOUT = re.compile(r"^(?:what|how)\s+about\s+|^(?:and\s+)?(?:what|how)\s+of\s+", re.I)
# takes "he", "her vote" as possessive; not "she-wolf"
_HE = re.compile(
    r"(?<!-)\b(?:(?P<subject>he|she)|(?P<possessive>his|her(?=\s+\w))|(?P<object>him|her|hers))\b(?!-)", re.I
)
# takes "its", "them"; not "item"
_THEY = re.compile(r"(?<!-)\b(?:(?P<subject>they)|(?P<possessive>their|its)|(?P<object>them|it))\b(?!-)", re.I)
# takes "about that?", "is this true"; not "say that he" and not "that bill"
_THAT = re.compile(
    r"\b(?:about|of|to|on|for|with|after|before|from|by|than|like|is|was|are|were|does|did|do|mean|happen|do|say|"
    r"why|how|against|at|in)\s+(?P<object>that|this|those|these)\b(?=\s*(?:[?.,!]|$|(?:mean|happen|affect|work|"
    r"compare|change|end|go|really|still|true|possible|a|an|the|so|all|in|on|for|from|because|why|what|how|come)\b))"
    r"|^(?:and\s+)?(?P<subject>that|this|those|these)\s+(?:is|was|are|were|means?)\b",
    re.I,
)
# takes "this bill", "such a vote"; not "this?"
_DETERMINER = re.compile(r"\b(?:this|these|those|that|such(?:\s+an?)?)\s+(?P<noun>[a-z]+)\b", re.I)
# takes "over there?", "there now"; not "there is"
_THERE = re.compile(r"\b(?:over\s+|from\s+)?there\b(?=\s*(?:[?.,!]|$|now\b|today\b|then\b))", re.I)
# takes "is it true", "it was reported that"; not "is it Murphy's"
_EXPLETIVE_IT = re.compile(
    r"\b(?:is|was|does|will|would|did)\s+it\s+(?:(?:be|really|still|also|ever|actually|not|even)\s+)*"
    r"(?:possible|true|likely|necessary|legal|illegal|safe|worth|better|best|advisable|ok|okay|fair|important|"
    r"common|normal|easy|hard|difficult|mean\s+that|take|rain|snow|make\s+sense|matter|free|that)\b"
    r"|\bwhat\s+time\s+is\s+it\b|\bit\s+(?:is|was)\s+(?:\w+\s+)?(?:that|to)\b",
    re.I,
)
# takes "anything else", "the first one"; not "everyone"
_ELLIPTICAL = re.compile(
    r"\b(?:else|another|others?|instead|latter|former|same|too|as\s+well|more|further|next|again|afterwards|"
    r"alternatives?|similar|differ(?:ent|ence)?|remaining|last\s+one|first\s+one|ones?)\b",
    re.I,
)
# takes "why?", "who said that?", "tell me more"; not "why did he go?"
_BARE_QUESTION = re.compile(
    r"^(?:why(?:\s+not)?|how(?:\s+so|\s+come)?|when|where|who|which|what|how\s+(?:many|much|long|often|far|big|old)|"
    r"by\s+whom|since\s+when|really|is\s+that\s+(?:so|true)|are\s+you\s+sure|for\s+example|such\s+as|"
    r"what\s+happened(?:\s+(?:next|then|after\s+that|afterwards|since))?|"
    r"(?:tell\s+me\s+|say\s+)?more|go\s+on|continue|who\s+said\s+(?:that|so|this)|what\s+else|who\s+else|"
    r"and\s+then|what\s+(?:then|next)|says\s+who|according\s+to\s+whom|"
    r"(?:can\s+you\s+)?(?:explain|elaborate)(?:\s+that|\s+more|\s+please)?)\W*$",
    re.I,
)
# takes "in 2020", "about Ukraine"; not "inside"
_PREPOSITION = re.compile(
    r"^(in|on|at|for|from|to|by|with|under|during|since|after|before|about|against|of)\s+(.+)$", re.I
)
# takes "1998", "2024"; not "1850" and not "20240"
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
# takes "was", "doesn't", "compare"; not "candidate"
_VERBS = re.compile(
    rf"\b(?:{either(AUXILIARIES)}|am|be|may|might|must|"
    r"tell|explain|describe|give|list|show|compare|summari[sz]e|n't)\b|n['’]t\b",
    re.I,
)


# takes "Which side"; not "Whichever"
_ASKS = re.compile(rf"{either(QUESTION_WORDS)}\b", re.I)
_TIMES = {"week", "month", "year", "day", "morning", "weekend", "summer", "winter", "time", "season", "moment"}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A stand-alone question: its whole `text`, and the `phrase` that was replaced or missing."""

    text: str
    phrase: str


@dataclass(frozen=True, slots=True)
class _Context:
    question: str
    """The turn before, itself made to stand alone."""
    people: tuple[str, ...]
    """Those a `he` or `she` may mean, likeliest first."""
    topic: tuple[str, ...]
    """What an `it` or `that` may mean: the phrases of the question before."""


def rewrite(question: str, turns: Sequence[Turn]) -> Rewrite | None:
    """The stand-alone form of a follow-up; None where the question stands alone already."""
    return _rewrite(question, _context(turns)) if turns else None


def _context(turns: Sequence[Turn]) -> _Context:
    context = _Context("", (), ())
    for turn in turns:
        if turn.answer is not None:
            standing = turn.answer.query.text
        else:
            rewritten = _rewrite(turn.question, context) if context.question else None
            standing = rewritten.text if rewritten else turn.question
        topic = _topic(standing) or context.topic
        people = tuple(dict.fromkeys([*_people(standing, turn), *context.people]))
        context = _Context(standing, people, topic)
    return context


def _rewrite(question: str, before: _Context) -> Rewrite | None:
    stripped = question.strip()
    core = _OPENING.sub("", stripped).strip()
    if not core:
        return None
    if _BARE_QUESTION.match(core):
        return _repeat_question(core, before)
    if about := _ABOUT.match(core):
        return _substitute(core[about.end() :], before, about=True)
    if core != stripped and not _VERBS.search(core) and not _ASKS.match(core):
        return _substitute(core, before, about=False)
    text, phrases = core, []
    he = _HE.search(core)
    if he and before.people and not find_names(core[: he.start()]):
        person = before.people[0]
        possessive = ("’" if person.endswith("s") else "’s") if he.lastgroup == "possessive" else ""
        text = core[: he.start()] + person + possessive + core[he.end() :]
        phrases.append(he.group())
    phrases += _unresolved_pronoun(core, resolved=he if phrases else None)
    if len(phrases) > (text != core) or (not phrases and _is_elliptical(core)):
        text = _with_topic(text, before)
    return Rewrite(text, " … ".join(phrases) or core) if text != core else None


def _repeat_question(core: str, before: _Context) -> Rewrite | None:
    """`why?`, `when?`, `who else?`: the question before, asked again that way."""
    question = core.rstrip(" ?!.").lower()
    previous = before.question.rstrip(" ?!.")
    # takes "Did" of "Did he resign"; not "Didn’t" nor "Diderot"
    auxiliary = re.match(rf"{either(AUXILIARIES)}\b", previous, re.I)
    if question in {"why", "why not", "when", "where", "how"} and auxiliary:
        return Rewrite(f"{question.split()[0]} {previous[0].lower()}{previous[1:]}?", core)
    return Rewrite(f"{question}: {previous}?", core)


def _substitute(part: str, before: _Context, *, about: bool) -> Rewrite | None:
    """`and Murphy?`, `what about Ukraine?`, `and in 2020?`: the question before with that part changed."""
    part = part.strip(" ?!.,")
    previous = before.question.rstrip(" ?!.")
    if not part:
        return None
    whose = speaker(previous)
    # takes "about the border"; not "about" at the end
    topical = re.search(r"\b(?:about|on|regarding|concerning)\s+(.+)$", previous, re.I)
    named = [name for name in find_names(part) if name.text.lower() not in CALENDAR]
    phrased = _PREPOSITION.match(part)
    if phrased:
        word = r"[A-Z0-9][\w’'.-]*"
        # for "in 2020" takes "in the White House" and "in 2019"; not "in it"
        same = list(re.finditer(rf"\b{phrased[1]}\s+(?:the\s+)?{word}(?:\s+{word})*", previous))
        if phrased[1].lower() == "about" and topical:
            return Rewrite(f"{previous[: topical.start()]}{part}?", part)
        if same:
            return Rewrite(f"{previous[: same[-1].start()]}{part}{previous[same[-1].end() :]}?", part)
        years = _YEAR.findall(part)
        if years and (old := list(_YEAR.finditer(previous))):
            return Rewrite(f"{previous[: old[-1].start()]}{years[0]}{previous[old[-1].end() :]}?", part)
        return Rewrite(f"{previous} {part}?", part)
    if whose and (not about or _is_person(part, before)) and len(part.split()) <= 4:
        at = previous.lower().find(whose.lower())
        if at >= 0:
            return Rewrite(f"{previous[:at]}{part}{previous[at + len(whose) :]}?", part)
    if whose and topical:
        return Rewrite(f"{previous[: topical.start(1)]}{part}?", part)
    if whose:
        return Rewrite(f"{previous} about {part}?", part)
    if _YEAR.fullmatch(part) and (old := list(_YEAR.finditer(previous))):
        return Rewrite(f"{previous[: old[-1].start()]}{part}{previous[old[-1].end() :]}?", part)
    others = find_names(previous)
    if named and len(part.split()) <= 4 and len(others) == 1:
        return Rewrite(f"{previous[: others[0].start]}{part}{previous[others[0].end :]}?", part)
    if named and len(named[0].text.split()) > 1:
        return None
    return Rewrite(f"{previous}: {part}?", part)


def _is_person(part: str, before: _Context) -> bool:
    last = plain_name(part).split()[-1].lower()
    return any(last == person.split()[-1].lower() for person in before.people)


def _unresolved_pronoun(core: str, resolved: re.Match[str] | None) -> list[str]:
    """The first pronoun that means nothing in its own question, if there is one."""
    for pattern in (_HE, _THEY, _THAT, _THERE):
        match = pattern.search(core)
        if not match or (resolved and match.span() == resolved.span()):
            continue
        if pattern is _THEY and _is_expletive(core, match):
            continue
        start, end = match.span(match.lastgroup) if match.lastgroup else match.span()
        # Names or two words of meaning before a pronoun are enough for it to stand for one of them.
        if not find_names(core[:start]) and len(_meaning(core[:start])) < 2:
            return [core[start:end]]
    pointing = _DETERMINER.search(core)
    if pointing and pointing["noun"].lower() not in FUNCTION_WORDS | _TIMES and not find_names(core):
        return [pointing.group()]
    return []


def _is_expletive(text: str, match: re.Match[str]) -> bool:
    """`is it true that`: an `it` that means nothing."""
    return any(idle.start() <= match.start() < idle.end() for idle in _EXPLETIVE_IT.finditer(text))


def _is_elliptical(core: str) -> bool:
    """Whether a question without pronouns still says too little to be searched alone."""
    most_words = 4 if _ELLIPTICAL.search(core) else 2
    return not find_names(core) and not re.search(r"\d", core) and len(_meaning(core)) <= most_words


def _with_topic(text: str, before: _Context) -> str:
    known = {stem(word) for word in tokens(text)}
    parts = [part for part in before.topic if not {stem(word) for word in _meaning(part)} <= known]
    return f"{text.rstrip()} ({', '.join(parts)})" if parts else text


def _meaning(text: str) -> list[str]:
    return [word for word in tokens(text) if word not in FUNCTION_WORDS and word not in ASKING_WORDS]


def _topic(standing: str) -> tuple[str, ...]:
    """What a question is about: its runs of words with meaning, in order, eight words at most."""
    parts: list[str] = []
    end = -1
    for match in WORD.finditer(standing):
        word = match.group().lower()
        if word in FUNCTION_WORDS or word in ASKING_WORDS:
            continue
        between = standing[end : match.start()].lower() if end >= 0 else "?"
        # takes " ", " of the "; not ", " nor " by "
        if re.fullmatch(r"\s+(?:(?:of|in|for|and)\s+(?:the\s+)?)?", between):
            parts[-1] += standing[end : match.end()]
        else:
            parts.append(match.group())
        end = match.end()
    topic: list[str] = []
    for part in dict.fromkeys(parts):
        if sum(len(_meaning(each)) for each in [*topic, part]) > 8:
            break
        topic.append(part)
    return tuple(topic)


def _people(standing: str, turn: Turn) -> list[str]:
    """Whom `he` may mean after a turn: whose words it asked for, then the people of answer and question."""
    people = [name for name in [speaker(standing)] if name]
    if turn.answer is not None and not turn.answer.refused:
        if turn.answer.short and answer_type(standing) == "person":
            people.append(turn.answer.short)
        quoted = [plain_name(statement.speaker) for statement in turn.answer.statements if statement.speaker]
        people += ([] if people else _possible_people(standing)) + quoted
    elif turn.text:
        # takes "James Lankford" of "James Lankford: “We are few.”"; not "He said: no"
        people += re.findall(r"^\W*([A-Z][\w’'.-]+(?:\s+[A-Z][\w’'.-]+){0,3}):\s", turn.text, re.M)
        if not people and answer_type(standing) == "person":
            people += _possible_people(turn.text)[:1]
    return people + _possible_people(standing)


def _possible_people(text: str) -> list[str]:
    """Names that may be a person's: not initials, not after a preposition of place, not of an institution."""
    return [
        plain_name(name.text)
        for name in find_names(text)
        if not name.text.replace(".", "").isupper()
        # takes the "in " before "Kyiv"; not "with "
        and not re.search(r"\b(?:in|at|from|into|across|near|the)\s+$", text[: name.start], re.I)
        and not INSTITUTION.search(name.text)
    ]
