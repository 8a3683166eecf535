"""Training that starts from a finished run: its vocabulary, its weights, and what is said of it."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from ..config.schema import Experiment
from ..config.start import resolved
from ..data.splits import readings
from ..encoding import vectors, vocabulary
from ..encoding.vectors import WordVectors
from ..encoding.vocabulary import Vocabulary
from ..errors import InputError
from ..tagger import model as tagger
from ..text.sentences import Fault, Reading, Sentence, place
from ..versions import installed
from . import runs

FROZEN = "frozen"  # the layer of pretrained vectors
OF_TAGS = ("scores", "crf")  # layers whose weights have a row or a column for each tag
DECIDING = ("keras", "keras-lstm-variants")  # packages that decide what saved weights mean


class Start(NamedTuple):
    """A finished run from which training starts.

    Attributes:
        run: Its folder.
        words: Its vocabulary.
        weights: The weights of each layer that has any, by its name, in the order of Keras.
        origin: What the origin of the new run says of it.
    """

    run: Path
    words: Vocabulary
    weights: dict[str, list[np.ndarray]]
    origin: dict[str, Any]


def start(experiment: Experiment) -> Start | None:
    """The run that an experiment starts from; None if it starts from random weights.

    Raises:
        InputError: It is no finished run, it cannot be read, or was made with other versions.
    """
    if experiment.start.run is None:
        return None
    run = Path(experiment.start.run)
    runs.finished(run)
    try:
        origin = json.loads((run / runs.ORIGIN).read_text("utf-8"))
        packages, scores = origin["packages"], runs.scores(run)
        words = vocabulary.load(run / runs.VOCABULARY)
        of_model = hashlib.sha256((run / runs.MODEL).read_bytes()).hexdigest()
        _check_versions(run, packages)
        model = tagger.load(run / runs.MODEL)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"start.run: {run}: cannot be read: {reason}") from None
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    about = {
        "run": str(run),
        "sha256": of_model,
        "vocabulary": experiment.start.vocabulary,
        "dev": scores["dev"],
        "packages": packages,
        "data": origin["data"],
        **({"start": origin["start"]} if "start" in origin else {}),
    }
    return Start(run, words, weights, about)


def _check_versions(run: Path, packages: dict[str, str]) -> None:
    now = installed(DECIDING)
    for name in DECIDING:
        then = packages[name]
        if then.split(".")[:2] != now[name].split(".")[:2]:
            raise InputError(
                f"start.run: {run}: trained with {name} {then}, and this is {now[name]}, where "
                "weights may mean something else: install that version, or train it again"
            )


def adapted(
    begun: Start, counted: Vocabulary, experiment: Experiment, sentences: list[Sentence]
) -> Vocabulary:
    """The vocabulary that training goes on with.

    Args:
        begun: The run that it starts from.
        counted: The vocabulary of the training sentences.
        experiment: Says whether it is extended.
        sentences: The training sentences.

    Raises:
        InputError: Their tags are of another kind; or one is none of the run's, which are frozen.
    """
    if counted.scheme != begun.words.scheme:
        kinds = {True: "one tag per token", False: "entities"}
        now, then = (kinds[words.scheme is None] for words in (counted, begun.words))
        raise InputError(
            f"{sentences[0].where}: the tags are {now}, and those of {begun.run} are {then}: train "
            "without start.run"
        )
    if experiment.start.vocabulary == "extended":
        return vocabulary.extended(begun.words, counted)
    known = set(begun.words.tags)
    for sentence in sentences:
        for index, tag in enumerate(sentence.tags):
            if tag not in known:
                name = tag if counted.scheme is None else tag.partition("-")[2] or tag
                raise InputError(
                    f"{place(sentence, index)}: {begun.run} has no tag {name!r}: "
                    "start.vocabulary = 'extended' adds it"
                )
    return begun.words


def table(
    begun: Start, experiment: Experiment, sentences: list[Sentence], progress: vectors.Progress
) -> WordVectors | None:
    """The pretrained vectors that training goes on with; None if the tagger has none.

    Those of the run; if the vocabulary is extended, also those that its files have besides.

    Raises:
        InputError: The files cannot be read, or have other vectors than the run.
    """
    if FROZEN not in begun.weights:
        return None
    known = WordVectors(begun.words.vectors, begun.weights[FROZEN][0][2:])
    if experiment.start.vocabulary == "frozen":
        return known
    read = vectors.table(experiment.vectors, sentences, progress)
    assert read is not None  # the run has as many files
    names = ", ".join(experiment.vectors.files)
    if read.rows.shape[1] != known.rows.shape[1]:
        raise InputError(
            f"vectors.files: {names}: vectors of {read.rows.shape[1]} numbers, and those of "
            f"{begun.run} have {known.rows.shape[1]}"
        )
    places = {word: n for n, word in enumerate(known.words)}
    new = []
    for n, word in enumerate(read.words):
        if word not in places:
            new.append(n)
        elif not np.array_equal(read.rows[n], known.rows[places[word]]):
            raise InputError(
                f"vectors.files: {names}: the vector of {word!r} is not that of {begun.run}"
            )
    words = known.words + [read.words[n] for n in new]
    return WordVectors(words, np.concatenate([known.rows, read.rows[new]]), read.notes)


def adopt(model: keras.Model, begun: Start) -> None:
    """Gives a tagger the weights of a run.

    A word, a character or the value of a feature that the run did not know starts as what it was
    there, an unknown one; so before training, an extended tagger tags as the run does. A tag that
    the run did not have starts from the random weights of the model.

    Raises:
        InputError: The run's tagger has other layers.
    """
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    for name in sorted(layers.keys() ^ begun.weights.keys()):
        raise _other_layers(begun, name)
    for name, layer in layers.items():
        for variable, then in zip(layer.weights, begun.weights[name], strict=True):
            now = keras.ops.convert_to_numpy(variable).copy()
            if now.shape != then.shape:
                is_table = variable.name == "embeddings"  # a row for each string, after two others
                if not (is_table or name in OF_TAGS):
                    raise _other_layers(begun, name)
                if is_table and name != FROZEN:
                    now[len(then) :] = then[1]
            now[tuple(map(slice, then.shape))] = then
            variable.assign(now)


def _other_layers(begun: Start, name: str) -> InputError:
    return InputError(
        f"start.run: {begun.run}: its layer {name!r} does not fit the tagger of this experiment: "
        "train without start.run"
    )


def trained_on(found: dict[str, Reading], experiment: Experiment) -> list[Fault]:
    """A warning for each held-out split with sentences that a run before was trained on.

    Args:
        found: The splits of the experiment.
        experiment: What is trained; with the run that it starts from, and that one's, and so on.
    """
    faults: list[Fault] = []
    while experiment.start.run is not None and (before := resolved(Path(experiment.start.run))):
        run, data = experiment.start.run, experiment.data
        experiment = before
        if before.data == data:
            continue
        try:
            known = {
                tuple(sentence.tokens) for sentence in readings(before.data)["train"].sentences
            }
        except InputError as error:
            message = f"so whether {run} was trained on sentences of dev or test is unknown"
            faults.append(Fault(run, f"{error}, {message}", "warning"))
            continue
        for split in found.keys() - {"train"}:
            sentences = found[split].sentences
            seen = [s for s in sentences if tuple(s.tokens) in known]
            if seen:
                message = f"{run} was trained on this sentence of {split}; {len(seen)} of"
                count = f"{message} {len(sentences)} are such, which inflates the scores"
                faults.append(Fault(seen[0].where, count, "warning"))
    return faults
