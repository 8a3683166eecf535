"""Taggers as what a sweep trains: an ordinary `train` and `evaluate` each."""

import math
import time
from typing import Any

import keras

from ..config.schema import PACKAGES, Experiment
from ..encoding.batching import batch_count
from ..evaluation.evaluator import evaluate as evaluate
from ..serving.exporter import export as export
from ..tagger.model import build_tagger, check_layers
from ..training.costs import Meter
from ..training.program import Program, program, seed_of
from ..training.runs import config as config
from ..training.trainer import Prepared, prepare_training
from ..training.trainer import train as train
from .task import Probe

BATCHES = 6  # that are timed, after the first


def files(experiment: Experiment) -> list[str]:
    named = [file for split in ("train", "dev", "test") for file in experiment.data.files(split)]
    return named + [file for file in experiment.vectors.files if file not in PACKAGES]


def reads(experiment: Experiment) -> dict[str, Any]:
    return {
        **experiment.model_dump(include={"data", "vectors", "start"}),
        "characters": experiment.model.characters != "none",
        "features": experiment.model.features,
    }


def read(experiment: Experiment) -> Prepared:
    return prepare_training(experiment)


def check_model(experiment: Experiment, reading: Any) -> None:
    check_layers(experiment.model)


def weights(experiment: Experiment, prepared: Prepared) -> int:
    # Rows of pretrained vectors are none of these weights: one of them does for all.
    rows = None if prepared.rows is None else prepared.rows[:1]
    words = prepared.words
    if rows is not None:
        words = words._replace(vectors=words.vectors[:1])
    model = build_tagger(words, experiment.model, rows, experiment.vectors.tuned)
    return sum(math.prod(v.shape) for v in model.trainable_variables)


class _Times(keras.callbacks.Callback):
    """Measures from the end of the first batch on."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 0:
            self.meter = Meter()


def probe(
    experiment: Experiment, prepared: Prepared, like: Program | None
) -> tuple[Probe, Program]:
    """Times a few batches, of which another program may have the examples."""
    training = experiment.training
    keras.utils.clear_session(free_memory=True)
    sentences = prepared.sentences["train"]
    made = program(sentences, prepared.words, prepared.rows, experiment, [1], like)
    model, lengths = made.model, made.lengths
    accumulated = training.gradient_accumulation_steps
    order = made.batches(seed_of(experiment, 1))
    count = batch_count(len(lengths), training.batch_size, accumulated)
    times, began = _Times(), time.perf_counter()
    # The first batch of each shape is traced: the same ones again are not.
    some = order.take(1 + BATCHES).cache()
    model.fit(some, verbose=0, shuffle=False)
    compiled = time.perf_counter() - began
    model.fit(some, verbose=0, shuffle=False, callbacks=[times])
    cost, timed = times.meter.read(), min(BATCHES, count - 1)
    epoch = count / timed if timed else 1.0  # a single batch is an epoch
    found = Probe(compiled, cost.seconds * epoch, cost.cpu_seconds * epoch, cost.other_load)
    return found, made
