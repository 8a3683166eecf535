"""The page of a server: try its models in a browser, see requests as code, read their cards."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

from ..errors import InputError
from ..pages.page import colours, policy, render, style
from ..training import runs
from . import manifest as manifests
from .models import Models

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
EXAMPLE = "Angela Merkel met Barack Obama in Berlin. They spoke about the European Union."


class Shown(NamedTuple):
    """A model on the page.

    Attributes:
        name: Its name in requests.
        version: Its version.
        folder: Its run folder, or that of its version.
    """

    name: str
    version: str
    folder: Path


def of(models: Models) -> Callable[[], Response]:
    """What answers `GET /`: the page of the versions that are the newest then.

    Raises:
        InputError: jinja2 is not installed.
    """

    def answer() -> Response:
        newest = [
            (name, next((v for v in models.status(name) if v.available), None))
            for name in models.names
        ]
        return response(tuple(Shown(name, str(v.number), v.path) for name, v in newest if v))

    answer()  # what is wrong is said before anybody asks
    return answer


@lru_cache(maxsize=4)  # pages of the versions of now; a new version makes another
def response(models: tuple[Shown, ...]) -> Response:
    """The answer to `GET /`.

    Raises:
        InputError: jinja2 is not installed.
    """
    script = (HERE / "page.js").read_text("utf-8")
    headers = {
        "Content-Security-Policy": f"{policy(script, style(), sends=True)}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html(models, script), headers=headers)


def html(models: Sequence[Shown], script: str) -> str:
    """The page itself."""
    described = [(model, _described(model)) for model in models]
    created = [found["created"] for _, found in described]
    title = ", ".join(model.name for model in models) or "no model"
    types = dict.fromkeys(type for _, found in described for type in _types(found))
    return render(
        HERE / "page.html",
        title,
        {"version": ", ".join(f"{model.version}" for model in models)},
        script,
        max(created, default=None),
        sends=True,
        models=[_values(*both) for both in described],
        colours=json.dumps(colours(types)),
        example=EXAMPLE,
    )


def _described(model: Shown) -> dict[str, Any]:
    """What a run or an export says of itself; exports of before had no manifest."""
    try:
        return _read(model)
    except (InputError, OSError, ValueError) as error:  # removed while it is served, or damaged
        log.warning("%s: the page says nothing of it: %s", model.folder, error)
        return {"created": datetime.now(UTC), "about": "what it says of itself cannot be read"}


def _read(model: Shown) -> dict[str, Any]:
    if runs.is_run(model.folder):
        written = (model.folder / runs.SCORES).stat().st_mtime
        return {**manifests.describe(model.folder), "created": datetime.fromtimestamp(written, UTC)}
    if (found := manifests.read(model.folder)) is None:
        written = (model.folder / "saved_model.pb").stat().st_mtime
        about = "this export has no manifest, or a damaged one: export the run again"
        return {"created": datetime.fromtimestamp(written, UTC), "about": about}
    return {**found, "created": datetime.fromisoformat(found["created"])}


def _types(found: dict[str, Any]) -> list[str]:
    """The types of entities, or the tags, in the order in which they get colours."""
    labels = found.get("labels", [])
    if found.get("scheme") is None:
        return list(labels)
    return [label.partition("-")[2] for label in labels if label != "O"]


def _values(model: Shown, found: dict[str, Any]) -> dict[str, Any]:
    """What the template shows of a model."""
    return {
        "name": model.name,
        "version": model.version,
        "path": f"v1/models/{quote(model.name, safe='')}:predict",
        "facts": _facts(found),
        "scores": [
            {"name": split, "cells": _cells(scores, name), "together": False}
            for split, scores in found.get("scores", {}).items()
            for name in manifests.MEASURES
            if scores.get(name) is not None
        ],
        "labels": found.get("labels", []),
    }


def _facts(found: dict[str, Any]) -> dict[str, str]:
    if "about" in found:
        return {"about": found["about"]}
    model, data = found["model"], found["data"]
    reads = manifests.direction(model)
    files = [f"{split}: {values['file']}" for split, values in data.items() if "file" in values]
    return {
        "run": found["name"],
        "cell": f"{model['layers']} × {model['cell']}, {model['units']} units, {reads}, "
        f"{model['decoder']}",
        "weights": f"{found['parameters']:,}",
        "scheme": found["scheme"] or "a tag per word",
        "data": ", ".join([*([found["data_set"]] if found["data_set"] else []), *files]),
        "history": found["started_from"],
        "license": found.get("license") or "not stated",
        "keras": found["versions"].get("keras", ""),
        "created": f"{found['created']:%Y-%m-%d}",
    }


def _cells(scores: dict[str, Any], name: str) -> list[str]:
    low, high = scores.get("intervals", {}).get(name) or ("", "")
    sentences = scores.get("sentences")
    return [
        manifests.MEASURES[name],
        f"{100 * scores[name]:.2f}",
        "" if low == "" else f"{100 * low:.1f}–{100 * high:.1f}",
        "" if sentences is None else f"{sentences:,}",
    ]
