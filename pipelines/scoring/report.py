"""Scores, mistakes and sentences for people: a text, a table of every mistake."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import Console

from ..text.chunking import Span, spans
from ..text.sentences import Sentence, place
from . import tables
from .analysis import Analysis, Mistake, mistakes

WORST = 20  # sentences in the text; the page has all
WIDTH = 100  # of the text
UNTYPED = "entity"  # what an entity without a type is called
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


class Piece(NamedTuple):
    """Words in a row.

    Attributes:
        text: The words.
        label: The type, if they are an entity; else "".
        mistake: What is wrong with the entity, if anything is.
    """

    text: str
    label: str = ""
    mistake: str = ""


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
            f"{case.sentence.where}: {counted(len(case.mistakes))}",
            f"  gold:      {_bracketed(case.sentence.tokens, case.gold)}",
            f"  predicted: {_bracketed(case.sentence.tokens, case.predicted)}",
        ]
    output: Any = console.file
    return output.getvalue() + "\n".join(lines) + "\n"


def pieces(tokens: list[str], entities: list[Span], kinds: dict[Span, str]) -> list[Piece]:
    """A sentence as runs of words in and between entities.

    Args:
        tokens: Its words.
        entities: From left to right; they do not overlap.
        kinds: What is wrong with those that are wrong.
    """
    result, reached = [], 0
    for span in entities:
        if span.start > reached:
            result.append(Piece(" ".join(tokens[reached : span.start])))
        words = " ".join(tokens[span.start : span.end])
        result.append(Piece(words, span.type or UNTYPED, kinds.get(span, "")))
        reached = span.end
    if reached < len(tokens):
        result.append(Piece(" ".join(tokens[reached:])))
    return result


def _bracketed(tokens: list[str], entities: list[Span]) -> str:
    """A sentence with its entities in brackets, each after its type."""
    return " ".join(
        f"[{piece.label} {piece.text}]" if piece.label else piece.text
        for piece in pieces(tokens, entities, {})
    )


def counted(number: int) -> str:
    return f"{number} mistake" + "s" * (number != 1)
