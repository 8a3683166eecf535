"""The report of `data check` in the terminal."""

from collections import Counter

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from ..data.checker import Report, Split
from ..text.sentences import Fault, How


def render(report: Report) -> list[RenderableType]:
    """The report for the terminal, a fault to a line as `path:line: severity: message`.

    Print each part with `console.print(part, soft_wrap=True)`, or long lines are cut.
    """
    headings = [field for field in Split._fields if field not in ("how", "beginning")]
    if report.scheme is None:
        headings.remove("entities")
    sizes = Table("split", *(Column(_heading(h), justify="right") for h in headings))
    kinds = Table("tag" if report.scheme is None else "type")
    for name, split in report.splits.items():
        sizes_of = {**split._asdict(), "entities": sum(split.entities.values())}
        sizes.add_row(name, *(f"{sizes_of[heading]:,}" for heading in headings))
        kinds.add_column(name, justify="right")
    total: Counter[str] = sum((Counter(s.entities) for s in report.splits.values()), Counter())
    for kind, _ in total.most_common():
        counts = [split.entities.get(kind, 0) for split in report.splits.values()]
        kinds.add_row(kind, *(f"{count:,}" for count in counts))
    for table in (sizes, kinds):
        table.box, table.pad_edge, table.header_style = None, False, "bold"
    return [
        *(_beginning(split) for split in [*report.splits.values()][:1]),
        *(_origin(name, split.how) for name, split in report.splits.items()),
        Text(f"tags: {report.scheme or 'one per token (no chunk tags)'}"),
        "",
        sizes,
        "",
        kinds,
        "",
        *map(_line, report.faults),
        _verdict(report),
    ]


def _heading(field: str) -> str:
    """Words and characters are new if the training sentences lack them: out of vocabulary."""
    return field.replace("new_", "OOV ")


def _origin(name: str, how: How) -> Text:
    parts = [how.format, how.separator, f"words {how.token_column}", f"tags {how.tag_column}"]
    if how.skipped:
        parts.append(f"skipped {how.skipped}")
    return Text(f"{name}: {', '.join(filter(None, parts))}")


def _line(fault: Fault) -> Text:
    colour = "red" if fault.severity == "error" else "yellow"
    return Text.assemble(
        (f"{fault.where}: ", "bold"), (f"{fault.severity}: ", colour), fault.message
    )


def _beginning(split: Split) -> Text:
    """The first sentence as it was read, which shows at once where that was wrong."""
    pairs = [f"{word} {tag}" for word, tag in split.beginning]
    return Text(f"first sentence: {' · '.join(pairs) or 'none'}")


def _verdict(report: Report) -> Text:
    """What was found, in one line."""
    sentences = sum(split.sentences for split in report.splits.values())
    counts = sum((Counter(split.entities) for split in report.splits.values()), Counter())
    if report.scheme is None:
        what = f"{_number(len(counts), 'tag')}, one by one"
    else:
        types = _number(len(counts), "type")
        what = f"{_number(counts.total(), 'entity', 'entities')} of {types} in {report.scheme}"
    errors = sum(fault.severity == "error" for fault in report.faults)
    warnings = len(report.faults) - errors
    kinds = ((errors, "error"), (warnings, "warning"))
    found = " and ".join(_number(n, kind) for n, kind in kinds if n) or "nothing wrong"
    return Text(
        f"{_number(sentences, 'sentence')} with {what}: {found}"
        + " to repair before training" * bool(errors),
        "red" if errors else "yellow" if warnings else "green",
    )


def _number(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
