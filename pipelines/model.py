"""The tagger: word ids in, a score for each tag out, and the tags that these scores give."""

import inspect
from typing import Any

import keras
from keras import ops

from keras_lstm_variants import CELLS, CRF, LAYERS, BestPath, Chain, Marginals, schemes

from .config import Model
from .errors import InputError
from .vocabulary import Vocabulary


def tagger(
    words: int,
    tags: int,
    config: Model,
    constraints: Any = None,
    embedding: Any = keras.layers.Embedding,
) -> keras.Model:
    """Word embeddings, dropout, bidirectional layers, a linear layer, and a CRF if asked for.

    The mask is handed from layer to layer here: Keras stops doing so in version 3.16.

    Args:
        words: Number of word ids, padding and unknown words included.
        tags: Number of tags.
        config: The model's part of the experiment.
        constraints: Those of the CRF, which a softmax gets when it is decoded.
        embedding: The class of the layer of word vectors.

    Returns:
        A model from ids (batch, steps), 0 for padding, to unnormalised scores (batch, steps, tags),
        or to the chain of a `CRF`.

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
    if config.decoder == "crf":
        scores = CRF(tags, constraints, name="crf")(scores, mask=mask)
    return keras.Model(ids, scores, name="tagger")


def constraints(vocabulary: Vocabulary) -> Any:
    """Which tag may follow which, for a `Chain`; None where the tags have no scheme."""
    if vocabulary.scheme is None:
        return None
    return schemes.transitions(vocabulary.tags, vocabulary.scheme)


def decoded(model: keras.Model, vocabulary: Vocabulary, constrained: bool = True) -> keras.Model:
    """The tags that a tagger gives a sentence, and how probable each of them is.

    Args:
        model: What `tagger` gave, trained.
        vocabulary: Its tags.
        constrained: Whether a softmax must keep to their scheme; a CRF does as it was trained.

    Returns:
        A model from ids to a dict: `tags`, int32 (batch, steps), -1 for padding, and `scores`,
        (batch, steps), their probabilities, 0 for padding.
    """
    chain = model.output
    if not any(isinstance(layer, CRF) for layer in model.layers):
        table = constraints(vocabulary) if constrained else None
        mask = ops.not_equal(keras.tree.flatten(model.input)[0], 0)
        chain = Chain(len(vocabulary.tags), table, name="chain")(chain, mask=mask)
    tags = BestPath(name="best_path")(chain)
    of_each = Marginals(name="marginals")(chain)
    scores = ops.take_along_axis(of_each, ops.maximum(tags, 0)[..., None], axis=-1)[..., 0]
    return keras.Model(model.input, {"tags": tags, "scores": scores}, name="decoded")


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
