"""The models of a server: found by name, version and label, replaced, watched; no TensorFlow."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..errors import InputError
from .contract import FAULTS
from .versions import Config, Model, Parts, Version

log = logging.getLogger(__name__)


class Models:
    """All models of a server. Any thread may ask; changes come one after the other.

    Args:
        parts: What models are made with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._changing = threading.Lock()
        self._models: dict[str, Model] = {}
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    @contextmanager
    def held(
        self, model: str, number: int | None = None, label: str | None = None
    ) -> Iterator[Version]:
        """A version that is there, and stays so meanwhile.

        Args:
            model: The model's name.
            number: The version; None for the newest that is there.
            label: A name for a version, in place of its number.

        Raises:
            Failure: There is no such model, version or label.
        """
        with self._parts.lock:
            version = self._find(model, number, label)
            version.users += 1
        try:
            yield version
        finally:
            with self._parts.lock:
                version.users -= 1
                self._parts.lock.notify_all()

    def _find(self, name: str, number: int | None, label: str | None) -> Version:
        if label is not None:
            number = self._labelled(name, label)
        available = self._models[name].available if name in self._models else {}
        if number is None:
            if not available:
                raise FAULTS["no model"](model=name)
            return available[max(available)]
        if number not in available:
            raise FAULTS["no version"](model=name, version=number)
        return available[number]

    def _labelled(self, name: str, label: str) -> int:
        labels = dict(self._models[name].config.labels) if name in self._models else {}
        if label not in labels:
            raise FAULTS["no label"](label=label)
        return labels[label]

    def status(
        self, name: str, number: int | None = None, label: str | None = None
    ) -> list[Version]:
        """The versions of a model, the newest first, or one of them.

        Raises:
            Failure: There is none.
        """
        with self._parts.lock:
            if label is not None:
                number = self._labelled(name, label)
            found = self._models[name].versions if name in self._models else {}
            if number is None and not found:
                raise FAULTS["no status"](model=name)
            if number is not None and number not in found:
                raise FAULTS["no status of version"](model=name, version=number)
            return [found[n] for n in sorted(found, reverse=True) if number in (None, n)]

    @property
    def names(self) -> list[str]:
        with self._parts.lock:
            return list(self._models)

    @property
    def missing(self) -> list[str]:
        """The models of which no version is there."""
        with self._parts.lock:
            return [name for name, model in self._models.items() if not model.available]

    def configure(self, configs: Sequence[Config]) -> None:
        """Serves these models and no others; when it returns, they are there.

        Raises:
            InputError: A model has no version that can be loaded. Nothing has changed.
        """
        with self._changing:
            before = self._models
            after = {config.name: self._model(config) for config in configs}
            fresh = [model for name, model in after.items() if before.get(name) is not model]
            for model in fresh:
                model.load()
                if not model.available:
                    for other in fresh:
                        other.unload()
                    raise InputError(f"{model.config.name}: {model.error()}")
            with self._parts.lock:
                for config in configs:
                    after[config.name].config = config
                self._models = after
            for model in before.values():
                if model not in after.values():
                    model.unload()
        self.look()

    def _model(self, config: Config) -> Model:
        """The model of a configuration: the one that is there, unless its folder is another."""
        model = self._models.get(config.name)
        if model is None or model.config.base != config.base:
            return Model(config, self._parts)
        return model

    def look(self) -> None:
        """Looks at all folders: loads what is new there, then unloads what is not wanted."""
        with self._changing:
            for model in self._models.values():
                model.load()
                model.trim()

    def watch(self, seconds: float, also: Callable[[], None] = lambda: None) -> None:
        """Looks at all folders again and again, in a thread of its own.

        Args:
            seconds: The time between two looks.
            also: Called before each.
        """

        def work() -> None:
            while not self._stop.wait(seconds):
                try:
                    also()
                    self.look()
                except Exception:
                    log.exception("looking for new versions failed")

        self._watcher = threading.Thread(target=work, name="versions")
        self._watcher.start()

    def stop(self) -> None:
        """Looks no more. The thread ends when what is being loaded is there."""
        self._stop.set()
