"""Sequence tagging from files to a server: one module per stage.

The commands of `lstm-variants` as functions, and `load`, which makes a tagger of a run folder or an
export:

    import pipelines

    run = pipelines.train("my.toml")
    tagger = pipelines.load(run)
    tagger("Angela Merkel met Barack Obama in Berlin.").entities

Importing this imports neither Keras nor TensorFlow; the functions do, when they are called.
"""

from .api import (
    Run,
    Sweep,
    evaluate,
    export,
    load,
    sweep,
    train,
)
from .errors import InputError, TrainingFailed
from .tagging import Alternative, Entity, Span, Tagged, Tagger, Word

__all__ = [
    "Alternative",
    "Entity",
    "InputError",
    "Run",
    "Span",
    "Sweep",
    "Tagged",
    "Tagger",
    "TrainingFailed",
    "Word",
    "evaluate",
    "export",
    "load",
    "sweep",
    "train",
]
