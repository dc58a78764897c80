"""What kind of answer a question wants: its type, whose words, and whether it asks for a development."""

from __future__ import annotations

import re

from index.text.lexicon import (
    ACCUSING_VERBS,
    ASSERTING_VERBS,
    DESCRIBING_VERBS,
    DO_HAVE_OR_BE,
    DO_OR_HAVE,
    FUNCTION_WORDS,
    QUESTION_WORDS,
    SAYING_VERBS,
    either,
)
from index.text.names import find_names, plain_name
from rag.types import AnswerType

_DID = either(DO_OR_HAVE)
_AUX = either(DO_HAVE_OR_BE)
_WHO = r"(?P<who>[^,;:?]{2,70}?)"
_ADVERBS = r"(?:(?:just|also|have|to|publicly|actually|initially|later|once|currently|recently|already)\s+)*"
_WHAT_SAY, _HOW_SAY, _WHY_SAY = either(SAYING_VERBS), either(DESCRIBING_VERBS), either(ASSERTING_VERBS)
_WORDS = (
    r"(?:comment|reaction|response|statement|remark|quote|view|opinion|position|stance|argument|explanation|"
    r"reply|criticism|words?|message|warning)s?"
)
_AFTER = r"(?=\s+(?:on|about|to|in|regarding|concerning|that|after|during|over)\b|\s*[?,]|\.?\s*$)"
_ASKS_WORDS = [
    re.compile(pattern, re.I)
    for pattern in (
        # "What exactly did Lankford say"; not "What did it cost"
        rf"\bwhat(?:\s+else|\s+exactly)?\s+{_DID}\s+{_WHO}\s+{_ADVERBS}{_WHAT_SAY}\b",
        # "What is Murphy saying"; not "What is going on"
        rf"\bwhat\s+(?:is|was|are|were)\s+{_WHO}\s+(?:saying|telling|claiming|arguing)\b",
        # "How did Graham describe the border"; not "How did Graham vote"
        rf"\bhow\s+{_DID}\s+{_WHO}\s+{_ADVERBS}{_HOW_SAY}\b",
        # "What was Biden's first reaction"; not "What was Biden's age"
        rf"\b(?:what|how)\s+(?:was|is|were|are)\s+{_WHO}['’]s?\s+(?:\w+\s+)?{_WORDS}\b",
        # "Give me Biden's views on aid"; not "Biden's views"
        rf"^\W*(?:\w+\s+(?:me\s+)?)?{_WHO}['’]s?\s+(?:\w+\s+)?{_WORDS}\s+(?:on|about|to|regarding)\b",
        # "The statement by Schumer on aid", "Any comment from the White House?"; not "The bill by Schumer"
        r"^\W*(?:(?:what|how)\s+(?:was|is|were|are)\s+(?:the\s+)?|the\s+|any\s+|\w+\s+me\s+(?:the\s+)?)?"
        rf"(?:comment|reaction|response|statement|remark|quote|quotation)s?\s+(?:by|from|of)\s+{_WHO}{_AFTER}",
        # "Lankford said what?"; not "Lankford said no"
        rf"^\W*{_WHO}\s+(?:said|says|told|claimed)\s+what\b",
    )
]
_NAMES_SPEAKER = [
    re.compile(pattern, re.I)
    for pattern in (
        # "Why did Murphy say so"; not "Why did Murphy leave"
        rf"\bwhy\s+{_AUX}\s+{_WHO}\s+{_ADVERBS}{_WHY_SAY}\b",
        # "How many does Graham think will come"; not "How many came"
        rf"\b(?:who|where|when|which\s+\w+|how\s+(?:many|much|long|often)(?:\s+\w+)?)\s+{_AUX}\s+{_WHO}\s+"
        rf"{_ADVERBS}{_WHY_SAY}\b",
        # "according to Graham?"; not "accordingly"
        rf"\baccording\s+to\s+{_WHO}(?=\s*[?,;.]|\s*$|\s+(?:what|who|how|why|when|where|which|{_AUX})\b)",
    )
]
_INDEFINITE_PEOPLE = {"people", "anyone", "anybody", "someone", "one", "everyone", "it"}
_INDEFINITE_TEXTS = {"article", "articles", "story", "report", "reports", "text", "source", "sources", "news"}

