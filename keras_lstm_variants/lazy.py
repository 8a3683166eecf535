"""What a package exports, imported when it is first used: Keras takes seconds to import."""

import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import wrapt

PACKAGE = __name__.rpartition(".")[0]
BACKENDS = ("tensorflow", "jax", "torch")


class Lazy(Mapping[str, Any]):
    """A read-only dict whose values are imported when they are looked up, and only then.

    Args:
        places: Key -> where its value is: "module:name", the module relative to the package.
        package: The package's full name.
    """

    def __init__(self, places: Mapping[str, str], package: str) -> None:
        self.places = dict(places)
        self.package = package

    def __getitem__(self, key: str) -> Any:
        module, _, name = self.places[key].partition(":")
        try:
            imported = importlib.import_module(f"{self.package}.{module}")
        except ImportError as error:  # Keras' own, if its backend is not installed
            backend = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
            if backend in BACKENDS:
                raise
            raise RuntimeError(other_backend(backend)) from error
        return getattr(imported, name) if name else imported

    def __contains__(self, key: object) -> bool:
        return key in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def __repr__(self) -> str:
        return f"Lazy({self.places})"


def other_backend(backend: str) -> str:
    return (
        f"keras_lstm_variants runs on the Keras backends {', '.join(BACKENDS)}, not on {backend}: "
        "set KERAS_BACKEND to one of them before Keras is imported."
    )


def attribute(module: str, exports: Lazy, name: str) -> Any:
    """What a module's `__getattr__` gives; remembered in the module, so it is asked once a name."""
    if name not in exports:
        found = sys.modules[module]
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=found)
    return vars(sys.modules[module]).setdefault(name, exports[name])


def register_with_keras(exports: Lazy) -> None:
    """Imports all exports as soon as Keras is imported, now if it is: importing registers classes.

    So `keras.models.load_model` finds every class whatever was imported first, and who does not
    import Keras does not wait for it. If it is one of our modules that imports Keras, the others
    have to wait for that module, because they may need it.
    """
    begun = False

    def register(_: object) -> None:
        nonlocal begun
        if not begun and "keras" in sys.modules and not importing_one_of_ours():
            begun = True
            for name in exports:
                exports[name]

    wrapt.register_post_import_hook(register, "keras")
    for module in modules(sys.modules[PACKAGE].__path__, f"{PACKAGE}."):
        if module not in sys.modules:
            wrapt.register_post_import_hook(register, module)


def importing_one_of_ours() -> bool:
    return any(
        frame.f_code.co_name == "<module>"
        and frame.f_globals.get("__name__", "").startswith(f"{PACKAGE}.")
        for frame, _ in traceback.walk_stack(None)
    )


def modules(path: Iterable[str], prefix: str) -> Iterator[str]:
    """All modules beneath a package, without importing any: `pkgutil.walk_packages` imports."""
    for module in pkgutil.iter_modules(path, prefix):
        yield module.name
        if module.ispkg:
            folder = module.name.rpartition(".")[2]
            yield from modules([f"{parent}/{folder}" for parent in path], f"{module.name}.")
