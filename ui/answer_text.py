"""Answers as text for a terminal and as Markdown; pure functions of records, no input or output.

Article text is data: nothing here lets it become markup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.split import paragraphs
from index.terminal import one_line, printable
from index.types import Article, Hit, Span
from rag.types import Answer, Citation, State, Statement

if TYPE_CHECKING:
    from rag.verify.find_quotation import QuotationReport

# takes each of "*", "[" and "<", which Markdown would read as markup; not letters, digits, blanks or quotes
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")


HEADINGS: dict[State, str] = {
    "found": "Found",
    "may_answer": "This may answer it",
    "not_found": "Nothing found that answers this",
}
"""What a person reads above an answer; `heading` says it with the reason."""

BOLD, PLAIN = "\x1b[1m", "\x1b[22m"
"""Codes of a terminal; click leaves them out where it writes to none."""


def heading(answer: Answer) -> str:
    """The state of an answer with its reason, `This may answer it (2020 is not in this sentence)`."""
    return f"{HEADINGS[answer.state]} ({answer.why})" if answer.why else HEADINGS[answer.state]


def closest_heading(answer: Answer) -> str:
    """What stands above the closest sentences of an answer that was not found."""
    return f"Other quotations of {answer.closest_speaker}" if answer.closest_speaker else "Nearest passages"


def emphasis(answer: Answer | None, number: int) -> Span | None:
    """The short answer inside the statement of that number, from 0: in a found answer's first statement, or nowhere."""
    return (
        answer.statements[0].span if answer and answer.state == "found" and number == 0 and answer.statements else None
    )


def statement_as_text(statement: Statement, numbers: dict[Citation, int], bold: Span | None = None) -> str:
    """A statement and the numbers of its citations, for a terminal; new ones are added to `numbers`."""
    for citation in statement.citations:
        numbers.setdefault(citation, len(numbers) + 1)
    line = printable(statement_line(statement, numbers))
    if bold is None:
        return line
    start = len(printable(_speaker(statement)))
    first, last = start + bold[0], start + bold[1]
    return f"{line[:first]}{BOLD}{line[first:last]}{PLAIN}{line[last:]}"


def evidence_as_text(answer: Answer, *, show_sources: bool = False) -> str:
    """What follows the statements: notes, what was understood, and the numbered sources; or the nearest passages."""
    lines = [f"Note: {one_line(note)}" for note in answer.notes]
    if answer.query.interpretations:
        chips = "; ".join(f"{chip.phrase} = {chip.meaning}" for chip in answer.query.interpretations)
        lines.append(f"Understood: {one_line(chips)}")
    if answer.refused:
        if answer.closest:
            lines += ["", f"{closest_heading(answer)}:"]
            for citation in answer.closest:
                source = source_line(answer.article(citation), citation)
                lines += [f"  - {one_line(citation.text)}", f"    {one_line(source)}"]
    else:
        lines.append("")
        for citation, number in number_citations(answer).items():
            lines.append(f"[{number}] {one_line(source_line(answer.article(citation), citation))}")
    if show_sources:
        lines += ["", "How this was found:", f"  searched: {one_line(answer.query.text)}"]
        lines += [f"  {one_line(hit_line(hit))}" for hit in answer.hits]
        stages = ", ".join(f"{stage} {seconds * 1000:.0f} ms" for stage, seconds in answer.seconds.items())
        models = f"{f'reranker {answer.reranker}, ' if answer.reranker else ''}reader {answer.reader}"
        sure = f"confidence {answer.confidence:.2f}, probability {answer.probability:.2f}"
        lines.append(f"  {one_line(models)}, {sure}; {stages}")
    return "\n".join(lines).strip("\n") if answer.refused else "\n".join(lines)


