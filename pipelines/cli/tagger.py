"""The commands of one tagger: init, train, evaluate, tag, export."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..data.options import Options
from ..errors import InputError
from ..quiet import import_tensorflow
from ..tagging import MOST_ALTERNATIVES
from .lines import flushing, sentences, standard_input
from .output import AsJSON, Quiet, console, fail, note, print_json, print_scores
from .parameters import Set, TensorBoard, with_reading_options


@with_reading_options
def init(
    options: Options,
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Files of labelled sentences, whose names say train, dev (or valid) and test; or "
            "the name of a data set.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The configuration to write.")] = Path("my.toml"),
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Writes a first configuration for some files, with comments; it trains as it is."""
    from ..training import draft

    done = draft.write(source, out, options)
    if as_json:
        counts = {name: split.sentences for name, split in done.report.splits.items()}
        result = {"file": out, "files": done.files, "sentences": counts}
        print_json({**result, "warnings": len(done.report.faults)})
        return
    for name, split in done.report.splits.items():
        files = ", ".join(done.files[name]) or f"held out of train, or of {source[0]}"
        note(f"{name}: {files}: {split.sentences:,} sentences")
    if count := len(done.report.faults):
        warnings = f"{count:,} warnings" if count > 1 else "a warning"
        note(f"{warnings}: see `lstm-variants data check {out}`")
    print(f"{out}: written; next, `lstm-variants train {out}`")


def train(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="An experiment in TOML; `lstm-variants config keys` lists its keys. With --from "
            "it says what is different from that run, and may be left out."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Start from the weights of a finished run."),
    ] = None,
    vocabulary: Annotated[
        Literal["frozen", "extended"] | None,
        typer.Option(
            help="With --from: frozen keeps the words, characters and tags of the run; extended "
            "adds those of the training sentences. [default: frozen]",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run folder; by default runs/NAME, or RUN-continued without CONFIG."),
    ] = None,
    tensorboard: TensorBoard = False,
    overrides: Set = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Trains a tagger into a run folder; the same command resumes a training that was killed."""
    import_tensorflow()
    from ..api import planned
    from ..training import trainer
    from .progress import TrainingProgress

    told = [*(overrides or []), *["training.tensorboard = true"] * tensorboard]
    experiment, run_folder = planned(config, out, start, vocabulary, told)
    try:
        watching: Any = nullcontext() if quiet else TrainingProgress()
        with watching as progress:
            scores = trainer.train(experiment, run_folder, progress)
    except trainer.TrainingFailed as error:
        fail(str(error), status=1)
    except KeyboardInterrupt:
        print(
            f"{run_folder}: stopped; run the same command to resume from the last epoch",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    name = {"f1": "entity F1", "accuracy": "accuracy"}[scores["measure"]]
    if scores["best_epoch"] == 0:
        note(f"no epoch was better on dev than {experiment.start.run}: its weights are kept")
    if as_json:
        print_json({"run": run_folder, **scores})
        return
    print(
        f"{run_folder}: dev {name} {100 * scores['dev']:.2f} at epoch {scores['best_epoch']} of "
        f"{scores['epochs']}; {scores['parameters']:,} weights, "
        f"{scores['seconds_per_epoch']:.2f} s per epoch"
    )


def evaluate(
    run_folders: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders; with several, also their mean."),
    ],
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="The scores as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Scores runs as conlleval does; writes predictions, errors and a page into their folders."""
    import_tensorflow()
    from ..evaluation import evaluator
    from ..training.runs import finished, lineage

    if len({folder.resolve() for folder in run_folders}) < len(run_folders):
        raise InputError("evaluate: the same run is given twice")
    if len(run_folders) == 1:
        analysis = evaluator.evaluate(run_folders[0], split)
        title = f"{run_folders[0]}{lineage(run_folders[0])}, {split}"
        print_scores(analysis, title, as_json)
    else:
        for folder in run_folders:  # before any of them is scored
            finished(folder)
        analyses = {str(folder): evaluator.evaluate(folder, split) for folder in run_folders}
        _print_runs(analyses, split, as_json)
    page = run_folders[-1] / f"report.{split}.html"
    if page.exists():
        note(f"page: {page}")
    else:
        note("no page: pip install 'keras-lstm-variants[report]'")


def tag(
    model: Annotated[Path, typer.Argument(help="A run folder or an export.")],
    text: Annotated[
        str, typer.Argument(help="A text, or - for standard input, where each line is a text.")
    ],
    split: Annotated[
        bool, typer.Option("--split", help="Words are separated by whitespace already.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="A JSON object per sentence, with the entities and the offsets of all words.",
        ),
    ] = False,
    alternatives: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=MOST_ALTERNATIVES,
            help="The N most probable tag sequences of each sentence: a column each, below a line "
            "with their probabilities.",
        ),
    ] = 0,
    quiet: Quiet = False,
) -> None:
    """Tags text: a line for each word with its tag, an empty line after each sentence.

    A text may have any number of sentences. Places count code points, the end is the place after.
    """
    lines = flushing(standard_input()) if text == "-" else iter(sentences(text))
    import_tensorflow()
    from ..serving import taggers, tagging
    from . import tagged

    tagger, written = taggers.load(model), tagged.as_json if as_json else tagged.as_columns
    for sentence in tagging.tag(tagger, lines, split, as_json, alternatives):
        sys.stdout.write(written(sentence, bool(alternatives)))
    sys.stdout.flush()


def export(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    directory: Annotated[Path, typer.Argument(help="Where to write: a folder per version.")],
    version: Annotated[int, typer.Option(min=1, help="The version.")] = 1,
    format: Annotated[
        Literal["saved_model", "onnx", "litert"],
        typer.Option(
            help="onnx and litert models take and return ids instead of strings; files "
            "beside them say what the ids mean."
        ),
    ] = "saved_model",
    batch_size: Annotated[int, typer.Option(min=1, help="Batch size of a litert model.")] = 1,
    license: Annotated[
        str | None, typer.Option(help="The model's license for its card, such as CC-BY-4.0.")
    ] = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Writes a SavedModel that takes text or tokens, for TensorFlow Serving and for `serve`."""
    import_tensorflow()
    from ..serving import exporter

    written = exporter.export(run_folder, directory, version, format, batch_size, license)
    if as_json:
        print_json({"run": run_folder, "export": written, "version": version, "format": format})
    else:
        print(written)


def _print_runs(analyses: dict[str, Any], split: str, as_json: bool) -> None:
    from ..scoring import tables
    from ..scoring.analysis import as_dict

    if as_json:
        of_runs = {name: as_dict(analysis) for name, analysis in analyses.items()}
        values = {"runs": of_runs, **tables.spread(analyses)._asdict()}
        print(json.dumps(values, ensure_ascii=False, indent=1))
    else:
        console().print(tables.runs(analyses, split))
