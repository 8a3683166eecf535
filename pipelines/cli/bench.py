"""The commands of `bench`: layers, pipeline, serve."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..quiet import import_tensorflow
from .output import Quiet, console
from .parameters import Set

bench_app = typer.Typer(no_args_is_help=True, help="Measure speed on this machine.")

Threads = Annotated[
    int | None, typer.Option(min=1, help="CPUs to use; by default two, if there are two.")
]
AsJSON = Annotated[Path | None, typer.Option("--json", help="Write all numbers to this file.")]
AsMarkdown = Annotated[Path | None, typer.Option("--markdown", help="Write the table to it.")]


@bench_app.command("layers")
def bench_layers(
    cell: Annotated[
        list[str] | None, typer.Option(help="A cell; by default all of them, at one shape.")
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(help="Batch, steps, features, units: 32,64,128,128.")
    ] = None,
    directions: Annotated[
        Literal["1", "2", "both"], typer.Option(help="2: bidirectional layers.")
    ] = "1",
    backward: Annotated[
        bool | None,
        typer.Option(
            "--backward/--forward", help="Only training, or only the forward pass; both by default."
        ),
    ] = None,
    dtype: Annotated[Literal["float32", "bfloat16"], typer.Option(help="Of products.")] = "float32",
    memory: Annotated[
        bool, typer.Option("--memory", help="Measure the peak memory of training steps, too.")
    ] = False,
    budget: Annotated[float, typer.Option(min=1, help="Seconds for everything, about.")] = 600,
    processes: Annotated[
        int,
        typer.Option(min=1, help="Take medians over so many: a process may be unlucky as a whole."),
    ] = 1,
    threads: Threads = None,
    as_json: AsJSON = None,
    as_markdown: AsMarkdown = None,
    quiet: Quiet = False,
) -> None:
    """Times our layers beside Keras', torch's and the multiplications that all of them need.

    On the backend that KERAS_BACKEND names: tensorflow or jax.
    """
    count = _prepare_bench(threads, as_json, as_markdown)
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import_tensorflow()
    from ..bench import layer_speed, layer_tables

    groups = layer_speed.plan(
        cell or [],
        map(layer_speed.parse_shape, shape or []),
        {"1": (1,), "2": (2,), "both": (1, 2)}[directions],
        dtype,
    )
    passes = layer_speed.PASSES if backward is None else (layer_speed.PASSES[backward],)
    if processes > 1:
        from ..bench.processes import measure

        report = measure(processes, groups, passes, budget, count, memory)
    else:
        report = layer_speed.measure(groups, passes, budget, count, memory)
    _tell_bench(report, layer_tables.tables(report), as_json, as_markdown)


@bench_app.command("pipeline")
def bench_pipeline(
    config: Annotated[Path, typer.Argument(help="An experiment in TOML; see configs/tagging/.")],
    overrides: Set = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs to time, after one to warm up.")] = 3,
    budget: Annotated[float, typer.Option(min=1, help="Seconds after which none begins.")] = 600,
    threads: Threads = None,
    as_json: AsJSON = None,
    as_markdown: AsMarkdown = None,
    quiet: Quiet = False,
) -> None:
    """Times training and tagging as an experiment does them, and what they wait for."""
    count = _prepare_bench(threads, as_json, as_markdown)
    from ..config.loading import load

    experiment = load(config, overrides or [])
    import_tensorflow()
    from ..bench import pipeline_speed

    report = pipeline_speed.measure(experiment, epochs, budget, count)
    _tell_bench(report, pipeline_speed.tables(report), as_json, as_markdown)


@bench_app.command("serve")
def bench_serve(
    directory: Annotated[Path, typer.Argument(metavar="EXPORT", help="An export.")],
    requests: Annotated[int, typer.Option(min=20, help="Requests of each length.")] = 300,
    budget: Annotated[float, typer.Option(min=1, help="Seconds after which none is sent.")] = 120,
    hostile: Annotated[
        bool,
        typer.Option(
            "--hostile",
            help="Instead, see whether it bears mute, slow, vanishing and too many clients. Exit "
            "status 1 if not.",
        ),
    ] = False,
    batching: Annotated[
        bool,
        typer.Option(
            "--batching",
            help="Instead, count the CPU time of answers with and without --no-batching.",
        ),
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="With --hostile: at twice the capacity.")
    ] = 60,
    threads: Threads = None,
    as_json: AsJSON = None,
    as_markdown: AsMarkdown = None,
    quiet: Quiet = False,
) -> None:
    """Times the answers of `serve` for an export, and how soon a fresh process gives the first."""
    count = _prepare_bench(threads, as_json, as_markdown)
    if hostile:
        from ..bench import hostile as suite

        found = suite.measure(directory, seconds, count)
        _tell_bench(found, suite.tables(found), as_json, as_markdown)
        raise typer.Exit(1 if found["failures"] else 0)
    if batching:
        from ..bench import server_batching

        found = server_batching.measure(directory, threads=count)
        _tell_bench(found, server_batching.tables(found), as_json, as_markdown)
        return
    import_tensorflow()
    from ..bench import server_speed

    report = server_speed.measure(directory, requests, budget, count)
    _tell_bench(report, server_speed.tables(report), as_json, as_markdown)


def _prepare_bench(threads: int | None, *files: Path | None) -> int:
    from ..bench.machine import limit_threads
    from ..bench.report import check_writable

    check_writable(*files)
    return limit_threads(threads)


def _tell_bench(
    report: dict[str, Any], tables: list[Any], as_json: Path | None, as_markdown: Path | None
) -> None:
    from ..bench.report import for_terminal, write

    for table in tables:
        console().print(for_terminal(table))
    write(report, tables, as_json, as_markdown)