def as_markdown(answer: Answer) -> str:
    """An answer as Markdown with its sources as a numbered list; article text is escaped."""
    numbers = number_citations(answer)
    lines = [f"**{escape_markdown(answer.question)}**", ""]
    lines += markdown_statements(answer, numbers)
    lines.append("")
    for citation, number in numbers.items():
        lines.append(f"{number}. {escape_markdown(source_line(answer.article(citation), citation))}")
    return "\n".join(lines).rstrip() + "\n"


def markdown_statements(answer: Answer, numbers: dict[Citation, int]) -> list[str]:
    """The state and the statements as lines of Markdown, or the closest sentences; article text is escaped."""
    lines = [f"*{escape_markdown(heading(answer))}*", ""]
    if answer.refused:
        lines += [escape_markdown(f"{closest_heading(answer)}:"), ""] if answer.closest else []
        return lines + [f"- {escape_markdown(citation.text)}" for citation in answer.closest]
    for number, statement in enumerate(answer.statements):
        text = escape_markdown(statement.text)
        if bold := emphasis(answer, number):
            parts = (statement.text[: bold[0]], statement.text[slice(*bold)], statement.text[bold[1] :])
            before, inside, after = map(escape_markdown, parts)
            text = f"{before}**{inside}**{after}"
        lines += [f"> {escape_markdown(_speaker(statement))}{text}{escape_markdown(_marks(statement, numbers))}", ">"]
    return lines[:-1]


def quotation_as_text(report: QuotationReport) -> str:
    """What became of a quotation, for a terminal: the verdict, the places, and the words that differ."""
    lines = [f"{report.verdict.capitalize()}."]
    for place in report.places:
        for citation in place.citations:
            lines += [f"  {one_line(citation.text)}", f"    {one_line(source_line(place.article, citation))}"]
        for difference in place.differences:
            quoted, stands = difference.quoted or "nothing", difference.stands or "nothing"
            lines.append(f"    {one_line(f'{difference.kind}: you have “{quoted}”, the article has “{stands}”')}")
    return "\n".join(lines)


def number_citations(answer: Answer) -> dict[Citation, int]:
    """Each citation's number, from 1, in the order of first mention; the same place has one number."""
    return {citation: number for number, citation in enumerate(dict.fromkeys(answer.citations), start=1)}


def source_line(article: Article, citation: Citation) -> str:
    """Title or first words, outlet, author, date, and the paragraph and characters where the citation stands."""
    facts = [f"“{article.name}”" if article.name else article.location, article.outlet, article.author]
    facts.append(str(article.published) if article.published else "date unknown")
    facts.append(f"{place(article, citation.start)}, characters {citation.start}-{citation.end}")
    return " · ".join(fact for fact in facts if fact)


def place(article: Article, offset: int) -> str:
    """The paragraph, counted from 1, that holds an offset."""
    blocks = paragraphs(article.text)
    number = next((n for n, (_, end) in enumerate(blocks, start=1) if offset < end), len(blocks))
    return f"paragraph {number} of {len(blocks)}"


def hit_line(hit: Hit) -> str:
    """Why a hit is there: its score and its rank in each list."""
    ranks = [f"{name} #{rank.rank}" for name, rank in (("words", hit.words), ("vectors", hit.vectors)) if rank]
    published = str(hit.article.published or "date unknown")
    return f"{hit.score:.3f}  {', '.join(ranks)}  {published}  {hit.article.name}"


def escape_markdown(text: str) -> str:
    """Text as Markdown shows it literally."""
    return _MARKDOWN.sub(r"\\\1", text)


def statement_line(statement: Statement, numbers: dict[Citation, int]) -> str:
    """A statement with its speaker, the numbers of its citations, and a remark where it has no support."""
    return f"{_speaker(statement)}{statement.text}{_marks(statement, numbers)}"


def _speaker(statement: Statement) -> str:
    return f"{statement.speaker}: " if statement.speaker else ""


def _marks(statement: Statement, numbers: dict[Citation, int]) -> str:
    marks = "".join(f" [{numbers[citation]}]" for citation in statement.citations)
    return marks if statement.supported else f"{marks} (not found in the sources)"
