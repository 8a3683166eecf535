"""Scores, mistakes and sentences for people: a page, a text, a table of every mistake."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from ..errors import InputError
from ..text.chunking import Span, spans
from ..text.sentences import Sentence, place
from . import tables
from .analysis import Analysis, Mistake, mistakes

WORST = 20  # sentences in the text; the page has all
WIDTH = 100  # of the text
COLUMNS = ("where", "kind", "gold", "predicted", "gold_words", "predicted_words", "sentence")


class Case(NamedTuple):
    """A sentence with its two sets of entities and what differs between them.

    Attributes:
        sentence: The sentence.
        gold: Its entities; where tags spell none, the tags that were not found.
        predicted: Likewise.
        mistakes: From left to right.
    """

    sentence: Sentence
    gold: list[Span]
    predicted: list[Span]
    mistakes: list[Mistake]


class _Piece(NamedTuple):
    """Words in a row; with a label if they are an entity."""

    text: str
    label: str
    wrong: bool


def cases(
    sentences: Sequence[Sentence],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str | None,
    predicted_scheme: str | None = None,
) -> list[Case]:
    """The sentences, those with the most mistakes first.

    Args:
        sentences: Their words and where they stand.
        gold: As for `scores`.
        predicted: As for `scores`.
        scheme: As for `scores`.
        predicted_scheme: As for `scores`.
    """
    result = []
    wrong = mistakes(gold, predicted, scheme, predicted_scheme)
    for sentence, one, other, some in zip(sentences, gold, predicted, wrong, strict=True):
        if scheme is None:
            sides = [m.gold for m in some if m.gold], [m.predicted for m in some if m.predicted]
        else:
            sides = spans(one, scheme), spans(other, predicted_scheme or scheme)
        result.append(Case(sentence, *sides, some))
    return sorted(result, key=lambda case: -len(case.mistakes))


def errors(shown: Sequence[Case]) -> str:
    """A line for each mistake, under a heading, as TAB-separated values."""
    lines = ["\t".join(COLUMNS)]
    for case in shown:
        tokens = case.sentence.tokens
        for kind, gold, predicted in case.mistakes:
            first = gold or predicted
            cells = [place(case.sentence, first.start) if first else case.sentence.where, kind]
            cells += [span.type if span else "" for span in (gold, predicted)]
            cells += [" ".join(tokens[s.start : s.end]) if s else "" for s in (gold, predicted)]
            lines.append("\t".join([*cells, " ".join(tokens)]))
    return "\n".join(lines) + "\n"


def text(analysis: Analysis, shown: Sequence[Case], title: str) -> str:
    """The tables of scores and mistakes, and the worst sentences."""
    console = Console(file=io.StringIO(), width=WIDTH, markup=False)
    for part in tables.analysis(analysis, title):
        console.print(part)
    lines = [""]
    worst = [case for case in shown[:WORST] if case.mistakes]
    for case in worst:
        lines += [
            f"{case.sentence.where}: {_counted(len(case.mistakes))}",
            f"  gold:      {_bracketed(case.sentence.tokens, case.gold)}",
            f"  predicted: {_bracketed(case.sentence.tokens, case.predicted)}",
        ]
    output: Any = console.file
    return output.getvalue() + "\n".join(lines) + "\n"


def html(analysis: Analysis, shown: Sequence[Case], title: str) -> str:
    """A page in one file: scores, mistakes, and every sentence with its entities marked.

    Raises:
        InputError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ModuleNotFoundError:
        raise InputError("a page needs jinja2: pip install 'keras-lstm-variants[report]'") from None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(Path(__file__).with_name("report.html").read_text("utf-8"))
    summary, *notes = tables.notes(analysis)
    headings, rows = tables.rows(analysis)
    wrong = [case for case in shown if case.mistakes]
    right = [case for case in shown if not case.mistakes]
    return template.render(
        title=title,
        summary=summary,
        notes=notes,
        headings=headings,
        rows=rows,
        mistakes=[(f"{t.times:,}", tables.in_words(t)) for t in analysis.mistakes],
        sections=[
            _section(wrong, "with mistakes, the worst first", open=True),
            _section(right, "without mistakes", open=False),
        ],
    )


def _section(shown: Sequence[Case], which: str, open: bool) -> dict[str, Any]:
    title = f"{len(shown):,} sentence{'s' * (len(shown) != 1)} {which}"
    return {"title": title, "open": open, "sentences": [*map(_shown, shown)]}


def _shown(case: Case) -> dict[str, Any]:
    """A sentence for the page."""
    kinds_of_gold = {m.gold: m.kind for m in case.mistakes if m.gold}
    kinds_of_predicted = {m.predicted: m.kind for m in case.mistakes if m.predicted}
    tokens = case.sentence.tokens
    return {
        "where": case.sentence.where,
        "mistakes": _counted(len(case.mistakes)) if case.mistakes else "",
        "gold": _pieces(tokens, case.gold, kinds_of_gold),
        "predicted": _pieces(tokens, case.predicted, kinds_of_predicted),
    }


def _pieces(tokens: list[str], entities: list[Span], kinds: dict[Span, str]) -> list[_Piece]:
    """A sentence as runs of words in and between entities; a wrong one says what is wrong."""
    pieces, reached = [], 0
    for span in entities:
        if span.start > reached:
            pieces.append(_Piece(" ".join(tokens[reached : span.start]), "", False))
        kind = kinds.get(span, "")
        label = f"{span.type or 'entity'} ✗ {kind}" if kind else span.type or "entity"
        pieces.append(_Piece(" ".join(tokens[span.start : span.end]), label, bool(kind)))
        reached = span.end
    if reached < len(tokens):
        pieces.append(_Piece(" ".join(tokens[reached:]), "", False))
    return pieces


def _bracketed(tokens: list[str], entities: list[Span]) -> str:
    """A sentence with its entities in brackets, each after its type."""
    return " ".join(
        f"[{piece.label} {piece.text}]" if piece.label else piece.text
        for piece in _pieces(tokens, entities, {})
    )


def _counted(number: int) -> str:
    return f"{number} mistake" + "s" * (number != 1)
