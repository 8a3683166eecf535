"""A tagger as the worker calls it: rows of one kind in, the outputs of each row out."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import tensorflow as tf

from ..encoding.encoder import padded
from ..errors import NoAlternatives
from ..tagger.names import TEXT, TOKENS
from ..text.tokenizer import tokenize
from .limits import Limits
from .rows import ALTERNATIVES, MOST_ALTERNATIVES, TooLong
from .taggers import NoTags, Tagger
from .tagging import Alternative, entities_of, n_best, shortest, strings

OF_ENTITIES = ("entity_types", "entity_starts", "entity_ends")
BY_CHARACTER = "日本"  # two words, or one


def model(
    tagger: Tagger, longest: int = Limits().longest
) -> Callable[[str, Sequence[Any], bool], list[Any]]:
    """What `Loaded.call` is; has been called once with each signature when this returns.

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
        outputs = _lists(tagger.tokens(padded(rows)))
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
            outputs = _lists(tagger.text(tf.constant([rows[n] for n in legal])))
            for place, n in enumerate(legal):
                entities = outputs["entities"][place] if "entities" in outputs else 0
                of_entities = dict.fromkeys(OF_ENTITIES, entities)
                results[n] = _row(outputs, place, of_entities, outputs["lengths"][place])
        return results

    def call(signature: str, rows: Sequence[Any], alternatives: bool = False) -> list[Any]:
        functions: dict[str, Callable[[Any], list[Any]]] = {TOKENS: tokens, TEXT: texts}
        results = functions[signature](rows)
        try:
            if alternatives and signature == TOKENS:
                _add_to_sentences(tagger, rows, results)
            elif alternatives:
                _add_to_texts(tagger, [result for result in results if isinstance(result, dict)])
        except NoAlternatives as error:  # it is no row's fault, so none is to be tried alone
            return [error] * len(rows)
        return results

    return call


def _add_to_sentences(
    tagger: Tagger, rows: Sequence[list[bytes]], results: list[dict[str, Any]]
) -> None:
    """Adds to the results of sentences what their alternatives are."""
    found = n_best(tagger, rows, MOST_ALTERNATIVES)
    for result, others in zip(results, found, strict=True):
        result[ALTERNATIVES] = [[_shown(other) for other in others]]


def _add_to_texts(tagger: Tagger, results: list[dict[str, Any]]) -> None:
    """Adds to the results of texts what the alternatives of each of their sentences are."""
    sentences = []
    for result in results:
        result[ALTERNATIVES] = []
        names = ("tokens", "starts", "ends")
        words = zip(result["sentences"], *(result[name] for name in names), strict=True)
        for _, group in groupby(words, key=lambda word: word[0]):
            _, tokens, starts, ends = map(list, zip(*group, strict=True))
            sentences.append((result, tokens, starts, ends))
    found = n_best(tagger, [tokens for _, tokens, *_ in sentences], MOST_ALTERNATIVES)
    for (result, _, starts, ends), others in zip(sentences, found, strict=True):
        shown = []
        for other in others:
            shown.append(_shown(other))
            if tagger.has_entities:
                shown[-1].update(_columns(entities_of(tagger, other.tags, starts, ends)))
        result[ALTERNATIVES].append(shown)


def _shown(other: Alternative) -> dict[str, Any]:
    return {"probability": other.probability, "tags": other.tags}


def _columns(entities: Iterable[tuple[str, int, int]]) -> dict[str, list[Any]]:
    """Entities under the names that they have in answers."""
    columns = list(zip(*entities, strict=True)) or [(), (), ()]
    return {name: list(values) for name, values in zip(OF_ENTITIES, columns, strict=True)}


def _lists(outputs: dict[str, Any]) -> dict[str, list[Any]]:
    """Outputs as JSON has them; of all rows at once, which takes no longer than of one."""
    return {name: _plain(value.numpy()) for name, value in outputs.items()}


def _plain(values: np.ndarray) -> list[Any]:
    if values.dtype == object:
        return strings(values)
    found: list[Any] = shortest(values) if values.dtype == np.float32 else values.tolist()
    return found


def _row(
    outputs: dict[str, list[Any]], n: int, counts: dict[str, int], count: int
) -> dict[str, Any]:
    """The outputs of a row without padding."""
    row = {name: values[n] for name, values in outputs.items()}
    return {
        name: value[: counts.get(name, count)] if isinstance(value, list) else value
        for name, value in row.items()
    }
