"""One model, a folder of versions: which of them are there, and how they change; no TensorFlow.

A new version is loaded before the old one goes, so that there always is one. A request holds the
version that it began with until it has its answer, and a version goes when nobody holds it.
"""

import gc
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InputError
from .failures import Code

RETRIES, RETRY = 5, 60.0  # how often a version that cannot be loaded is tried again, and when

log = logging.getLogger(__name__)


class State(StrEnum):
    """Of a version, as TensorFlow Serving has them."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


class Policy(NamedTuple):
    """Which of the versions in a folder are served.

    Attributes:
        latest: So many with the highest numbers; 0 for all.
        specific: These and no others, if there are any.
    """

    latest: int = 1
    specific: tuple[int, ...] = ()

    def of(self, versions: Sequence[int]) -> set[int]:
        if self.specific:
            return set(versions) & set(self.specific)
        return set(sorted(versions)[-self.latest :])


def is_version(text: str) -> bool:
    """Whether this is the number of a version, in digits; one has 63 bits."""
    return text.isascii() and text.isdigit() and len(text) < 300 and int(text) < 2**63


class Config(NamedTuple):
    """A model to serve.

    Attributes:
        name: Its name in requests.
        base: An export, one version of one, or a run folder; the last two have one version.
        policy: Which versions are served.
        labels: Names for versions.
    """

    name: str
    base: Path
    policy: Policy = Policy()
    labels: tuple[tuple[str, int], ...] = ()


class Loaded(NamedTuple):
    """What a version can do.

    Attributes:
        call: From a signature, its rows, and whether they want alternatives, to a result of each.
        signatures: The signatures by name, as `SignatureDef`.
    """

    call: Callable[[str, Sequence[Any], bool], Sequence[Any]]
    signatures: dict[str, Any]


class Version:
    """One version of a model.

    Attributes:
        number: Its number.
        path: Its folder.
        state: Where it is in its life.
        error: Why it could not be loaded; "" if it could.
        loaded: What it can do, while it is there.
        users: How many requests hold it.
    """

    def __init__(self, number: int, path: Path) -> None:
        self.number = number
        self.path = path
        self.state = State.START
        self.error = ""
        self.loaded: Loaded | None = None
        self.users = 0
        self._attempts = 0
        self._tried = 0.0
        self._seen: Any = None

    @property
    def available(self) -> bool:
        return self.state is State.AVAILABLE

    @property
    def code(self) -> Code:
        """Whether its last loading succeeded."""
        return Code.INVALID_ARGUMENT if self.error else Code.OK

    def worth_trying(self, now: float) -> bool:
        """Whether loading it, if it failed before, may succeed: at once if its files changed."""
        if not self.error:
            return True
        if _files(self.path) != self._seen:
            self._attempts = 0
            return True
        return self._attempts <= RETRIES and now >= self._tried + RETRY

    def load(self, how: Callable[[Path], Loaded], now: float) -> None:
        """Loads it, or notes why that is not possible."""
        self.state = State.LOADING
        self._attempts, self._tried, self._seen = self._attempts + 1, now, _files(self.path)
        try:
            self.loaded = how(self.path)
        except Exception as error:  # whatever is wrong with a folder, the server goes on
            self.error, self.state = (
                str(error).splitlines()[0] if str(error) else repr(error),
                State.END,
            )
            if not isinstance(error, InputError):
                log.exception("%s: cannot be loaded", self.path)
            return
        self.error, self.state = "", State.AVAILABLE


def _files(path: Path) -> list[tuple[str, int, int]]:
    """What shows that something in a folder has changed."""
    try:
        found = [(str(file), file.stat()) for file in sorted(path.rglob("*"))]
    except OSError:  # it is changing now
        return []
    return [(name, about.st_size, about.st_mtime_ns) for name, about in found]


class Model:
    """The versions of one model. One thread changes them at a time.

    Args:
        config: What is served.
        parts: What it is made with.
    """

    def __init__(self, config: Config, parts: "Parts") -> None:
        self.config = config
        self.versions: dict[int, Version] = {}
        self._parts = parts

    @property
    def available(self) -> dict[int, Version]:
        return {number: v for number, v in self.versions.items() if v.available}

    def load(self) -> None:
        """Loads the versions that the policy wants and that are not there."""
        found = self._parts.folders(self.config.base)
        for number in sorted(self.config.policy.of(list(found))):
            version = self.versions.get(number)
            if version is None:
                version = Version(number, found[number])
                with self._parts.lock:
                    self.versions[number] = version
            now = self._parts.clock()
            if version.available or not version.worth_trying(now):
                continue
            version.path = found[number]
            version.load(self._parts.load, now)
            if version.error:
                log.warning("%s: %s", self.config.name, version.error)
            else:
                self._parts.loaded(self.config.name, version)

    def trim(self) -> None:
        """Unloads what the policy does not want, if there is something that it wants.

        A folder without any version is taken for a mistake, and what is there stays.
        """
        found = self._parts.folders(self.config.base)
        wanted = self.config.policy.of(list(found)) & self.available.keys()
        keep = wanted or {max(self.available, default=0)}
        self.unload(v for number, v in self.available.items() if number not in keep)
        with self._parts.lock:
            gone = [n for n, v in self.versions.items() if v.state is State.END and n not in found]
            for number in gone:
                del self.versions[number]

    def unload(self, versions: Iterable[Version] | None = None) -> None:
        """Takes versions away from new requests, waits for those that hold them, and drops them.

        Args:
            versions: Which; None for all.
        """
        for version in list(self.versions.values() if versions is None else versions):
            with self._parts.lock:
                if not version.available:
                    continue
                version.state = State.UNLOADING
                self._parts.lock.wait_for(lambda: not version.users)  # noqa: B023  called at once
                loaded, version.loaded = version.loaded, None
                version.state = State.END
            assert loaded
            self._parts.unloaded(loaded)
            del loaded
            gc.collect()  # a loaded SavedModel refers to itself

    def error(self) -> str:
        """Why no version is there."""
        failed = [v for v in self.versions.values() if v.error]
        if failed:
            return max(failed, key=lambda v: v.number).error
        policy, found = self.config.policy, sorted(self._parts.folders(self.config.base))
        if found:
            return f"{self.config.base}: has versions {found}, and not {list(policy.specific)}"
        return (
            f"{self.config.base}: neither a run nor an export: make one with `lstm-variants export`"
        )


class Parts(NamedTuple):
    """What models are made with.

    Attributes:
        load: Loads a version from its folder; raises InputError where it cannot.
        folders: The folder of each version below a base.
        clock: Gives the time in seconds.
        lock: Guards what requests see; notified when a request lets go of a version.
        loaded: Called with a model's name and a version that is served from now on.
        unloaded: Called with what a version could do, when it is gone.
    """

    load: Callable[[Path], Loaded]
    folders: Callable[[Path], dict[int, Path]]
    clock: Callable[[], float]
    lock: threading.Condition
    loaded: Callable[[str, Version], None] = lambda model, version: None
    unloaded: Callable[[Loaded], None] = lambda loaded: None
