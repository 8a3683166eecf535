"""The tagger: word ids in, a score for each tag out."""

import inspect
from typing import Any

import keras
from keras import ops

from keras_lstm_variants import CELLS, LAYERS

from .config import Model
from .errors import InputError


def tagger(
    words: int, tags: int, config: Model, embedding: Any = keras.layers.Embedding
) -> keras.Model:
    """Word embeddings, dropout, bidirectional layers, a linear layer.

    The mask is handed from layer to layer here: Keras stops doing so in version 3.16.

    Args:
        words: Number of word ids, padding and unknown words included.
        tags: Number of tags.
        config: The model's part of the experiment.
        embedding: The class of the layer of word vectors.

    Returns:
        A model from ids (batch, steps), 0 for padding, to unnormalised scores (batch, steps, tags).

    Raises:
        InputError: The cell does not take the options it is given.
    """
    ids = keras.Input((None,), dtype="int32", name="words")
    mask = ops.not_equal(ids, 0)
    x = embedding(words, config.embedding, name="embedding")(ids)
    x = keras.layers.Dropout(config.dropout, name="dropout")(x)
    for n in range(1, config.layers + 1):
        layer = recurrent(config, name=f"recurrent_{n}")
        x = keras.layers.Bidirectional(layer, name=f"bidirectional_{n}")(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{n}")(x)
    scores = keras.layers.Dense(tags, dtype="float32", name="scores")(x)
    return keras.Model(ids, scores, name="tagger")


def recurrent(config: Model, **kwargs: Any) -> keras.layers.Layer:
    """One layer of the configured cell; cells that come in blocks get their units in blocks."""
    options = {"recurrent_dropout": config.recurrent_dropout, **config.cell_options}
    if "blocks" in inspect.signature(CELLS[config.cell]).parameters:
        blocks, rest = divmod(config.units, config.cells_per_block)
        if rest:
            raise InputError(
                f"model: {config.units} units cannot stand in blocks of {config.cells_per_block}: "
                "change model.units or model.cells_per_block"
            )
        options = {"blocks": blocks, "cells_per_block": config.cells_per_block, **options}
    else:
        options = {"units": config.units, **options}
    try:
        return LAYERS[config.cell](**options, return_sequences=True, **kwargs)
    except (TypeError, ValueError) as error:
        raise InputError(f"model.cell_options: {str(error).splitlines()[0]}") from None