_TYPES: dict[AnswerType, str] = {
    # "how old is", "what was the death toll"; not "however many"
    "number": r"\bhow\s+(?:many|much|long|old|far|often|large|big|tall|high|fast|likely)\b"
    r"|\b(?:what|which)\s+(?:percentage|percent|share|proportion|number|amount|age|size|price|cost|"
    r"score|fraction)\b"
    r"|\bwhat\s+(?:is|was|were|are)\s+the\s+(?:\w+\s+){0,2}"
    r"(?:percentage|percent|number|toll|price|cost|score|population|amount|total)\b",
    # "when did", "what year"; not "the day when he"
    "date": rf"\bwhen\s+(?:{_AUX}|will|can|could|should)\b|^\W*when\W*$|\bsince\s+when\b"
    r"|\b(?:what|which)\s+(?:year|date|day|month|time|decade|week)\b|\bhow\s+(?:long\s+ago|soon)\b",
    # "why", "what led to"; not "what led the list"
    "reason": r"\bwhy\b|\bhow\s+come\b|\b(?:for\s+)?what\s+reason\b"
    r"|\bwhat\s+(?:was|is|were|are)\s+the\s+(?:\w+\s+)?(?:reason|cause|motive|rationale)s?\b"
    r"|\bwhat\s+(?:caused|led\s+to|prompted|triggered|explains)\b",
    # "where", "which small town"; not "which country's leader"
    "place": r"\bwhere\b|\b(?:what|which|whose)\s+(?:[\w’'-]+\s+){0,2}?(?:country|city|state|town|place|county|"
    r"region|continent|province|village|island|nation|capital|borough|district)\b(?!['’]s)",
    # "who", "which Republican senator"; not "which president's bill"
    "person": r"\bwho\b|\bwhom\b|\bwhose\b|\b(?:what|which)\s+"
    rf"(?:(?!(?:of|{_AUX}|to|and)\b)[\w’'-]+\s+){{0,3}}?"
    r"(?:person|man|woman|individual|senator|president|minister|player|actor|actress|singer|"
    r"politician|representative|lawmaker|leader|ceo|artist|celebrity|candidate|author|governor|star|"
    r"coach|judge|driver|footballer|musician|rapper|comedian|executive|official|figure|monarch)\b"
    r"(?!['’]s)",
}
_TYPE_PATTERNS = [(kind, re.compile(pattern, re.I)) for kind, pattern in _TYPES.items()]
# takes "who else said"; not "who voted"
_WHO_SAID = re.compile(rf"\bwho(?:\s+else)?\s+{either(ACCUSING_VERBS)}\b", re.I)
# takes "in his own words", "a quote"; not "words"
_WANTS_QUOTE = re.compile(r"\b(?:quotes?|quotations?|exact\s+words|own\s+words|verbatim)\b", re.I)

# takes the space after "left. He" and "why? and"; not after "Sen. Murphy"
_SENTENCE_END = re.compile(r"(?<=[a-z0-9%”\"]{4}[.!])\s+(?=[A-Z“\"])|(?<=\?)\s+")

# takes "how did the talks unfold", "the history of"; not "how did he vote"
_DEVELOPS = re.compile(
    r"\btimeline\b|\bchronolog|\bover\s+time\b|\bstep\s+by\s+step\b|\bwhat\s+followed\b|\bsequence\s+of\s+events\b"
    r"|\bwhat\s+(?:happened|has\s+happened)\s+(?:next|afterwards|after|since|then)\b|\blatest\s+developments\b"
    r"|\bhow\s+(?:did|has|have|had)\b.*\b(?:develop(?:ed)?|evolved?|unfold(?:ed)?|changed?|progress(?:ed)?|"
    r"shift(?:ed)?)\b"
    r"|\b(?:development|evolution|history|course|progress)\s+of\b",
    re.I,
)


def speaker(question: str) -> str:
    """X in "what did X say", as the question spells it; empty when nobody's words are asked for."""
    return next((who for pattern in (*_ASKS_WORDS, *_NAMES_SPEAKER) if (who := _who(pattern, question))), "")


def _who(pattern: re.Pattern[str], question: str) -> str:
    match = pattern.search(question)
    return _speaker_name(match["who"]) if match else ""


def _speaker_name(phrase: str) -> str:
    """The name in a noun phrase, or the phrase without its article: `press secretary` for want of a name."""
    # takes "the former " off "the former president"; nothing off "another senator"
    phrase = re.sub(r"^\W*(?:(?:the|an?|our|then|former)\s+)+", "", phrase.strip(" \t'\"“”‘’"), flags=re.I)
    # takes "Murphy" of "Murphy after the vote", "the man" of "the man who left"
    phrase = re.split(r"\s+(?:who|which|that|when|after|during|in|at|on|about)\s+", phrase, maxsplit=1)[0]
    # takes "’s" off "Biden’s", "'" off "Republicans'"; nothing off "O’Neil"
    phrase = re.sub(r"['’]s?$", "", phrase)
    words = phrase.split()
    if len(words) > 7 or all(word.lower() in FUNCTION_WORDS | _INDEFINITE_PEOPLE | _INDEFINITE_TEXTS for word in words):
        return ""
    names = find_names(phrase)
    before = phrase[: names[-1].start].split() if names and names[-1].end == len(phrase) else []
    if before and before[-1].islower() and before[-1] not in FUNCTION_WORDS:
        return plain_name(names[-1].text)
    return plain_name(phrase)


def answer_type(question: str) -> AnswerType:
    """What the answer should be, judged by the words of the last sentence that asks."""
    sentences = _SENTENCE_END.split(question)
    question = next((sentence for sentence in reversed(sentences) if "?" in sentence), question)
    if _WHO_SAID.search(question):
        return "person"
    if _WANTS_QUOTE.search(question) or any(_who(pattern, question) for pattern in _ASKS_WORDS):
        return "quotation"
    matches = [
        (match.start(), order, kind)
        for order, (kind, pattern) in enumerate(_TYPE_PATTERNS)
        for match in pattern.finditer(question)
        if not _opens_clause(question, match)
    ]
    if matches:
        return min(matches)[2]
    return "quotation" if speaker(question) and re.search(r"\bwhat\b", question, re.I) else "other"


def _opens_clause(question: str, match: re.Match[str]) -> bool:
    """Whether `who`, `where`, `when` only begins a clause about something: `the man who`, `Egypt, where`."""
    before = question[: match.start()].rstrip()
    if match.group().split()[0].lower() not in {"who", "whom", "whose", "where", "when"} or not before:
        return False
    if before[-1] in ".?!:;—":
        return False
    if before[-1] == ",":
        return re.search(rf"\b{either(QUESTION_WORDS)}\b", before, re.I) is not None
    return before.split()[-1].lower() not in {"and", "but", "or", "so", "to", "from", "with", "by"}


def develops(question: str) -> bool:
    """Whether the question asks how something went on, so that answers go by date."""
    return _DEVELOPS.search(question) is not None
