"""The distinct words of a batch, each of whose characters a compiled step reads once.

XLA compiles a program for each shape. The characters of a batch as they stand, as wide as its
longest word, would make many programs and be mostly padding: one link is as long as ten words. So
words of up to SHORT characters and longer ones are two blocks, of a width each; a block has each
word of the batch once; and for each length of batches it has as many rows as any of their epochs
needs, which is known before training.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from .encoder import WIDTH, Encoder

SHORT = WIDTH  # characters of words in the first block
BLOCKS = "characters", "long_words"  # what a model knows them by
PLACES = "spelling"


class Spellings(NamedTuple):
    """The characters of all words of some sentences.

    Attributes:
        ids: Of the characters of each distinct word, int32 (words + 1, characters), 0 for padding:
            first a word without any, which is padding, then the short words, then the long.
        short: How many of these rows are short words, or padding.
        rows: The row of each word, ragged int32 (sentences, steps).
    """

    ids: np.ndarray
    short: int
    rows: Any

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks: there may be no long words."""
        return BLOCKS if len(self.ids) > self.short else BLOCKS[:1]

    def words(self, plans: Iterable[Any]) -> dict[int, np.ndarray]:
        """The most words that a batch has in each block, by the steps of the batch.

        Args:
            plans: The `Batch`es of each epoch, as `batching.plan` gives them.
        """
        flat, starts = self.rows.values.numpy(), self.rows.row_splits.numpy()
        lengths = np.diff(starts)
        most: dict[int, np.ndarray] = {}
        for planned in plans:
            batch_of = np.zeros(len(lengths), np.int64)
            for n, batch in enumerate(planned):
                batch_of[batch.places] = n
            pairs = np.unique(np.repeat(batch_of, lengths) * len(self.ids) + flat)
            batches, rows = np.divmod(pairs, len(self.ids))
            count = len(planned)
            in_block = [np.bincount(batches[rows < self.short], minlength=count) + 1]  # and padding
            in_block += [np.bincount(batches[rows >= self.short], minlength=count)]
            for batch, found in zip(planned, np.transpose(in_block), strict=True):
                most[batch.steps] = np.maximum(most.get(batch.steps, 0), found)
        return most

    def distinct(self, rows: Any, sizes: Any) -> dict[str, Any]:
        """The blocks of a batch, and where in them its words are.

        Args:
            rows: Of the words of the batch, int32 (batch, steps), 0 for padding.
            sizes: Words in each block for each sentence of the batch, (blocks,): enough for all.

        Returns:
            A dict: each block, (batch, size, characters), so that a batch has one number of rows;
            PLACES, (batch, steps), the places of the words among those of all blocks.
        """
        batch, flat = tf.shape(rows)[0], tf.reshape(rows, [-1])
        found = tf.sort(tf.unique(flat)[0])
        places = tf.searchsorted(found, flat)
        short = tf.reduce_sum(tf.cast(found < self.short, tf.int32))
        parts, widths = [found[:short], found[short:]], [SHORT, rounded(self.ids.shape[1])]
        made = {}
        for n, name in enumerate(self.blocks):
            block = tf.gather(self.ids, parts[n])[:, : widths[n]]
            block = tf.pad(block, [[0, 0], [0, widths[n] - block.shape[1]]])
            block = tf.pad(block, [[0, batch * sizes[n] - tf.size(parts[n])], [0, 0]])
            made[name] = tf.reshape(block, [batch, sizes[n], widths[n]])
        # Long words come after the padding of the short ones.
        places += tf.where(flat < self.short, 0, batch * sizes[0] - short)
        return {**made, PLACES: tf.reshape(places, tf.shape(rows))}


def spellings(encoder: Encoder, sentences: Sequence[Sequence[str]]) -> Spellings:
    """The characters of the words of sentences, as the encoder reads them."""
    distinct = list(dict.fromkeys(word for sentence in sentences for word in sentence))
    given = encoder.arrays(tf.constant([["", *distinct]]))["characters"]
    ids = np.asarray(given)[0].astype(np.int32)
    lengths = np.count_nonzero(ids, axis=1)
    order = np.argsort(lengths > SHORT, kind="stable")
    row_of = dict(zip(["", *distinct], np.argsort(order).tolist(), strict=True))
    rows = [[row_of[word] for word in sentence] for sentence in sentences]
    short = int(np.count_nonzero(lengths <= SHORT))
    return Spellings(ids[order], short, tf.ragged.constant(rows, tf.int32, ragged_rank=1))


def rounded(characters: int) -> int:
    """A width, of which there are few."""
    return characters + -characters % WIDTH
