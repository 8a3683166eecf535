"""The command line. Nothing heavy is imported before a command needs it."""

import os
import sys
from typing import Annotated

import typer

from ..errors import InputError
from .bench import bench_app
from .catalogue import cells
from .config import config_app
from .data import data_app
from .forecast import forecast
from .inspect import inspect
from .output import fail
from .probe import probe
from .reproduce import reproduce
from .serve import serve
from .sweep import report, sweep
from .tagger import evaluate, export, init, tag, train

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compare gated recurrent cells on labelled sentences; train, export and serve taggers.",
)
of_taggers = init, train, evaluate, tag, export, serve, sweep, report
for command in (*of_taggers, cells, inspect, probe, reproduce, forecast):
    app.command()(command)
app.add_typer(data_app, name="data")
app.add_typer(config_app, name="config")
app.add_typer(bench_app, name="bench")


def _print_version(wanted: bool) -> None:
    if wanted:
        from keras_lstm_variants import __version__

        print(f"lstm-variants {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="The version."),
    ] = False,
) -> None: ...


def run() -> None:
    """The entry point: bad input is one line and exit status 2, Ctrl-C is 130."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # pipelines are tf.data from end to end
    try:
        sys.exit(app(standalone_mode=False))
    except InputError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `lstm-variants tag ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if type(error).__module__.startswith(("click", "typer")):
            fail(error.format_message())  # type: ignore[attr-defined]
        if _is_lack_of_memory(error):
            reason = (str(error).strip() or "MemoryError").splitlines()[0].rpartition("}} ")[2]
            fail(
                f"not enough memory ({reason}): fewer units or layers or smaller batches need less"
            )
        raise


def _is_lack_of_memory(error: Exception) -> bool:
    """Whether it is Python, TensorFlow or JAX that has asked for too much."""
    name = type(error).__name__
    return name in ("MemoryError", "ResourceExhaustedError") or "RESOURCE_EXHAUSTED" in str(error)


if __name__ == "__main__":
    run()
