"""Tagging text with a run or an export; both run the same functions."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from . import runs
from .errors import InputError
from .signatures import TEXT, TOKENS

CHUNK = 64  # sentences tagged together


class Tagged(NamedTuple):
    tokens: list[str]
    tags: list[str]
    scores: list[float]


class Tagger(NamedTuple):
    """The two functions of a tagger, from string tensors to dicts of tensors; see `Signatures`."""

    tokens: Callable[[Any], dict[str, Any]]
    text: Callable[[Any], dict[str, Any]]


def load(path: Path) -> Tagger:
    """The tagger of a run folder, of an export, or of one version of an export.

    Raises:
        InputError: The folder is none of these.
    """
    if (path / runs.CONFIG).exists():
        from .export import load as of_run

        made = of_run(path)
        compiled = {
            name: tf.function(function, input_signature=[spec])
            for name, (function, spec) in made.endpoints.items()
        }
        return Tagger(compiled[TOKENS], compiled[TEXT])
    return of_export(newest_version(path))


def newest_version(path: Path) -> Path:
    """The folder with the SavedModel: the path itself, or its version with the highest number.

    Raises:
        InputError: There is none.
    """
    if (path / "saved_model.pb").exists():
        return path
    versions = [p for p in path.glob("*/saved_model.pb") if p.parent.name.isdigit()]
    if not versions:
        raise InputError(
            f"{path}: neither a run nor an export: make one with `lstm-variants export`"
        )
    return max(versions, key=lambda p: int(p.parent.name)).parent


def of_export(version: Path) -> Tagger:
    """The tagger of one SavedModel.

    Raises:
        InputError: It cannot be loaded, or has other signatures.
    """
    try:
        loaded = tf.saved_model.load(str(version))
        functions = {name: loaded.signatures[name] for name in (TOKENS, TEXT)}
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{version}: not an export of ours: {reason}") from None

    # The functions belong to what was loaded, which must live as long as they do.
    def tokens(tensor: Any, owner: Any = loaded) -> dict[str, Any]:
        return functions[TOKENS](tokens=tensor)

    def text(tensor: Any, owner: Any = loaded) -> dict[str, Any]:
        return functions[TEXT](text=tensor)

    return Tagger(tokens, text)


def tag(tagger: Tagger, lines: Iterable[str], split: bool = False) -> Iterator[Tagged]:
    """Tags lines, one sentence each, as they come.

    Args:
        tagger: What `load` gave.
        lines: Sentences.
        split: The words are separated by blanks already, so take them as they are.
    """
    lines = iter(lines)
    while chunk := list(islice(lines, CHUNK)):
        if split:
            # Not str.split(), which would split at the blanks inside tokens of other scripts.
            tokens = [[word for word in re.split("[ \t]", line) if word] for line in chunk]
            padded = tf.ragged.constant(tokens, tf.string, ragged_rank=1).to_tensor("")
            result = tagger.tokens(padded)
        else:
            result = tagger.text(tf.constant(chunk))
            tokens = [[word.decode() for word in row if word] for row in result["tokens"].numpy()]
        rows = (result["tags"].numpy(), result["scores"].numpy())
        for words, tags, scores in zip(tokens, *rows, strict=True):
            n = len(words)
            yield Tagged(words, [t.decode() for t in tags[:n]], shortest(scores[:n]))


def shortest(values: np.ndarray) -> list[Any]:
    """Nested lists of the shortest digits that name the same float32, not those of its double."""
    digits = np.array([float(str(value)) for value in values.ravel()])
    return digits.reshape(values.shape).tolist()
