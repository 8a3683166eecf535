"""The commands of `data`: check, convert, score."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..data.options import AS_FOUND, Options
from ..errors import InputError
from .output import AsJSON, Quiet, console, note, print_json, print_scores
from .parameters import with_reading_options

data_app = typer.Typer(no_args_is_help=True, help="Check, convert and score labelled sentences.")

NOTES = 20  # warnings shown, of a conversion


@data_app.command("check")
@with_reading_options
def data_check(
    options: Options,
    source: Annotated[
        list[str],
        typer.Argument(
            help="Files, in the order train, dev, test; the name of a data set; or an experiment "
            "in TOML, to check what it would train on."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Counts, scheme, and what is wrong, with file and line. Exit status 1 if there is an error."""
    from ..data import checker
    from ..data.reader import read
    from .check_report import render

    path = Path(source[0])
    if len(source) == 1 and path.suffix == ".toml":
        from ..config.loading import load
        from ..data.splits import readings

        if options != AS_FOUND:
            raise InputError(f"{path}: an experiment says in [data] itself how its files are read")
        splits = readings(load(path).data)
    elif len(source) == 1 and not path.exists() and not path.suffix and not path.is_absolute():
        from ..data.splits import named

        splits = named(source[0], options)
    elif len(source) > 3:
        raise InputError(f"{len(source)} files: check at most three together: train, dev, test")
    else:
        names = ("train", "dev", "test") if len(source) > 1 else ("all",)
        splits = {name: read(path, options) for name, path in zip(names, source, strict=False)}
    report = checker.check(splits)
    if as_json:
        print(json.dumps(checker.as_dict(report), ensure_ascii=False, indent=1))
    else:
        for part in render(report):
            console().print(part, soft_wrap=True)
    if report.has_errors:
        raise typer.Exit(1)


@data_app.command("convert")
@with_reading_options
def data_convert(
    options: Options,
    source: Annotated[str, typer.Argument(help="A file that `data check` reads.")],
    target: Annotated[
        str,
        typer.Argument(help="The file to write: .jsonl, .conllu, or anything else for columns."),
    ],
    to: Annotated[
        str | None,
        typer.Option(help="The scheme to write: IOB2 (BIO), IOB1, IOBES, BILOU, BMES or IO."),
    ] = None,
    separator: Annotated[
        Literal["tab", "space"] | None, typer.Option(help="Between columns.")
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Writes sentences in another tag scheme or format; names what it repairs or cannot keep."""
    from ..data.converter import convert

    done = convert(source, target, to, options, separator)
    if as_json:
        was, now = (dict(zip(("scheme", "format"), way, strict=True)) for way in done[2:4])
        print_json({"file": target, **done._asdict(), "source": was, "target": now})
        return
    for one in done.notes[:NOTES]:
        note(f"{one.where}: {one.severity}: {one.message}")
    if len(done.notes) > NOTES:
        note(f"and {len(done.notes) - NOTES} more warnings")
    ways = [f"{scheme or 'one tag per token'} in {format}" for scheme, format in done[2:4]]
    print(f"{target}: {done.sentences:,} sentences, {done.tokens:,} tokens: {' -> '.join(ways)}")


@data_app.command("score")
@with_reading_options
def data_score(
    options: Options,
    gold: Annotated[
        str,
        typer.Argument(
            help="The gold tags; or gold and predicted tags, in the last two columns of one file."
        ),
    ],
    predicted: Annotated[
        str | None, typer.Argument(metavar="[PRED]", help="The same words with predicted tags.")
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(help="The training sentences, to score seen and unseen entities separately."),
    ] = None,
    predicted_scheme: Annotated[
        str | None, typer.Option(help="The scheme of the predicted tags, if it is another.")
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Bootstrap samples for the confidence intervals.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 1,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with every sentence and its entities.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The scores as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Scores predicted tags as conlleval does, with confidence intervals and an error analysis."""
    from ..scoring.files import score_files

    if html is not None and html.exists():
        raise InputError(f"{html}: exists: give another name")
    done = score_files(gold, predicted, train, options, predicted_scheme, samples, seed)
    for one in done.notes:
        note(f"{one.where}: {one.severity}: {one.message}")
    own = done.analysis.scores.scheme or "tag per token"
    other = "" if done.predicted_scheme in (None, own) else f", predicted {done.predicted_scheme}"
    title = f"{predicted or gold}: {own}{other}"
    if html is not None:
        from ..pages.page import local
        from ..scoring import page

        facts = {"gold": local(gold), "predicted": local(predicted or ""), "schemes": own + other}
        made = page.html(done.analysis, done.cases, local(predicted or gold), facts)
        try:
            html.write_text(made, "utf-8")
        except OSError as error:
            raise InputError(f"{html}: cannot be written: {error.strerror}") from None
    print_scores(done.analysis, title, as_json)
