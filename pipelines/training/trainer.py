"""An experiment becomes a run folder: train, keep the best epoch on dev, resume if killed."""

import json
import math
import threading
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..config.schema import Experiment
from ..data.checker import Report, check
from ..data.splits import readings, to_iob2, without_faults
from ..encoding import vectors, vocabulary
from ..encoding.batching import batch_count, plan
from ..encoding.encoder import Encoder
from ..encoding.vectors import Coverage, WordVectors
from ..encoding.vocabulary import Vocabulary
from ..errors import InputError, TrainingFailed
from ..scoring.metrics import scores
from ..tagger.model import build_tagger, decoded, not_finite
from ..tagger.prediction import NoTags, batched, predict
from ..text.sentences import Sentence
from . import advice, continuation, runs, tensorboard
from .continuation import Start
from .costs import Meter
from .devices import gpu, refuse_clusters
from .optimizers import SummedGradients
from .program import Program, program, seed_of
from .schedule import RawWeights, learning_rate
from .takeover import take_over

DEV_BATCH = 64
COLUMNS = (
    "epoch",
    "loss",
    "dev",
    "accuracy",
    "seconds",
    "tokens_per_second",
    "cpu_seconds",
    "compiled",  # 1 in the first epoch of a process, whose seconds include tracing and compiling
    "tagging_cpu_seconds",  # of scoring dev
    "other_load",  # cores that other processes kept busy meanwhile
)
SMALLEST_SCALE = 2.0**-24  # of the loss in float16, where gradients of 1 vanish: no way to train


class Epoch(NamedTuple):
    """What is known after an epoch: its row in the history, and the one kept so far."""

    row: dict[str, Any]
    best: float
    best_epoch: int


