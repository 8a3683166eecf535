"""A run is a folder: what is in it, and how commands write and find it."""

import hashlib
import json
import os
import platform
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

from pydantic import FiniteFloat

from ..config.schema import Experiment
from ..config.start import CONFIG, resolved
from ..encoding.vectors import WordVectors
from ..encoding.vectors import checksum as vectors_checksum
from ..errors import InputError
from ..text.sentences import Sentence
from ..versions import installed
from . import locks, stored

VOCABULARY = "vocabulary.json"
CHECKPOINT = "checkpoint.npz"  # until training ends: everything the next epoch starts from
HISTORY = "history.tsv"  # a line for each epoch
TENSORBOARD = "tensorboard"  # a folder, only if the experiment asks for it
MODEL = "model.keras"  # the weights of the best epoch
ORIGIN = "origin.json"  # checksums of the data, versions of the packages
SCORES = "scores.json"  # written last: a run that has it is finished
DYING = 5.0  # seconds for the process that trained the run before to end, as it does if killed
# What reading a damaged archive of arrays raises. RuntimeError: a bit says that it is encrypted, or
# packed in a way that Python has not (NotImplementedError).
DAMAGED = (OSError, EOFError, RuntimeError, ValueError, BadZipFile, zlib.error)
PACKAGES = ("keras", "keras-lstm-variants", "numpy", "tensorflow", "tensorflow-datasets")


class Scores(stored.Stored):
    """What every scores.json has."""

    measure: Literal["f1", "accuracy", "skill"]  # the last one of forecasts
    dev: FiniteFloat
    best_epoch: int
    epochs: int
    parameters: int
    seconds_per_epoch: FiniteFloat
    tokens_per_second: FiniteFloat


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to that becomes `path` only when everything has been written."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):  # of a full disk, this gives back what it took
            part.unlink()
        raise


def write_json(path: Path, value: Any) -> None:
    with replacing(path) as part:
        text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
        part.write_text(text + "\n", "utf-8")


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run, finished or not."""
    return (folder / CONFIG).exists()


def is_finished(run: Path) -> bool:
    return (run / SCORES).exists()


def config(run: Path) -> dict[str, Any] | None:
    """The resolved experiment as plain values; None if the folder is no run."""
    experiment = resolved(run)
    return None if experiment is None else experiment.model_dump()


def scores(run: Path) -> dict[str, Any]:
    """What `train` returned for a finished run.

    Raises:
        InputError: They are not JSON, not all there, or not finite.
    """
    return stored.read(run / SCORES, Scores, "train again in another folder")


def origin_of(run: Path) -> dict[str, Any]:
    """Where a run comes from: what `origin` returned when it began."""
    return json.loads((run / ORIGIN).read_text("utf-8"))


@contextmanager
def writing(
    run: Path, experiment: Experiment, origin: dict[str, Any], wait: float = DYING
) -> Iterator[None]:
    """Holds the lock of a run's folder; of one that is refused, nothing is written.

    Raises:
        InputError: As `start`; or another process is writing the folder.
    """
    try:
        new = is_new(run)
    except OSError as error:
        raise InputError(f"{run}: cannot be written: {error.strerror}") from None
    if not new:
        check_resumable(run, experiment, origin)
    with locks.writing(run, wait=wait):
        yield


def start(run: Path, experiment: Experiment, origin: dict[str, Any]) -> bool:
    """Makes the folder of a run, or finds the same run that was interrupted.

    Its lock is to be held.

    Returns:
        Whether there is something to resume.

    Raises:
        InputError: The folder holds a finished run, another run or other things, or cannot be made;
            or the data or the backend are others than when the run began.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        if is_new(run):
            write_json(run / ORIGIN, origin)
            write_json(run / CONFIG, experiment.model_dump())
            return False
    except OSError as error:
        raise InputError(f"{run}: cannot be written: {error.strerror}") from None
    check_resumable(run, experiment, origin)
    return True


def is_new(run: Path) -> bool:
    """Whether a run can begin here: a kill may have left the origin, or a file half written."""
    return not run.exists() or all(
        path.name.startswith(".") or path.name == ORIGIN for path in run.iterdir()
    )


