"""A page of scores: tables, the confusion matrix, and every sentence with its entities marked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..pages.page import colours, local, render, script, shade
from . import tables
from .analysis import Analysis, Mistake
from .confusion import NOTHING, Confusion, Count, Type, confusion
from .report import UNTYPED, Case, counted, pieces

KINDS = {
    "missed": "an entity of gold that shares no word with a predicted one, or with one that is "
    "taken already",
    "spurious": "the reverse: a predicted entity without one of gold",
    "type": "the right words, another type",
    "boundary": "the right type, other words",
    "type and boundary": "words in common, and nothing else",
    "tag": "another tag",
}
Cell = dict[str, str] | str


def html(
    analysis: Analysis, shown: Sequence[Case], title: str, facts: Mapping[str, str] | None = None
) -> str:
    """A page in one file.

    Args:
        analysis: The scores.
        shown: The sentences, those with the most mistakes first.
        title: What was scored.
        facts: More of it, such as {"cell": "gru", "data": "test.conll"}.

    Raises:
        InputError: jinja2 is not installed.
    """
    summary, *notes = tables.notes(analysis)
    headings, rows = tables.rows(analysis)
    matrix = confusion(analysis)
    numbers = {(t.kind, t.gold, t.predicted): n for n, t in enumerate(analysis.mistakes)}
    wrong = [case for case in shown if case.mistakes]
    right = [case for case in shown if not case.mistakes]
    kinds = {tally.kind for tally in analysis.mistakes}
    return render(
        Path(__file__).with_name("page.html"),
        title,
        facts,
        script("filter.js"),
        summary=summary,
        notes=notes,
        headings=headings,
        rows=rows,
        matrix_headings=_matrix_headings(matrix, analysis),
        matrix=_matrix(matrix, analysis),
        mistakes=[(f"{t.times:,}", tables.in_words(t)) for t in analysis.mistakes],
        colours=colours(type or UNTYPED for type in analysis.scores.by_type),
        kinds={kind: what for kind, what in KINDS.items() if kind in kinds},
        of_entities=analysis.scores.scheme is not None,
        sections=[
            _section(wrong, "with mistakes, the worst first", numbers, open=True),
            _section(right, "without mistakes", numbers, open=False),
        ],
    )


def _matrix_headings(matrix: Confusion, analysis: Analysis) -> list[str]:
    missed = ["missed"] * (analysis.scores.scheme is not None)  # a tag is never missed
    return ["gold \\ predicted", *map(_named, matrix.types), *missed, "gold"]


def _matrix(matrix: Confusion, analysis: Analysis) -> list[dict[str, Any]]:
    """The rows of the matrix: gold types, what is spurious, and the sums of columns."""
    of_entities = analysis.scores.scheme is not None
    columns: list[Type] = [*matrix.types, *[NOTHING] * of_entities]
    of_types = analysis.scores.by_type
    result = []
    for gold in matrix.types:
        total = of_types[gold].gold
        cells = [_cell(matrix.counts.get((gold, other)), total) for other in columns]
        result.append({"name": _named(gold), "cells": [*cells, f"{total:,}"], "together": False})
    if of_entities:
        spurious = [_cell(matrix.counts.get((NOTHING, other)), 0) for other in columns]
        result.append({"name": "spurious", "cells": [*spurious, ""], "together": False})
    sums = [f"{of_types[type].predicted:,}" for type in matrix.types]
    blank = [""] * (len(columns) + 1 - len(sums))
    result.append({"name": "predicted", "cells": [*sums, *blank], "together": True})
    return result


def _cell(count: Count | None, whole: int) -> Cell:
    """How many, darker the more of `whole` they are; a link to the sentences of mistakes."""
    if count is None:
        return ""
    together = count.correct + count.wrong
    style = [shade(together, whole)] + ["diagonal"] * (count.gold == count.predicted)
    text = f"{together:,}"
    if count.correct and count.wrong:
        text = f"{count.correct:,} + {count.wrong:,}"
    href = f"#m{'-'.join(map(str, count.tallies))}" if count.tallies else ""
    return {"text": text, "href": href, "style": " ".join(filter(None, style))}


def _named(type: Type) -> str:
    return type or UNTYPED


def _section(
    shown: Sequence[Case], which: str, numbers: dict[tuple[str, str, str], int], open: bool
) -> dict[str, Any]:
    title = f"{len(shown):,} sentence{'s' * (len(shown) != 1)} {which}"
    sentences = [_shown(case, numbers) for case in shown]
    seen: set[int] = set()
    for sentence in sentences:
        sentence["first_of"] = sorted(set(sentence["tallies"]) - seen)
        seen.update(sentence["tallies"])
    return {"title": title, "open": open, "sentences": sentences}


def _shown(case: Case, numbers: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    """A sentence for the page."""
    kinds_of_gold = {m.gold: m.kind for m in case.mistakes if m.gold}
    kinds_of_predicted = {m.predicted: m.kind for m in case.mistakes if m.predicted}
    tokens = case.sentence.tokens
    return {
        "where": local(case.sentence.where),
        "mistakes": counted(len(case.mistakes)) if case.mistakes else "",
        "tallies": [numbers[_tally(mistake)] for mistake in case.mistakes],
        "gold": pieces(tokens, case.gold, kinds_of_gold),
        "predicted": pieces(tokens, case.predicted, kinds_of_predicted),
    }


def _tally(mistake: Mistake) -> tuple[str, str, str]:
    gold, predicted = (span.type if span else "" for span in (mistake.gold, mistake.predicted))
    return mistake.kind, gold, predicted
