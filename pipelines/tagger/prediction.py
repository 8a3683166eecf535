"""Sentences in, tags out, with a model in memory: dev scores and evaluation."""

from typing import Any, NamedTuple

import keras

from ..encoding.batching import few_lengths, ordered
from ..encoding.encoder import Encoder, padded
from ..encoding.vocabulary import Vocabulary


class NoTags(Exception):
    """A tagger's scores of a sentence are not finite, so that it has no tags.

    Attributes:
        place: The place of the sentence among those given.
    """

    def __init__(self, place: int) -> None:
        super().__init__(f"no tags for sentence {place + 1}: its scores are not finite")
        self.place = place


class Batched(NamedTuple):
    """Sentences as batches of ids, the longest first, and their places in the order given.

    Attributes:
        ids: What the model takes, for each batch.
        order: The places of the sentences, batch by batch.
        rows: How many of them are in each batch; further rows are padding.
        lengths: Of all sentences, in the order given.
        compiled: Whether XLA shall compile a program for each shape.
    """

    ids: list[Any]
    order: list[int]
    rows: list[int]
    lengths: list[int]
    compiled: bool = False


def batched(
    encoder: Encoder, sentences: list[list[str]], batch_size: int, compiled: bool = False
) -> Batched:
    """Batches of few shapes, with the least padding that these allow.

    Args:
        encoder: That of the tagger.
        sentences: The words of each.
        batch_size: Sentences in a batch, at most.
        compiled: Whether XLA shall compile a program for each shape, as it does on other backends
            than TensorFlow in any case: all batches then have equally many rows, and their lengths
            are among fewer.
    """
    compiled = compiled or keras.backend.backend() != "tensorflow"
    lengths = [len(tokens) for tokens in sentences]
    made = ordered(lengths, batch_size)
    rows = [len(batch.places) for batch in made]
    most = max(rows, default=0) if compiled else None
    ids, order = [], []
    for batch in made:
        steps = few_lengths(batch.steps) if compiled else batch.steps
        words = padded([sentences[n] for n in batch.places], steps, most)
        ids.append(encoder.arrays(words, compiled))
        order += batch.places.tolist()
    return Batched(ids, order, rows, lengths, compiled)


def predict(decoder: keras.Model, words: Vocabulary, sentences: Batched) -> list[list[str]]:
    """The tag of every token by a `decoded` tagger, sentences in the order they were given in.

    Raises:
        NoTags: The scores of a sentence are not finite.
    """
    if decoder.predict_function is None:
        decoder.jit_compile = sentences.compiled
    predicted: list[list[str]] = [[] for _ in sentences.order]
    places = iter(sentences.order)
    for ids, rows in zip(sentences.ids, sentences.rows, strict=True):
        tags = decoder.predict_on_batch(ids)["tags"][:rows]
        for row, place in zip(tags, places, strict=False):
            of_words = row[: sentences.lengths[place]]
            if (of_words < 0).any():
                raise NoTags(place)
            predicted[place] = [words.tags[tag] for tag in of_words]
    return predicted