def check_resumable(run: Path, experiment: Experiment, origin: dict[str, Any]) -> None:
    """Raises InputError if the folder does not hold this run, interrupted."""
    if is_finished(run):
        raise InputError(f"{run}: holds a finished run, which is never written again: use --out")
    if config(run) is None:
        raise InputError(f"{run}: exists and is not a run: give another folder with --out")
    if config(run) != experiment.model_dump():
        raise InputError(f"{run}: holds another, unfinished run: give another folder with --out")
    check_unchanged(run, origin)
    began = json.loads((run / ORIGIN).read_text("utf-8")).get("backend", "tensorflow")
    if began != origin["backend"]:
        raise InputError(
            f"{run}: was begun on {began}, and would end otherwise on {origin['backend']}: set "
            f"KERAS_BACKEND={began}, or give another folder with --out"
        )


def check_unchanged(run: Path, origin: dict[str, Any]) -> None:
    """Raises InputError if the data of a run, or the run it goes on from, are others now."""
    before = json.loads((run / ORIGIN).read_text("utf-8"))
    if (start := origin.get("start")) and start["sha256"] != before["start"]["sha256"]:
        raise InputError(
            f"{start['run']}: has other weights than when {run} began: give another folder with "
            "--out"
        )
    for split, data in before["data"].items():
        if data != origin["data"][split]:
            where = data.get("file", split)
            raise InputError(
                f"{where}: has changed since {run} began: give another folder with --out"
            )


def check_sentences(run: Path, sentences: dict[str, list[Sentence]]) -> None:
    """Raises InputError if sentences are not those of the run's training any more."""
    known = json.loads((run / ORIGIN).read_text("utf-8"))["data"]
    for split, now in sentences.items():
        if checksum(now) != known[split]["sha256"]:
            where = known[split].get("file") or known["train"].get("file", split)
            raise InputError(
                f"{where}: has changed since {run} was trained, whose {split} sentences are others "
                "now: train it again"
            )


def finished(run: Path) -> Experiment:
    """The experiment of a finished run.

    Raises:
        InputError: The folder is no run, or its training has not finished.
    """
    values = config(run)
    if values is None:
        raise InputError(
            f"{run}: not a run folder (it has no {CONFIG}); `lstm-variants train` makes one"
        )
    if not is_finished(run):
        raise InputError(f"{run}: training has not finished: the same `train` command resumes it")
    return Experiment.model_validate(values)


def lineage(run: Path) -> str:
    """Which runs a run started from, for people; empty if from none."""
    names = []
    start = json.loads((run / ORIGIN).read_text("utf-8")).get("start")
    while start:
        names.append(f"{Path(start['run']).name} ({start['vocabulary']} vocabulary)")
        start = start.get("start")
    return f", started from {', which started from '.join(names)}" if names else ""


def origin(
    sentences: dict[str, list[Sentence]], experiment: Experiment, vectors: WordVectors | None
) -> dict[str, Any]:
    """Where a run comes from: its data, with checksums, the backend, versions of the packages."""
    import keras

    files = {split: ", ".join(experiment.data.files(split)) for split in sentences}
    of_vectors = (
        {
            "file": ", ".join(experiment.vectors.files),
            "shape": list(vectors.rows.shape),
            "sha256": vectors_checksum(vectors),
        }
        if vectors
        else None
    )
    return {
        "python": platform.python_version(),
        "packages": installed((*PACKAGES, *{keras.backend.backend()} - set(PACKAGES))),
        "backend": keras.backend.backend(),
        "machine": machine(),
        "data": {
            split: {
                "sentences": len(read),
                "tokens": sum(len(sentence.tokens) for sentence in read),
                "sha256": checksum(read),
                **({"file": files[split]} if files[split] else {}),
            }
            for split, read in sentences.items()
        }
        | ({"vectors": of_vectors} if of_vectors else {}),
    }


def machine() -> dict[str, Any]:
    """What trains: its processor, how many of its cores this process may use, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:  # where Python does not know it
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return {"processor": processor, "cores": cores, "system": platform.platform(terse=True)}


def checksum(sentences: Iterable[Sentence]) -> str:
    """Of what the sentences say, wherever they were read from."""
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(json.dumps([sentence.tokens, sentence.tags]).encode())
    return digest.hexdigest()
