"""What a machine of a cluster does, in a process of Ray's that has imported nothing else.

TensorFlow reads how many threads it may have when it is imported; so that comes last.
"""

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..training import locks, runs
from ..versions import installed
from .results import SWEEP

WAIT = locks.DEAD + 10  # seconds for the lock of a trial whose machine was lost
WHO = "--workers: ray"
SAME = "install the same Python packages on all machines"
SHARED = "put it on a disk that all machines mount at the same path"


def look(place: dict[str, Any], token: str, answer: str) -> str:
    """Looks whether trials can run here.

    Args:
        place: What they need: the sweep's folder, the working directory, files, versions and
            variables of the environment.
        token: A file in the sweep's folder that holds its own name.
        answer: A file to be made there.

    Returns:
        What is wrong; empty if nothing is.
    """
    path = Path(token)
    if not path.exists() or path.read_text("utf-8") != path.name:
        return f"{WHO}: {platform.node()} does not see {path.parent}: {SHARED}"
    try:
        Path(answer).touch()
    except OSError as error:
        return f"{WHO}: {platform.node()}: {answer}: {error.strerror}: {SHARED}"
    return _fault(place)


def trial(values: dict[str, Any], place: dict[str, Any]) -> tuple[str, str]:
    """Runs a trial; on a machine that has joined later, nobody has looked before.

    Returns:
        What is wrong with the machine, and why the trial has failed; empty if nothing is.
    """
    if fault := _fault(place):
        return fault, ""
    from .running import of_task, perform

    return "", perform(of_task(values), lambda done, note: None, WAIT)


def versions() -> dict[str, str]:
    """Those of Python and of the packages that results may depend on, which are imported."""
    return {"Python": platform.python_version(), **installed(runs.PACKAGES)}


def _fault(place: dict[str, Any]) -> str:
    where = f"{WHO}: {platform.node()}"
    if not (Path(place["folder"]) / SWEEP).exists():
        return f"{where} does not see {place['folder']}: {SHARED}"
    with suppress(OSError):
        os.chdir(place["working"])  # to which paths of data may be relative
    for file in place["files"]:
        if not Path(file).exists():
            return f"{where} does not see {file}: {SHARED}"
    return differing(place)


def differing(place: dict[str, Any]) -> str:
    """Which package has another version here; empty if none has."""
    os.environ.update(place["environment"])
    from ..quiet import import_tensorflow

    import_tensorflow()
    here, there = versions(), place["versions"]
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) != there.get(name):
            return (
                f"{WHO}: {platform.node()} has {name} {here.get(name)}, and the sweep "
                f"{there.get(name)}: {SAME}"
            )
    return ""
