"""A run gets its scores on a split."""

from pathlib import Path
from typing import Any

import keras

import keras_lstm_variants  # noqa: F401  registers the cells that a saved model names

from . import runs, vocabulary
from .analysis import Analysis, Learned, analyse, as_dict
from .check import check
from .datasets import readings, without_faults
from .errors import InputError
from .model import decoded
from .predict import batched, predict
from .schemes import convert


def evaluate(run: Path, split: str = "test", batch_size: int = 64) -> Analysis:
    """Scores a finished run on a split of its data and writes them beside it.

    Tags that the training sentences lack are scored as what they are: never predicted.

    Args:
        run: The run folder.
        split: "train", "dev" or "test".
        batch_size: Sentences tagged together; the scores do not depend on it.

    Raises:
        InputError: The run is not finished, or its data has no such split.
    """
    experiment = runs.finished(run)
    found = readings(experiment.data)
    if split not in found:
        raise InputError(f"{run}: the data has no split {split!r}, only {', '.join(found)}")
    report = check(found)
    splits = without_faults(found, report)
    sentences, train = splits[split], splits["train"]
    words = vocabulary.load(run / runs.VOCABULARY)
    model = keras.models.load_model(run / runs.MODEL, compile=False)
    decoder = decoded(model, words, experiment.model.constraints)
    predicted = predict(decoder, words, batched(words, [s.tokens for s in sentences], batch_size))
    gold = [s.tags for s in sentences]
    if report.scheme is not None and words.scheme is not None:
        gold = [convert(tags, report.scheme, words.scheme) for tags in gold]
    learned = Learned([s.tokens for s in train], [s.tags for s in train])
    tokens = [s.tokens for s in sentences]
    result = analyse(tokens, gold, predicted, words.scheme, learned=learned)
    runs.write_json(run / f"scores.{split}.json", as_dict(result))
    _write_predictions(run / f"predictions.{split}.conll", sentences, gold, predicted)
    return result


def _write_predictions(path: Path, sentences: list[Any], gold: Any, predicted: Any) -> None:
    """Token, gold tag, predicted tag: the columns that conlleval reads."""
    with runs.replacing(path) as part, part.open("w", encoding="utf-8") as file:
        for sentence, right, found in zip(sentences, gold, predicted, strict=True):
            for row in zip(sentence.tokens, right, found, strict=True):
                file.write("\t".join(row) + "\n")
            file.write("\n")