class Watcher:
    """Told how training goes; the command line and the sweep show it, each in its way."""

    def data(self, report: Report) -> None: ...

    def reading(self, name: str, share: float) -> None: ...

    def vectors(self, table: WordVectors, found: dict[str, Coverage]) -> None: ...

    def start(self, start: Start, words: Vocabulary) -> None:
        """Training starts from a run, with these words."""

    def begin(
        self, experiment: Experiment, measure: str, batches: int, first_epoch: int
    ) -> None: ...

    def first(self, score: float) -> None:
        """The weights of the run that training starts from score so much on dev."""

    def step(self, epoch: int, batch: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def hint(self, line: str) -> None:
        """Training ended with nothing found on dev; what may be done about it."""


class Prepared(NamedTuple):
    """What training begins with.

    Attributes:
        sentences: Those of train and dev, entities in IOB2.
        words: What the tagger will know.
        rows: The pretrained vectors of those of its words that have one; None if there are none.
        start: The run that it starts from; None if its weights are random.
        origin: Where all of this comes from.
    """

    sentences: dict[str, list[Sentence]]
    words: Vocabulary
    rows: np.ndarray | None
    start: Start | None
    origin: dict[str, Any]


# Callbacks whose effect on training depends on what they have counted, which no resumed run would
# have; and what does the same from the history of the run.
REFUSED = {
    keras.callbacks.BackupAndRestore: "a run resumes from its own checkpoint",
    keras.callbacks.EarlyStopping: "set training.patience",
    keras.callbacks.ReduceLROnPlateau: "set training.schedule = 'plateau'",
    keras.callbacks.SwapEMAWeights: "set training.average",
}


def train(
    experiment: Experiment,
    run: Path,
    watcher: Watcher | None = None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    shorter: Path | None = None,
    keep: bool = False,
    wait: float = runs.DYING,
) -> dict[str, Any]:
    """Trains a tagger into a run folder.

    A run that was interrupted, however rudely, goes on from its last whole epoch and ends as it
    would have: weights, optimizer, dropout and the order of sentences are all restored.

    With `start.run`, training starts from the best weights of that finished run, which count as
    epoch 0: they are kept if no epoch has a better score on dev. The optimizer, its schedule and
    the epochs begin anew.

    Callbacks are called as by `keras.Model.fit` over all epochs, which they count from 0; no
    validation or test hooks. `model` is the one being trained, not the best so far. The logs of an
    epoch have its "loss" and "val_f1" (without entities, "val_accuracy"), the score on dev.
    `model.stop_training` is honoured and remembered by the checkpoint. A learning rate set when an
    epoch or a batch begins holds until the next epoch, which begins with that of
    `training.schedule`.

    In a resumed run, `on_train_begin` is called again, and then the epochs follow that no
    checkpoint has; of the epoch in which the run was killed, hooks may so have been called before.
    What they did to the model's weights and optimizer until the end of the last whole epoch is
    restored. What a callback keeps in itself is not: for a resumed run to end as it would have,
    what it does to the model has to follow from the model, the numbers of epoch and batch, and the
    logs.

    Args:
        experiment: What to train on what.
        run: The folder; a new one, or that of the same experiment interrupted.
        watcher: Told after each batch and epoch.
        callbacks: Called while training.
        shorter: The same run with fewer epochs, finished and trained with `keep`: a run that has
            not begun goes on from its end. It is left alone where that would change the result.
        keep: Whether the last checkpoint stays, for a run with more epochs to go on from.
        wait: Seconds for another process that writes the folder to end.

    Returns:
        The scores of the run, as in its scores.json.

    Raises:
        InputError: The data, the folder or a callback cannot be used; nothing is written then.
        TrainingFailed: The loss, its gradient or a weight is not finite. The last checkpoint stays,
            in which everything was.
    """
    watcher, callbacks = watcher or Watcher(), list(callbacks)
    refuse_clusters()
    _check_callbacks(callbacks, experiment)
    sentences, words, rows, start, origin = prepare_training(experiment, watcher)
    keras.utils.clear_session(free_memory=True)
    keras.utils.set_random_seed(experiment.training.seed)
    made = program(sentences["train"], words, rows, experiment)
    # What is scored and saved is an ordinary model in float32, however the weights were trained.
    trained = build_tagger(words, experiment.model, rows, experiment.vectors.tuned)
    if start is not None:
        continuation.adopt(made.model, start)
        continuation.adopt(trained, start)
    if names := not_finite({v.path: v for v in trained.variables}):
        raise InputError(
            f"the tagger has NaN or infinity in {names} before training: see vectors.files and "
            "model.cell_options"
        )
    del start  # its table of vectors may be large

    with runs.writing(run, experiment, origin, wait):
        resuming = runs.start(run, experiment, origin)
        if shorter is not None:
            resuming = take_over(shorter, run, experiment, origin) or resuming
        vocabulary.save(words, run / runs.VOCABULARY)
        if experiment.training.tensorboard:
            callbacks += tensorboard.callbacks(run / runs.TENSORBOARD, experiment)
        history, first = _fit(
            made, trained, words, sentences, experiment, run, resuming, watcher, callbacks
        )

        with runs.replacing(run / runs.MODEL) as part:
            trained.save(part.with_suffix(".keras"))
            part.with_suffix(".keras").replace(part)
        result = summary(trained, words, history, first)
        runs.write_json(run / runs.SCORES, result)
        if not keep:
            (run / runs.CHECKPOINT).unlink()
    if words.scheme is not None and not result["dev"]:
        watcher.hint(advice.nothing_found(sentences, words.scheme, experiment.training))
    return result


def prepare_training(experiment: Experiment, watcher: Watcher | None = None) -> Prepared:
    """Reads everything that training begins with; nothing is written.

    Raises:
        InputError: The data, the vectors or the run that it starts from cannot be used.
    """
    watcher = watcher or Watcher()
    sentences, report = read_sentences(experiment)
    watcher.data(report)
    if experiment.training.gradient_accumulation_steps > len(sentences["train"]):
        raise InputError(
            "training.gradient_accumulation_steps: more batches to a step than there are sentences"
        )
    start = continuation.start(experiment)
    if start is None:
        table = vectors.table(experiment.vectors, sentences["train"], watcher.reading)
    else:
        table = continuation.table(start, experiment, sentences["train"], watcher.reading)
    if table is not None:
        watcher.vectors(table, {name: vectors.coverage(table, s) for name, s in sentences.items()})
    words = known(experiment, sentences["train"], report, table)
    origin = runs.origin(sentences, experiment, table)
    if start is not None:
        words = continuation.adapted(start, words, experiment, sentences["train"])
        watcher.start(start, words)
        origin |= {"start": start.origin}
    return Prepared(sentences, words, None if table is None else table.rows, start, origin)


def _check_callbacks(callbacks: list[Any], experiment: Experiment) -> None:
    """Raises InputError if something is no callback, or would end a resumed run otherwise."""
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise InputError(f"callbacks: {callback!r} is not a keras.callbacks.Callback")
        for kind, instead in REFUSED.items():
            if isinstance(callback, kind):
                raise InputError(
                    f"callbacks: {kind.__name__} keeps in itself what a resumed run would have "
                    f"lost: {instead}"
                )
    if experiment.training.tensorboard and find_spec("tensorboard") is None:
        raise InputError("training.tensorboard: TensorBoard is missing: pip install tensorboard")


def read_sentences(experiment: Experiment) -> tuple[dict[str, list[Sentence]], Report]:
    """The sentences of train and dev, checked, entities in IOB2; and what the check said.

    Raises:
        InputError: The data cannot be read, or have errors.
    """
    found = readings(experiment.data)
    report = check(found)
    report = report._replace(faults=report.faults + continuation.trained_on(found, experiment))
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


def measure(words: Vocabulary) -> str:
    """What decides which epoch, and which run, is best."""
    return "accuracy" if words.scheme is None else "f1"


def kept(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The epoch whose weights are kept.

    It is that with the best score on dev; of equal ones, that with the best accuracy on its tokens;
    of these, the last.
    """
    return max(rows, key=lambda row: (row["dev"], row["accuracy"], row["epoch"]))


def summary(
    model: keras.Model,
    words: Vocabulary,
    history: list[dict[str, Any]],
    first: list[dict[str, Any]],
) -> dict[str, Any]:
    # The first epoch traces and compiles, so the median is of the others if there are any.
    timed = sorted(history[1:] or history, key=lambda row: row["seconds"])
    middle = timed[len(timed) // 2]
    best = kept(first + history)
    return {
        "measure": measure(words),
        "dev": best["dev"],
        "best_epoch": best["epoch"],
        "epochs": len(history),
        **({"start": first[0]["dev"]} if first else {}),
        "parameters": sum(math.prod(v.shape) for v in model.trainable_variables),
        "seconds_per_epoch": middle["seconds"],
        "tokens_per_second": middle["tokens_per_second"],
    }


def _fit(
    made: Program,
    trained: keras.Model,
    words: Vocabulary,
    sentences: dict[str, list[Sentence]],
    experiment: Experiment,
    run: Path,
    resuming: bool,
    watcher: Watcher,
    callbacks: list[keras.callbacks.Callback],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Trains the model epoch by epoch; the trained one gets the weights of the best of them.

    Each epoch is a `fit` of its own, so that what happens between two of them is decided here.

    Returns:
        The history; and, if the weights to start from are those of a run, what they score, as
        epoch 0, which is the best one if no other is better.
    """
    training, model, lengths = experiment.training, made.model, made.lengths
    accumulated = training.gradient_accumulation_steps
    dev_tokens = [s.tokens for s in sentences["dev"]]
    dev = batched(Encoder(words), dev_tokens, DEV_BATCH, made.compiled)
    decoder = decoded(trained, words, experiment.model.constraints, scored=False)

    def score(when: str) -> dict[str, float]:
        try:
            tags = predict(decoder, words, dev)
        except NoTags as error:
            where = sentences["dev"][error.place].where
            raise TrainingFailed(
                f"{run}: the scores of {where} {when} are not finite: {advice.remedy(training)}"
            ) from None
        found = scores([s.tags for s in sentences["dev"]], tags, words.scheme)
        accuracy = float(found.accuracy)
        return {"dev": accuracy if words.scheme is None else float(found.f1), "accuracy": accuracy}

    checkpoint = run / runs.CHECKPOINT
    history: list[dict[str, Any]] = []
    best: list[np.ndarray] = []
    first: list[dict[str, Any]] = []
    if experiment.start.run is not None:
        first = [{"epoch": 0, **score("before the first epoch")}]
        best = _values(trained.trainable_variables)
    stopped = False
    if resuming and checkpoint.exists():
        history, best, stopped = _restore(model, checkpoint)
        _write_history(run / runs.HISTORY, history)  # a kill may have come before the last line
    step_count = batch_count(len(lengths), training.batch_size, accumulated)
    watcher.begin(experiment, measure(words), step_count, len(history) + 1)
    for row in first:
        watcher.first(row["dev"])
    called = keras.callbacks.CallbackList(
        callbacks, model=model, verbose=0, epochs=training.epochs, steps=step_count
    )
    logs: dict[str, float] = {}
    # On TensorFlow Keras waits for the loss in any case.
    beside = gpu() is not None and keras.backend.backend() != "tensorflow"
    model.stop_training = False
    called.on_train_begin()

    begun = len(history) + 1
    for epoch in range(begun, training.epochs + 1):
        if stopped:
            break
        # The first of equal epochs, or a score that never changes would try no patience.
        top = max(first + history, key=lambda row: row["dev"], default=None)
        # Few sentences take many epochs before the first entity is found: these do not count.
        if top and top["dev"] > 0 and epoch - top["epoch"] > training.patience:
            break
        # Of what has been checkpointed, so that a kill gives no time.
        if training.seconds and sum(r["cpu_seconds"] for r in history) >= training.seconds:
            break
        seed = seed_of(experiment, epoch)
        model.optimizer.learning_rate = learning_rate(training, [row["dev"] for row in history])
        steps, raw = _Steps(watcher, called, epoch, step_count, beside), RawWeights()
        _of_batches(model.optimizer).finite_batches.assign(0)
        called.on_epoch_begin(epoch - 1)
        asked = model.stop_training  # to stop after this epoch; `fit` forgets it
        meter = Meter()
        order = made.batches(seed)
        own = [steps, raw] if training.average else [steps]
        try:
            fitted = model.fit(order, verbose=0, shuffle=False, callbacks=own)
        except _NotFinite as error:
            planned = plan(lengths, training.batch_size, seed, accumulated)
            batch = [sentences["train"][place] for place in planned[error.first - 1].places]
            updated = epoch > 1 or error.first > accumulated
            why = error.remedy or advice.divergence(error.what, batch, training, updated)
            raise TrainingFailed(f"{run}: epoch {epoch}, {error.where}: {why}") from None
        cost = meter.read()
        model.stop_training = asked or model.stop_training
        loss = fitted.history["loss"][0]
        weights = _values(model.trainable_variables)
        if training.average:
            raw.restore()
        _assign(trained, weights)
        if names := not_finite({v.path: v for v in trained.variables}):
            raise TrainingFailed(
                f"{run}: the weights after epoch {epoch} are not finite ({names}): "
                f"{advice.remedy(training)}"
            )
        meter.read()
        row = {
            "epoch": epoch,
            "loss": loss,
            **score(f"after epoch {epoch}"),
            "seconds": cost.seconds,
            "tokens_per_second": sum(lengths) / cost.seconds,
            "cpu_seconds": cost.cpu_seconds,
            "compiled": int(epoch == begun),
            "tagging_cpu_seconds": meter.read().cpu_seconds,
            "other_load": cost.other_load,
        }
        history.append(row)
        if kept(first + history) is row:
            best = weights
        # Before the checkpoint, which so has what they change.
        logs = {"loss": loss, f"val_{measure(words)}": row["dev"]}
        called.on_epoch_end(epoch - 1, logs)
        stopped = model.stop_training
        _save(model, checkpoint, history, best, stopped)
        _write_history(run / runs.HISTORY, history)
        top = kept(first + history)
        watcher.epoch(Epoch(row, top["dev"], top["epoch"]))
    called.on_train_end(logs)
    _assign(trained, best)
    return history, first


def _assign(model: keras.Model, weights: list[np.ndarray]) -> None:
    for variable, value in zip(model.trainable_variables, weights, strict=True):
        variable.assign(value)


class _NotFinite(Exception):
    """A loss or its gradient is not finite, in one of the batches from `first` to `last`."""

    def __init__(self, what: str, first: int, last: int, batches: int, remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.first, self.remedy = what, first, remedy
        number = f"batch {first}" if first == last else f"batches {first} to {last}"
        self.where = f"{number} of {batches}"


class _Steps(keras.callbacks.Callback):
    """Tells of each batch of an epoch: the watcher, and the callbacks of the whole training.

    Args:
        watcher: Told of batches.
        called: The callbacks; they are given the loss of each batch.
        epoch: The number of the epoch.
        batches: How many it has.
        beside: Whether the next batch is begun before the loss of the last one is known, for a
            device that computes meanwhile; not if there are callbacks. Keras then calls this from
            other threads, and whether all was finite is seen at the end of the epoch; the optimizer
            remembers which batch was the first that was not.

    Raises:
        _NotFinite: The loss or the gradient of a batch is not finite; nobody else is told of it.
    """

    def __init__(
        self,
        watcher: Watcher,
        called: keras.callbacks.CallbackList,
        epoch: int,
        batches: int,
        beside: bool = False,
    ) -> None:
        super().__init__()
        self.watcher, self.called, self.number, self.batches = watcher, called, epoch, batches
        self.async_safe = beside and not called.callbacks  # Keras asks for it
        self.telling = threading.Lock()
        self.done = 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.called.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        with self.telling:
            # With several steps per execution Keras counts past the end.
            first, self.done = self.done + 1, max(self.done, min(batch + 1, self.batches))
            if not self.async_safe:
                self.check(logs["loss"], first)
            self.watcher.step(self.number, self.done)
        if not self.async_safe:
            self.called.on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.async_safe:
            self.done = self.batches
            self.check(logs["loss"], 1)

    def check(self, loss: float, first: int) -> None:
        optimizer = self.model.optimizer
        counted = int(_of_batches(optimizer).finite_batches.numpy())
        if _of_batches(optimizer) is not optimizer:
            # Batches whose gradient overflows in float16 are skipped and not counted, as they
            # should be; but no scale of the loss mends a loss that is not finite.
            if float(optimizer.dynamic_scale.numpy()) < SMALLEST_SCALE:
                what = "float16 overflows in every batch, however small the loss is scaled"
                remedy = f'{what}: set training.precision = "mixed_bfloat16" or "float32"'
                raise _NotFinite(what, self.done, self.done, self.batches, remedy)
        elif counted < 0:
            one = first == self.done and not math.isfinite(loss)
            what = f"the loss is {loss}" if one else "the gradient of the loss is not finite"
            raise _NotFinite(what, -counted, -counted, self.batches)
        if not math.isfinite(loss):
            raise _NotFinite(f"the loss is {loss}", first, self.done, self.batches)


def _of_batches(optimizer: Any) -> SummedGradients:
    """The optimizer that counts batches; in float16 Keras puts another one around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _save(
    model: keras.Model,
    path: Path,
    history: list[dict[str, Any]],
    best: list[np.ndarray],
    stopped: bool,
) -> None:
    """Everything that the next epoch starts from, in one file that is there whole or not at all.

    Raises:
        TrainingFailed: Something in it is not finite; the checkpoint stays as it was.
    """
    arrays: dict[str, Any] = {
        f"model_{n}": value for n, value in enumerate(_values(_variables(model)))
    }
    arrays |= {f"optimizer_{n}": v for n, v in enumerate(_values(model.optimizer.variables))}
    arrays |= {f"best_{n}": value for n, value in enumerate(best)}
    if names := not_finite(arrays):
        raise TrainingFailed(
            f"{path}: not written after epoch {len(history)}: {names} would not be finite; has a "
            "callback changed weights?"
        )
    arrays["history"] = np.array(json.dumps(history))
    arrays["stopped"] = np.array(bool(stopped))
    with runs.replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def _restore(model: keras.Model, path: Path) -> tuple[list[dict[str, Any]], list[np.ndarray], bool]:
    """Sets the model to where the checkpoint left it.

    Returns:
        The history, the weights of the best epoch, and whether a callback stopped training.

    Raises:
        InputError: The checkpoint is damaged.
    """
    try:
        saved = _arrays(path)
        if names := not_finite({name: array for name, array in saved.items() if name != "history"}):
            raise ValueError(f"it has NaN or infinity in {names}")
        for kind, variables in (
            ("model", _variables(model)),
            ("optimizer", model.optimizer.variables),
        ):
            for n, variable in enumerate(variables):
                variable.assign(saved[f"{kind}_{n}"])
        best = [saved[f"best_{n}"] for n in range(len(model.trainable_variables))]
        # Checkpoints from before callbacks do not say it.
        stopped = "stopped" in saved and bool(saved["stopped"])
        return json.loads(str(saved["history"])), best, stopped
    except (KeyError, ValueError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error).splitlines()[0]
        raise InputError(
            f"{path}: cannot be resumed from: {reason}: delete it, and the same command trains "
            "from the start"
        ) from None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Those of a checkpoint; apart, as a RuntimeError of a device is no damage of the file.

    Raises:
        ValueError: The file is damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            return dict(file)
    except runs.DAMAGED as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _variables(model: keras.Model) -> list[Any]:
    """The weights that change, and the states of the random generators that make dropout."""
    seeds = [v for v in model.variables if v.name == "seed_generator_state"]
    return [*model.trainable_variables, *seeds]


def _values(variables: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _write_history(path: Path, history: list[dict[str, Any]]) -> None:
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(_number(row.get(column)) for column in COLUMNS) for row in history]
    with runs.replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", "utf-8")


def _number(value: float | None) -> str:
    """Empty where it is not known: checkpoints from before it was measured go on."""
    return "" if value is None else f"{value:.6g}"
