"""`lstm-variants forecast`: the command, its progress and its table."""

import math
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..errors import InputError, TrainingFailed
from ..quiet import import_tensorflow
from .output import AsJSON, Quiet, console, print_json

MOST = 100_000  # of anything that is counted


def forecast(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE.csv",
            help="A CSV file with a header; or a data set of statsmodels: sunspots, co2, nile.",
        ),
    ],
    column: Annotated[
        str | None, typer.Option(help="The column to forecast, if there are several.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="The column of the times; found by itself if dates, or the first; none: rows."
        ),
    ] = None,
    cell: Annotated[
        list[str] | None,
        typer.Option(help="A cell; may be given several times. [default: lstm]"),
    ] = None,
    horizon: Annotated[
        int, typer.Option(min=1, max=MOST, help="Steps that are forecast at once.")
    ] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=MOST, help="Trainings of each cell.")] = 5,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; runs/forecast-FILE-COLUMN by default.")
    ] = None,
    fill: Annotated[
        Literal["linear", "previous"] | None,
        typer.Option(
            help="Fill in missing values and steps, from both neighbours or from the one before; "
            "errors are not scored there."
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            min=2, max=MOST, help="Steps that are forecast from. [default: 24, or two seasons]"
        ),
    ] = None,
    season: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST, help="Steps of a season; 1 for none. [default: found by itself]"
        ),
    ] = None,
    test: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of the series, its end, to score on.")
    ] = 0.33,
    units: Annotated[
        list[int] | None,
        typer.Option(
            min=1, max=4096, help="Units of a layer, once for each. [default: 50 and 100]"
        ),
    ] = None,
    dropout: Annotated[float, typer.Option(min=0, max=0.99, help="After each layer.")] = 0.2,
    epochs: Annotated[int, typer.Option(min=1, max=MOST, help="At most.")] = 200,
    patience: Annotated[
        int, typer.Option(min=1, max=MOST, help="Epochs without a smaller validation error.")
    ] = 20,
    batch_size: Annotated[int, typer.Option(min=1, max=MOST, help="Windows of a step.")] = 50,
    relative: Annotated[
        bool,
        typer.Option(
            "--relative", help="Learn differences from the last value: for series with a trend."
        ),
    ] = False,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help="Write the net with the least validation error as a SavedModel; also of a "
            "finished run.",
        ),
    ] = False,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Forecasts a series with recurrent nets, beside the baselines that they have to beat.

    The same command resumes a run that was killed. Whatever is learned is learned before the test
    part begins; nets stop by the last tenth of what is before.
    """
    _check_packages()
    from ..forecasting.plan import Request
    from ..forecasting.series import path_of, read

    series = read(source, column, time, fill)
    request = Request(
        cells=tuple(dict.fromkeys(cell or ["lstm"])),
        seeds=seeds,
        horizon=horizon,
        window=window,
        season=season,
        test=test,
        units=tuple(units or (50, 100)),
        dropout=dropout,
        epochs=epochs,
        patience=patience,
        batch_size=batch_size,
        relative=relative,
        fill=fill,
    )
    folder = out or Path("runs") / f"forecast-{path_of(source).stem}-{_plain(series.name)}"
    import_tensorflow()
    from ..forecasting import runner

    if export and runner.is_finished(folder):
        _print_export(runner.export(folder), folder, as_json)
        return
    try:
        with _Progress(quiet) as progress:
            result = runner.run(series, request, folder, progress)
    except TrainingFailed as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print(f"{folder}: stopped; run the same command to resume", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        written = runner.export(folder) if export else None
        print_json({"run": folder, **runner.as_dict(result), "export": written})
        return
    for part in table(series, result):
        console().print(part)
    print(f"pictures: {folder / runner.SERIES_PICTURE}, {folder / runner.ERROR_PICTURE}")
    if export:
        _print_export(runner.export(folder), folder, as_json)


def _check_packages() -> None:
    from importlib import import_module

    for name in ("matplotlib", "pandas", "statsmodels"):
        try:
            import_module(name)
        except ModuleNotFoundError:
            hint = "pip install 'keras-lstm-variants[forecast]'"
            raise InputError(f"forecast needs {name}: {hint}") from None


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name) or "column"


def _print_export(written: Path, folder: Path, as_json: bool) -> None:
    if as_json:
        print_json({"run": folder, "export": written})
    else:
        print(f"export: {written}")


def table(series: Any, result: Any) -> list[Any]:
    """The scores of all models, and in words what they say."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    plan, comparison = result.plan, result.comparison
    head = (
        f"{series.name}: {len(series.values):,} steps; trained on {plan.validation:,}, stopped by "
        f"{plan.test - plan.validation:,}, scored on {comparison.origins:,} origins of the last "
        f"{len(series.values) - plan.test:,}\nwindow {plan.window}, season {plan.season} "
        f"({plan.why_season}); forecast {plan.horizon} ahead"
    )
    caption = (
        "[95 % intervals] over origins and seeds. MASE: mean absolute error, of the naive forecast "
        f"in training 1. Difference: of the RMSE from {comparison.baseline}, the best baseline."
    )
    shown = Table(caption=caption, box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("model", "RMSE", "MASE", "difference"):
        shown.add_column(name, justify="left" if name == "model" else "right", no_wrap=True)
    for score in sorted(comparison.scores, key=lambda score: score.rmse.value):
        difference = _interval(score.difference) if score.difference else ""
        shown.add_row(score.name, _interval(score.rmse), _interval(score.mase, 2), difference)
    verdicts = [
        f"{score.name}: {comparison.verdict(score)} "
        f"({_seeds(score.seeds)}, {score.weights:,} weights)"
        for score in comparison.scores
        if score.difference
    ]
    return [Text(head), shown, Text("\n".join(verdicts))]


def _seeds(number: int) -> str:
    return "one seed" if number == 1 else f"{number} seeds"


def _interval(interval: Any, places: int | None = None) -> str:
    """With three digits of the largest number, unless told, and as many places of the others."""
    if places is None:
        places = max(0, 2 - math.floor(math.log10(max(map(abs, interval)) or 1.0)))
    value, low, high = (f"{number:.{places}f}" for number in interval)
    return f"{value} [{low}, {high}]"


def _Progress(quiet: bool) -> Any:
    from contextlib import nullcontext

    if quiet:
        return nullcontext()
    from .forecast_progress import ForecastProgress

    return ForecastProgress()
