"""How fast the tagger of a configuration trains and tags, and what it waits for."""

import math
import statistics
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from ..config.schema import Experiment
from ..encoding.encoder import Encoder
from ..quiet import followed
from ..tagger.model import build_tagger, decoded
from ..tagger.prediction import batched, predict
from ..training.devices import where
from ..training.program import program, seed_of
from ..training.trainer import DEV_BATCH, prepare_training
from . import machine
from .report import Table


def measure(
    experiment: Experiment, epochs: int = 3, budget: float = 600, threads: int = 1
) -> dict[str, Any]:
    """Trains for some epochs, as `train` does but into no run folder, and tags the dev sentences.

    Each epoch is run twice: by `fit`, whose speed is reported, and batch by batch, to see how long
    each batch is waited for. The first epoch, in which functions are traced, is not timed.

    Args:
        experiment: What to train on what.
        epochs: How many are timed, and how often the dev sentences are tagged.
        budget: Seconds after which no epoch begins; one is timed in any case.
        threads: What `limit_threads` gave.

    Returns:
        The report: plain values, times in seconds, memory in bytes.

    Raises:
        InputError: The data cannot be used.
    """
    about, others = machine.describe(threads), machine.Others()
    began = time.perf_counter()
    before = machine.peak_memory()
    sentences, words, rows, *_ = prepare_training(experiment)
    training = experiment.training
    keras.utils.set_random_seed(training.seed)
    made = program(sentences["train"], words, rows, experiment, range(1, epochs + 2))
    model, lengths = made.model, made.lengths
    tagger = build_tagger(words, experiment.model, rows, experiment.vectors.tuned)
    decoder = decoded(tagger, words, experiment.model.constraints, scored=False)
    encoder = Encoder(words)
    dev = [s.tokens for s in sentences["dev"]]

    tokens = {"training": sum(lengths), "tagging": sum(map(len, dev))}
    of_model, of_decoder = Traced(model), Traced(decoder)
    rounds: list[Round] = []
    traces = {"training": 0, "tagging": 0}
    for epoch in followed(range(epochs + 1), "epochs"):
        if epoch > 1 and time.perf_counter() - began > budget:
            break
        order = made.batches(seed_of(experiment, epoch))
        start, calls = time.perf_counter(), of_model.calls
        model.fit(order, verbose=0, shuffle=False)
        fitted = time.perf_counter() - start
        traces["training"] += of_model.calls - calls

        start, waited, places = time.perf_counter(), 0.0, 0
        for seconds, (ids, tags, weights) in timed(for_backend(order)):
            waited += seconds
            places += math.prod(tags.shape)
            model.train_on_batch(ids, tags, sample_weight=weights)
        taken = time.perf_counter() - start

        start, calls = time.perf_counter(), of_decoder.calls
        encoded_dev = batched(encoder, dev, DEV_BATCH, made.compiled)
        encoding = time.perf_counter() - start
        predict(decoder, words, encoded_dev)
        tagging = time.perf_counter() - start
        traces["tagging"] += of_decoder.calls - calls
        dev_places = sum(math.prod(ids["words"].shape) for ids in encoded_dev.ids)
        rounds.append(
            Round(
                {"training": fitted, "tagging": tagging},
                {"training": waited / taken, "tagging": encoding / tagging},
                {"training": places, "tagging": dev_places},
            )
        )

    warming, *counted = rounds
    results = {
        kind: {
            "sentences": count,
            "tokens": tokens[kind],
            "seconds": [one.seconds[kind] for one in counted],
            "first_seconds": warming.seconds[kind],
            "sentences_per_second": count / statistics.median(one.seconds[kind] for one in counted),
            "tokens_per_second": tokens[kind]
            / statistics.median(one.seconds[kind] for one in counted),
            "waiting": statistics.median(one.waiting[kind] for one in counted),
            "padding": 1 - tokens[kind] / statistics.median(one.places[kind] for one in counted),
            "traces": traces[kind],
        }
        for kind, count in (("training", len(lengths)), ("tagging", len(dev)))
    }
    return {
        "bench": "pipeline",
        "machine": {**about, "others": others.running()},
        "on": where(training),
        "compiled": made.compiled,
        "seconds": time.perf_counter() - began,
        "parameters": sum(math.prod(v.shape) for v in model.trainable_variables),
        "memory": {"before": before, "peak": machine.peak_memory()},
        "results": results,
    }


class Round(NamedTuple):
    """An epoch and a tagging of the dev sentences; each has "training" and "tagging".

    Attributes:
        seconds: How long they took.
        waiting: The share of time in which the model had no ids to work on.
        places: Tokens and padding of all batches.
    """

    seconds: dict[str, float]
    waiting: dict[str, float]
    places: dict[str, int]


class Traced:
    """Counts how often the Python code of a model is run, which is when a function is traced.

    Attributes:
        calls: How often so far.
    """

    def __init__(self, model: keras.Model) -> None:
        self.calls = 0
        call = model.call

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return call(*args, **kwargs)

        model.call = counted


def for_backend(batches: Iterable[Any]) -> Iterable[Any]:
    """The batches as `train_on_batch` takes them: other backends do not know those of tf.data."""
    if keras.backend.backend() == "tensorflow":
        return batches
    return (keras.tree.map_structure(np.asarray, batch) for batch in batches)


def timed(batches: Iterable[Any]) -> Iterator[tuple[float, Any]]:
    """Each batch after the seconds for which it was waited."""
    iterator = iter(batches)
    while True:
        began = time.perf_counter()
        try:
            batch = next(iterator)
        except StopIteration:
            return
        yield time.perf_counter() - began, batch


def tables(report: dict[str, Any]) -> list[Table]:
    """One table: what was measured, for training and for tagging."""
    kinds = list(report["results"].values())
    rows = [
        [name, *(form(kind) for kind in kinds)]
        for name, form in {
            "sentences": lambda kind: f"{kind['sentences']:,}",
            "tokens": lambda kind: f"{kind['tokens']:,}",
            "sentences/s": lambda kind: f"{kind['sentences_per_second']:,.0f}",
            "tokens/s": lambda kind: f"{kind['tokens_per_second']:,.0f}",
            "waiting for data": lambda kind: f"{kind['waiting']:.1%}",
            "padding": lambda kind: f"{kind['padding']:.1%}",
            "functions traced": lambda kind: f"{kind['traces']}",
            "first epoch, s": lambda kind: f"{kind['first_seconds']:.1f}",
        }.items()
    ]
    memory = report["memory"]
    by = ", steps compiled by XLA" if report["compiled"] else ""
    notes = [
        f"Training on {report['on']}{by}.",
        f"{machine.line(report['machine'], ('keras-lstm-variants', 'keras', 'tensorflow'))}.",
        f"{report['parameters']:,} weights. Medians of {len(kinds[0]['seconds'])} epochs after the "
        "first. Training: fit on the training sentences. Tagging: of the dev sentences, from words "
        "to tags; it waits for the ids of its words.",
        f"Peak memory {memory['peak'] / machine.MIB:,.0f} MiB, "
        f"{(memory['peak'] - memory['before']) / machine.MIB:,.0f} of them since the libraries "
        "were loaded.",
    ]
    if warning := machine.busy(report["machine"]):
        notes.append(warning)
    return [Table("pipeline", ["", *report["results"]], rows, notes)]
