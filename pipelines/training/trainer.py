"""An experiment becomes a run folder: train, keep the best epoch on dev, resume if killed."""

import json
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_lstm_variants import CRFLoss

from ..config.schema import Experiment
from ..data.checker import Report, check
from ..data.splits import readings, to_iob2, without_faults
from ..data.tfds_store import prepare
from ..encoding import vectors, vocabulary
from ..encoding.batching import batch_count, batches, encoded
from ..encoding.encoder import Encoder
from ..encoding.vectors import Coverage, WordVectors
from ..encoding.vocabulary import Vocabulary
from ..errors import InputError
from ..scoring.metrics import scores
from ..tagger.model import decoded, tagger
from ..tagger.prediction import batched, predict
from ..text.sentences import Sentence
from . import runs
from .devices import training_on
from .schedule import RawWeights, SmoothedCrossentropy, learning_rate, optimizer

DEV_BATCH = 64
COLUMNS = ("epoch", "loss", "dev", "seconds", "tokens_per_second")


class Epoch(NamedTuple):
    """What is known after an epoch: its row in the history, and the best so far."""

    row: dict[str, Any]
    best: float
    best_epoch: int


class Watcher:
    """Told how training goes; the command line and the sweep show it, each in its way."""

    def data(self, report: Report) -> None: ...

    def reading(self, name: str, share: float) -> None: ...

    def vectors(self, table: WordVectors, found: dict[str, Coverage]) -> None: ...

    def begin(
        self, experiment: Experiment, measure: str, batches: int, first_epoch: int
    ) -> None: ...

    def step(self, epoch: int, batch: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...


class TrainingFailed(Exception):
    """Training cannot go on, through no fault of the input's form."""


def train(experiment: Experiment, run: Path, watcher: Watcher | None = None) -> dict[str, Any]:
    """Trains a tagger into a run folder.

    A run that was interrupted, however rudely, goes on from its last whole epoch and ends as it
    would have: weights, optimizer, dropout and the order of sentences are all restored.

    Args:
        experiment: What to train on what.
        run: The folder; a new one, or that of the same experiment interrupted.
        watcher: Told after each batch and epoch.

    Returns:
        The scores of the run, as in its scores.json.

    Raises:
        InputError: The data or the folder cannot be used; nothing is written then.
        TrainingFailed: The loss is not a number any more.
    """
    watcher = watcher or Watcher()
    sentences, report = read_sentences(experiment)
    watcher.data(report)
    if experiment.training.gradient_accumulation_steps > len(sentences["train"]):
        raise InputError(
            "training.gradient_accumulation_steps: more batches to a step than there are sentences"
        )
    table = vectors.table(experiment.vectors, sentences["train"], watcher.reading)
    if table is not None:
        watcher.vectors(table, {name: vectors.coverage(table, s) for name, s in sentences.items()})
    words = known(experiment, sentences["train"], report, table)
    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(experiment.training.seed)
    rows = None if table is None else table.rows
    of_model = (words, experiment.model, rows, experiment.vectors.tuned)
    with training_on(experiment.training):
        model = tagger(*of_model)
        compile_model(model, experiment)
    # What is scored and saved is an ordinary model in float32, however the weights were trained.
    trained = tagger(*of_model)

    resuming = runs.start(run, experiment, runs.origin(sentences, experiment, table))
    vocabulary.save(words, run / runs.VOCABULARY)
    history = _fit(model, trained, words, sentences, experiment, run, resuming, watcher)

    with runs.replacing(run / runs.MODEL) as part:
        trained.save(part.with_suffix(".keras"))
        part.with_suffix(".keras").replace(part)
    result = summary(trained, words, history)
    runs.write_json(run / runs.SCORES, result)
    (run / runs.CHECKPOINT).unlink()
    return result


def read_sentences(experiment: Experiment) -> tuple[dict[str, list[Sentence]], Report]:
    """The sentences of train and dev, checked, entities in IOB2; and what the check said.

    Raises:
        InputError: The data cannot be read, or have errors.
    """
    found = readings(experiment.data)
    report = check(found)
    splits = without_faults(found, report)
    return to_iob2({split: splits[split] for split in ("train", "dev")}, report.scheme), report


def known(
    experiment: Experiment, sentences: list[Sentence], report: Report, table: WordVectors | None
) -> Vocabulary:
    """What a tagger will know: that which the training sentences and the word vectors have."""
    words = vocabulary.count(
        (s.tokens for s in sentences),
        (s.tags for s in sentences),
        report.scheme and "IOB2",
        experiment.data.min_count,
        experiment.data.lowercase,
        experiment.model.characters != "none",
        experiment.model.features,
    )
    return words if table is None else words._replace(vectors=table.words)


def compile_model(model: keras.Model, experiment: Experiment) -> None:
    training = experiment.training
    # The weights of a batch sum to one, so that this is the mean over its tokens. Keras' own mean
    # would count padding, or not, depending on whether its version hands on masks.
    if experiment.model.decoder == "crf":
        loss = CRFLoss(reduction="sum")
    elif training.label_smoothing:
        loss = SmoothedCrossentropy(training.label_smoothing)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(
        optimizer(training),
        loss,
        steps_per_execution=training.steps_per_execution,
        # XLA on a GPU, as the shapes of batches are few. On CPUs it takes longer to compile them
        # than it saves in the whole training.
        jit_compile="auto",
    )
    model.optimizer.build(model.trainable_variables)


def measure(words: Vocabulary) -> str:
    """What decides which epoch, and which run, is best."""
    return "accuracy" if words.scheme is None else "f1"


def summary(model: keras.Model, words: Vocabulary, history: list[dict[str, Any]]) -> dict[str, Any]:
    # The first epoch traces and compiles, so the median is of the others if there are any.
    timed = sorted(history[1:] or history, key=lambda row: row["seconds"])
    middle = timed[len(timed) // 2]
    best = max(history, key=lambda row: row["dev"])
    return {
        "measure": measure(words),
        "dev": best["dev"],
        "best_epoch": best["epoch"],
        "epochs": len(history),
        "parameters": sum(math.prod(v.shape) for v in model.trainable_variables),
        "seconds_per_epoch": middle["seconds"],
        "tokens_per_second": middle["tokens_per_second"],
    }


def _fit(
    model: keras.Model,
    trained: keras.Model,
    words: Vocabulary,
    sentences: dict[str, list[Sentence]],
    experiment: Experiment,
    run: Path,
    resuming: bool,
    watcher: Watcher,
) -> list[dict[str, Any]]:
    """Trains the model epoch by epoch; the trained one gets the weights of the best of them."""
    training = experiment.training
    accumulated = training.gradient_accumulation_steps
    encoder = Encoder(words)
    examples = encoded(prepare({"train": sentences["train"]}), "train", encoder)
    lengths = [len(s.tokens) for s in sentences["train"]]
    dev = batched(encoder, [s.tokens for s in sentences["dev"]], DEV_BATCH)
    decoder = decoded(trained, words, experiment.model.constraints, scored=False)

    checkpoint = run / runs.CHECKPOINT
    history: list[dict[str, Any]] = []
    best: list[np.ndarray] = []
    if resuming and checkpoint.exists():
        history, best = _restore(model, checkpoint)
    step_count = batch_count(len(lengths), training.batch_size, accumulated)
    watcher.begin(experiment, measure(words), step_count, len(history) + 1)

    for epoch in range(len(history) + 1, training.epochs + 1):
        top = max(history, key=lambda row: row["dev"], default=None)
        # Few sentences take many epochs before the first entity is found: these do not count.
        if top and top["dev"] > 0 and epoch - top["epoch"] > training.patience:
            break
        # Its own seed for each epoch: a resumed run reads in the order it would have read in.
        seed = training.seed * 100_003 + epoch
        model.optimizer.learning_rate = learning_rate(training, [row["dev"] for row in history])
        steps, raw = _Steps(watcher, epoch, step_count), RawWeights()
        began = time.perf_counter()
        order = batches(examples, lengths, training.batch_size, seed, accumulated, training.devices)
        callbacks = [steps, raw] if training.average else [steps]
        fitted = model.fit(order, verbose=0, shuffle=False, callbacks=callbacks)
        seconds = time.perf_counter() - began
        loss = fitted.history["loss"][0]
        if not math.isfinite(loss):
            raise TrainingFailed(
                f"{run}: the loss of epoch {epoch} is {loss}: lower training.learning_rate "
                f"({training.learning_rate})"
            )
        weights = _values(model.trainable_variables)
        if training.average:
            raw.restore()
        _assign(trained, weights)
        tags = predict(decoder, words, dev)
        found = scores([s.tags for s in sentences["dev"]], tags, words.scheme)
        row = {
            "epoch": epoch,
            "loss": loss,
            "dev": float(found.accuracy if words.scheme is None else found.f1),
            "seconds": seconds,
            "tokens_per_second": sum(lengths) / seconds,
        }
        if not history or row["dev"] > max(r["dev"] for r in history):
            best = weights
        history.append(row)
        _save(model, checkpoint, history, best)
        _write_history(run / runs.HISTORY, history)
        top = max(history, key=lambda r: r["dev"])
        watcher.epoch(Epoch(row, top["dev"], top["epoch"]))
    _assign(trained, best)
    return history


def _assign(model: keras.Model, weights: list[np.ndarray]) -> None:
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)


class _Steps(keras.callbacks.Callback):
    def __init__(self, watcher: Watcher, epoch: int, batches: int) -> None:
        super().__init__()
        self.watcher, self.number, self.batches = watcher, epoch, batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # With several steps per execution Keras counts past the end.
        self.watcher.step(self.number, min(batch + 1, self.batches))


def _save(
    model: keras.Model, path: Path, history: list[dict[str, Any]], best: list[np.ndarray]
) -> None:
    """Everything that the next epoch starts from, in one file that is there whole or not at all."""
    arrays: dict[str, Any] = {
        f"model_{n}": value for n, value in enumerate(_values(_variables(model)))
    }
    arrays |= {f"optimizer_{n}": v for n, v in enumerate(_values(model.optimizer.variables))}
    arrays |= {f"best_{n}": value for n, value in enumerate(best)}
    arrays["history"] = np.array(json.dumps(history))
    with runs.replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def _restore(model: keras.Model, path: Path) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    with np.load(path) as saved:
        for kind, variables in (
            ("model", _variables(model)),
            ("optimizer", model.optimizer.variables),
        ):
            for n, variable in enumerate(variables):
                variable.assign(saved[f"{kind}_{n}"])
        best = [saved[f"best_{n}"] for n in range(len(model.trainable_variables))]
        return json.loads(str(saved["history"])), best


def _variables(model: keras.Model) -> list[Any]:
    """The weights that change, and the states of the random generators that make dropout."""
    seeds = [v for v in model.variables if v.name == "seed_generator_state"]
    return [*model.trainable_variables, *seeds]


def _values(variables: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _write_history(path: Path, history: list[dict[str, Any]]) -> None:
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(f"{row[column]:.6g}" for column in COLUMNS) for row in history]
    with runs.replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")
