"""Sentences from tensorflow-datasets to batches of ids, of like length, padded and weighted."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .vocabulary import Vocabulary, lookup, word_ids

BUCKETS = 8
PREFETCHED = 4  # batches made while the model is busy


def encoded(builder: Any, split: str, vocabulary: Vocabulary) -> tf.data.Dataset:
    """The split as (word ids, tag ids), one sentence each, in order; kept in memory.

    Raises:
        tf.errors.InvalidArgumentError: When read: a tag is not in the vocabulary.
    """
    words_to_ids = lookup(vocabulary)
    tags_to_ids = keras.layers.StringLookup(
        vocabulary=vocabulary.tags, mask_token=None, num_oov_indices=0
    )

    @tf.autograph.experimental.do_not_convert  # nothing in it to convert, and Python 3.13 cannot
    def encode(example: Any) -> Any:
        return word_ids(vocabulary, words_to_ids, example["tokens"]), tags_to_ids(example["tags"])

    dataset = builder.as_dataset(split=split)
    return dataset.map(encode).cache()


def bucket_ends(lengths: list[int]) -> list[int]:
    """Lengths at which to divide sentences into buckets with about as many tokens each.

    The last bucket has no end: no sentence is too long for it.
    """
    ordered = np.sort(lengths)
    tokens = np.cumsum(ordered)
    ends = np.searchsorted(tokens, tokens[-1] * np.arange(1, BUCKETS) / BUCKETS)
    return sorted({int(ordered[end]) + 1 for end in ends})


def batch_count(lengths: list[int], ends: list[int], batch_size: int) -> int:
    """How many batches the sentences make: each bucket has at most one that is not full."""
    buckets = np.bincount(np.searchsorted(ends, lengths, side="right"))
    return int(np.ceil(buckets / batch_size).sum())


def batches(
    dataset: tf.data.Dataset, lengths: list[int], batch_size: int, seed: int
) -> tf.data.Dataset:
    """Shuffled batches of (word ids, tag ids, weights) from sentences of like length.

    Padding has id 0 and weight 0; the weights of a batch sum to one.

    Args:
        dataset: (word ids, tag ids), one sentence each.
        lengths: The length of every sentence.
        batch_size: Sentences in a batch, at most.
        seed: Of the order of sentences, and with them of batches.
    """
    ends = bucket_ends(lengths)
    dataset = dataset.shuffle(len(lengths), seed=seed, reshuffle_each_iteration=False)
    dataset = dataset.bucket_by_sequence_length(
        lambda words, tags: tf.size(words),
        bucket_boundaries=ends,
        bucket_batch_sizes=[batch_size] * (len(ends) + 1),
    )
    dataset = dataset.map(_weighted)
    count = batch_count(lengths, ends, batch_size)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(PREFETCHED)
    # There is nothing to tune in reading from memory, and the end of every epoch would wait for the
    # tuner's thread: 0.2 s after 0.43 s of training on the quickstart's data.
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _weighted(words: Any, tags: Any) -> Any:
    real = tf.cast(words != 0, tf.float32)
    return words, tags, real / tf.reduce_sum(real)
