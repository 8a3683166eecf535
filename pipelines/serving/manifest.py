"""What a tagger says of itself: where it comes from, what it takes and gives, how good it is.

`manifest.json` in an export holds it; the model card and the page of `serve` are made of it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ..encoding import vocabulary
from ..errors import InputError
from ..pages.page import local
from ..training import runs
from ..versions import installed

MANIFEST = "manifest.json"
VERSION = 1  # of the form of the file: raised when a key changes its meaning
MEASURES = {"f1": "F1", "precision": "precision", "recall": "recall", "accuracy": "accuracy"}
Tensor = dict[str, Any]  # {"dtype": "string", "shape": ["batch", "steps"]}
Tensors = dict[str, dict[str, dict[str, Tensor]]]  # signature -> inputs or outputs -> name


def describe(run: Path) -> dict[str, Any]:
    """What a finished run says of itself; no path of it is absolute.

    Returns:
        Values for JSON: "manifest", the version of the form; "name" of the run; "task";
        "labels", by their ids; "scheme" of the labels, None if they spell no entities; "cell";
        "model", its section of the configuration; "parameters"; "lowercase"; "versions" of the
        packages that trained it, by name; "data": for each split its "sentences", "tokens",
        "sha256" and "file"; "started_from", the runs that it was continued from; "scores": for
        each split that was scored its measures as fractions, "sentences" and "intervals".

    Raises:
        InputError: The folder is no finished run, or its scores are damaged.
    """
    experiment, origin = runs.finished(run), runs.origin_of(run)
    words = vocabulary.load(run / runs.VOCABULARY)
    of_training = runs.scores(run)
    known = dict(origin["data"])
    if "test" not in known and (files := experiment.data.files("test")):  # it was not looked at
        known["test"] = {"file": ", ".join(files)}
    return {
        "manifest": VERSION,
        "name": run.resolve().name.encode(errors="replace").decode(),  # it may be no UTF-8
        "task": "token-classification",
        "labels": words.tags,
        "scheme": words.scheme,
        "cell": experiment.model.cell,
        "model": experiment.model.model_dump(),
        "parameters": of_training["parameters"],
        "lowercase": words.lowercase,
        "versions": {"python": origin["python"], **origin["packages"]},
        "data": {name: _of_data(split) for name, split in known.items()},
        "data_set": experiment.data.name,
        "started_from": runs.lineage(run).removeprefix(", "),
        "scores": _scores(run, of_training),
    }


def _of_data(split: Mapping[str, Any]) -> dict[str, Any]:
    files = ", ".join(local(file) for file in split.get("file", "").split(", "))
    return {**split, **({"file": files} if files else {})}


def _scores(run: Path, of_training: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `evaluate`; of dev at least that of training."""
    found: dict[str, Any] = {}
    for split in ("train", "dev", "test"):
        path = run / f"scores.{split}.json"
        if path.exists():
            try:
                found[split] = _of_split(json.loads(path.read_text("utf-8")))
            except (ValueError, TypeError, KeyError):
                raise InputError(
                    f"{path}: not what `lstm-variants evaluate` writes: evaluate the run again"
                ) from None
    if "dev" not in found:
        found["dev"] = {of_training["measure"]: of_training["dev"]}
    return found


def _of_split(scores: Mapping[str, Any]) -> dict[str, Any]:
    measures = list(MEASURES) if scores["scheme"] else ["accuracy"]
    intervals = scores["intervals"]
    return {
        **{name: _measure(scores, name) for name in measures},
        "sentences": scores["sentences"],
        "intervals": {
            "level": intervals["level"],
            "method": f"bootstrap over sentences, {intervals['samples']} samples",
            **{name: intervals[name] for name in measures},
        },
    }


def _measure(scores: Mapping[str, Any], name: str) -> float:
    return float(scores["accuracy"] if name == "accuracy" else scores["total"][name])


def of_export(
    run: Path, part: Path, format: str, version: int, signatures: Tensors, license: str | None
) -> dict[str, Any]:
    """What an export says of itself.

    Args:
        run: The run that it is of.
        part: Its folder, with the model in it.
        format: Its format.
        version: Its version.
        signatures: What it takes and gives.
        license: An SPDX identifier; None if nobody has said.

    Returns:
        What `describe` returns, and "format", "version", "created" as ISO 8601 in UTC, "license",
        "signatures", "exported_with": versions of packages; "files": "bytes" and "sha256" of each.
    """
    return {
        **describe(run),
        "format": format,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "license": license,
        "signatures": signatures,
        "exported_with": installed(runs.PACKAGES),
        "files": {
            path.relative_to(part).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": _checksum(path),
            }
            for path in sorted(part.rglob("*"))
            if path.is_file()
        },
    }


def direction(model: Mapping[str, Any]) -> str:
    """How the layers of a model read a sentence; manifests of before have bidirectional ones."""
    return {"both": "bidirectional"}.get(found := model.get("direction", "both"), found)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(folder: Path) -> dict[str, Any] | None:
    """The manifest of an export; None if it has none, or one that is damaged or of another form."""
    try:
        text = (folder / MANIFEST).read_text("utf-8")
        _Form.model_validate_json(text)
    except (OSError, ValueError):
        return None
    return dict(json.loads(text))


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _Model(_Strict):
    cell: str
    layers: int
    units: int
    decoder: str
    direction: str = "both"


class _Intervals(_Strict):
    f1: tuple[float, float] | None = None
    precision: tuple[float, float] | None = None
    recall: tuple[float, float] | None = None
    accuracy: tuple[float, float] | None = None


class _Scores(_Strict):
    f1: float | None = None
    precision: float | None = None
    recall: float | None = None
    accuracy: float | None = None
    sentences: int | None = None
    intervals: _Intervals = _Intervals()


class _Split(_Strict):
    file: str = ""


class _Form(_Strict):
    """What has to be in a manifest for those that read it here."""

    manifest: Literal[1]
    name: str
    labels: list[str]
    scheme: str | None
    model: _Model
    parameters: int
    versions: dict[str, str]
    data: dict[str, _Split]
    data_set: str | None
    started_from: str
    scores: dict[str, _Scores]
    license: str | None
    created: AwareDatetime
