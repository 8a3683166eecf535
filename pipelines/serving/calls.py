"""A tagger as the worker calls it: rows of one kind in, the outputs of each row out."""

import contextlib
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from ..encoding.encoder import padded
from ..tagger.names import TEXT, TOKENS
from ..text.tokenizer import tokenize
from .limits import Limits
from .rows import TooLong
from .tagging import NoTags, Tagger, shortest

BY_CHARACTER = "日本"  # two words, or one


def model(
    tagger: Tagger, longest: int = Limits().longest
) -> Callable[[Hashable, Sequence[Any]], list[Any]]:
    """The model of a `Worker`; has been called once with each signature when this returns.

    Args:
        tagger: The tagger.
        longest: The tokens that a sentence of a text may have. A longer one is refused, as its time
            would be that of all others together.
    """
    with contextlib.suppress(NoTags):  # there may be words that it has tags for
        tagger.tokens(tf.constant([[BY_CHARACTER]]))
        tagger.text(tf.constant([BY_CHARACTER]))

    @cache
    def lengths() -> Callable[[Any], Any]:
        """A function that gives the tokens of the longest sentence of each text."""
        # Nothing but its answers says of an export whether characters are words.
        found = tagger.text(tf.constant([BY_CHARACTER]))["lengths"]
        single = int(found[0]) == len(BY_CHARACTER)

        def longest_of(texts: Any) -> Any:
            of_sentences = tokenize(texts, single).words.row_lengths(axis=2)
            none = tf.zeros([of_sentences.nrows(), 1], tf.int64)  # a text may have no sentence
            return tf.reduce_max(tf.concat([none, of_sentences], axis=1), axis=1)

        signature = [tf.TensorSpec([None], tf.string)]
        return tf.function(longest_of, input_signature=signature, autograph=False)

    def tokens(rows: Sequence[list[bytes]]) -> list[Any]:
        found = tagger.tokens(padded(rows))
        outputs = {name: value.numpy() for name, value in found.items()}
        return [_row(outputs, n, {}, len(row)) for n, row in enumerate(rows)]

    def texts(rows: Sequence[bytes]) -> list[Any]:
        results: list[Any] = [None] * len(rows)
        # Only what has more bytes than tokens are allowed can have more tokens.
        if long := [n for n, row in enumerate(rows) if len(row) > longest]:
            counts = lengths()(tf.constant([rows[n] for n in long])).numpy()
            for n, count in zip(long, counts.tolist(), strict=True):
                if count > longest:
                    results[n] = TooLong(count, longest)
        legal = [n for n, result in enumerate(results) if result is None]
        if legal:
            found = tagger.text(tf.constant([rows[n] for n in legal]))
            outputs = {name: value.numpy() for name, value in found.items()}
            for place, n in enumerate(legal):
                entities = int(outputs["entities"][place]) if "entities" in outputs else 0
                of_entities = dict.fromkeys(
                    ("entity_types", "entity_starts", "entity_ends"), entities
                )
                results[n] = _row(outputs, place, of_entities, int(outputs["lengths"][place]))
        return results

    functions: dict[str, Callable[[Sequence[Any]], list[Any]]] = {TOKENS: tokens, TEXT: texts}
    return lambda kind, rows: functions[str(kind)](rows)


def _row(outputs: dict[str, Any], n: int, counts: dict[str, int], count: int) -> dict[str, Any]:
    """The outputs of a row without padding."""
    return {
        name: _plain(values[n, : counts.get(name, count)] if values.ndim > 1 else values[n])
        for name, values in outputs.items()
    }


def _plain(value: Any) -> Any:
    if value.dtype == object:
        return [string.decode() for string in value]
    return shortest(value) if value.dtype == np.float32 else value.tolist()
