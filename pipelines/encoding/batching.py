"""Sentences from tensorflow-datasets to batches of ids, of like length, padded and weighted.

All lengths are known before training, so an epoch is planned as a whole: which sentences stand
together, padded to how many steps, in which order. Shapes are few, padding is little, and nothing
depends on what was drawn before.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from .encoder import Encoder, few_widths
from .spelling import PLACES, Spellings

PADDING = 0.08  # of what is computed in an epoch, at most, if so many batches can do it
MAX_SHAPES = 32  # XLA compiles each shape anew
PREFETCHED = 4  # batches made while the model is busy


class Shapes(NamedTuple):
    """What batches are padded to where a program is compiled for each shape.

    Attributes:
        spellings: Of all words, if the distinct words of a batch are wanted.
        words: How many of these there are at most in each block, by the steps of a batch.
    """

    spellings: Spellings | None = None
    words: dict[int, np.ndarray] = {}


class Batch(NamedTuple):
    """The places of some sentences, and the number of steps that all of them are padded to."""

    places: np.ndarray
    steps: int


def encoded(builder: Any, split: str, encoder: Encoder) -> tuple[Any, Any]:
    """The split as (what the encoder gives, tag ids), one row for each sentence, in order; kept in
    memory.

    Raises:
        tf.errors.InvalidArgumentError: A tag is not in the vocabulary.
    """
    tags_to_ids = keras.layers.StringLookup(
        vocabulary=encoder.vocabulary.tags, mask_token=None, num_oov_indices=0
    )

    @tf.autograph.experimental.do_not_convert  # nothing in it to convert, and Python 3.13 cannot
    def encode(example: Any) -> Any:
        return encoder(example["tokens"]), tags_to_ids(example["tags"])

    dataset = builder.as_dataset(split=split).map(encode)
    return dataset.ragged_batch(builder.info.splits[split].num_examples).get_single_element()


def batch_count(sentences: int, batch_size: int, multiple: int = 1) -> int:
    """How many batches the sentences make: as few as can be, rounded up to a multiple."""
    return -(-sentences // (batch_size * multiple)) * multiple


def ordered(
    lengths: list[int],
    batch_size: int,
    rng: np.random.Generator | None = None,
    padding: float = 0.0,
    multiple: int = 1,
) -> list[Batch]:
    """All sentences in batches of equal size (give or take one), the longest first.

    Batches are padded to one of a few lengths, the buckets. These are chosen so that padding is
    least for their number, and their number is the least with which padding is not more than is
    allowed, or MAX_SHAPES. The larger the buckets, the more freely sentences are shuffled.

    Args:
        lengths: The length of every sentence.
        batch_size: Sentences in a batch, at most.
        rng: Shuffles sentences within their buckets; without it they stay as they are sorted.
        padding: The share of padding that is allowed.
        multiple: The number of batches is a multiple of this; some may be empty if it is large.
    """
    if not lengths:
        return []
    sizes = np.array(lengths)
    order = np.arange(len(sizes)) if rng is None else rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]  # of equal lengths, chance decides
    count = batch_count(len(sizes), batch_size, multiple)
    rows = np.full(count, len(sizes) // count)
    rows[count - len(sizes) % count :] += 1
    starts = np.cumsum(rows) - rows
    tops = np.append(sizes[order], 1)[starts]
    steps = _rounded(tops, rows, int(sizes.sum()), padding)
    if rng is not None:
        for top in np.unique(steps):
            first, last = np.flatnonzero(steps == top)[[0, -1]]
            rng.shuffle(order[starts[first] : starts[last] + rows[last]])
    places = np.split(order, starts[1:])
    return [Batch(*batch) for batch in zip(places, steps.tolist(), strict=True)]


def _rounded(tops: np.ndarray, rows: np.ndarray, tokens: int, padding: float) -> np.ndarray:
    """The lengths of batches, longest first, rounded up to those of as few buckets as will do."""
    values, group = np.unique(-tops, return_inverse=True)
    values = -values
    upto = np.append(0, np.cumsum(np.bincount(group, rows)))
    # area[i, j]: steps computed if the batches of lengths i to j are one bucket, as long as i.
    area = values[:, None] * (upto[None, 1:] - upto[:-1, None])
    area[np.tril_indices(len(values), -1)] = np.inf
    # best[j]: of the batches of lengths 0 to j, with the buckets so far; firsts: where the last of
    # these buckets begins.
    best, firsts = area[0], [np.zeros(len(values), int)]
    while tokens < (1 - padding) * best[-1] and len(firsts) < min(len(values), MAX_SHAPES):
        split = best[:-1, None] + area[1:]
        firsts.append(split.argmin(0) + 1)
        best = split.min(0)
    ends, last = np.empty_like(values), len(values) - 1
    for first in reversed(firsts):
        ends[first[last] : last + 1] = values[first[last]]
        last = first[last] - 1
    return ends[group]


def few_lengths(steps: int) -> int:
    """The number of steps, rounded up to one of few: 8, 12, 16, 24, 32, 48, 64 and so on."""
    power = 1 << max(3, (steps - 1).bit_length())  # the next power of two
    return power * 3 // 4 if 8 < steps <= power * 3 // 4 else power


def plan(lengths: list[int], batch_size: int, seed: int, accumulated: int = 1) -> list[Batch]:
    """The batches of an epoch in their order; see `batches`."""
    rng = np.random.default_rng(seed)
    made = ordered(lengths, batch_size, rng, PADDING, accumulated)
    return [made[n] for n in rng.permutation(len(made))]


def shapes_of(
    spelled: Spellings | None,
    lengths: list[int],
    batch_size: int,
    seeds: Iterable[int],
    accumulated: int = 1,
) -> Shapes:
    """The shapes that the batches of all these seeds have in common."""
    if spelled is None:
        return Shapes()
    plans = (plan(lengths, batch_size, seed, accumulated) for seed in seeds)
    few = ([Batch(b.places, few_lengths(b.steps)) for b in planned] for planned in plans)
    return Shapes(spelled, spelled.words(few))


def batches(
    examples: tuple[Any, Any],
    lengths: list[int],
    batch_size: int,
    seed: int,
    accumulated: int = 1,
    devices: int = 1,
    shapes: Shapes | None = None,
) -> tf.data.Dataset:
    """Shuffled batches of (ids of words, tag ids, weights) from sentences of like length.

    Padding has id 0 and weight 0; the weights of a batch sum to one. If the gradients of several
    batches are averaged before a step, the weights of each such group sum to their number, so that
    every token of the group counts the same, whichever batch it is in.

    Args:
        examples: What `encoded` gave: (dict of ids, tag ids), a row for each sentence.
        lengths: The length of every sentence.
        batch_size: Sentences in a batch, at most.
        seed: Of the order of sentences and of batches.
        accumulated: How many batches make a step; their number is a multiple of it.
        devices: How many devices share a batch; rows of padding make their shares equal.
        shapes: For a step that is compiled for each shape. The batches are the same, but all have
            equally many rows, and lengths and words as the shapes say.
    """
    planned = plan(lengths, batch_size, seed, accumulated)
    tokens = np.array([sum(lengths[place] for place in batch.places) for batch in planned])
    groups = tokens.reshape(-1, accumulated).sum(1)
    weights = np.repeat(accumulated / groups, accumulated).astype("float32")

    most = max((len(batch.places) for batch in planned), default=0)
    steps = [b.steps if shapes is None else few_lengths(b.steps) for b in planned]
    spelled = None if shapes is None else shapes.spellings
    if shapes is not None and spelled is not None:
        examples = {**examples[0], PLACES: spelled.rows}, examples[1]
        sizes = [-(-shapes.words[number] // most) for number in steps]
    else:
        sizes = [np.zeros(0, int)] * len(planned)

    @tf.autograph.experimental.do_not_convert
    def batch(places: Any, steps: Any, weight: Any, sizes: Any) -> Any:
        fewest = -(-tf.size(places) // devices) * devices
        rows = fewest if shapes is None else most

        def padded(values: Any) -> Any:
            # Further axes, such as that of characters, get the length of the longest in the batch.
            rest = values.shape.rank - 2
            shape = tf.stack([rows, steps, *[-1] * rest])
            dense = tf.gather(values, places).to_tensor(shape=shape)
            dense = tf.ensure_shape(dense, [None] * (2 + rest))
            return dense if shapes is None else few_widths(dense)

        ids, tags = tf.nest.map_structure(padded, examples)
        real = padded(tf.ones_like(examples[1], tf.float32))
        if spelled is not None:
            ids |= spelled.distinct(ids[PLACES], sizes)
        return ids, tags, weight * real

    places = tf.ragged.stack([tf.constant(batch.places) for batch in planned])
    of_each = places, steps, weights, np.array(sizes, np.int32)
    dataset = tf.data.Dataset.from_tensor_slices(of_each)
    dataset = dataset.map(batch).prefetch(PREFETCHED)
    # There is nothing to tune in reading from memory, and the end of every epoch would wait for the
    # tuner's thread: 0.2 s after 0.43 s of training on the quickstart's data.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
