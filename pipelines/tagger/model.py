"""The tagger: ids of words in, a score for each tag out, and the tags that these scores give."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_lstm_variants import (
    CELLS,
    CRF,
    LAYERS,
    BestPath,
    Chain,
    Marginals,
    NBest,
    cudnn,
    schemes,
)

from ..config.schema import Model
from ..config.start import width
from ..encoding.spelling import PLACES
from ..encoding.vocabulary import Vocabulary, size
from ..errors import InputError
from .embedding_table import Table
from .input_layers import CharacterCNN, CharacterRNN, UnknownWords, embedding

BACKENDS = "tensorflow", "jax"
NAMED = 2  # weights, where something is wrong with several


def build_tagger(
    vocabulary: Vocabulary,
    config: Model,
    vectors: np.ndarray | None = None,
    tuned: bool = False,
    blocks: Sequence[str] = (),
) -> keras.Model:
    """What is known of each word, dropout, recurrent layers, a linear layer, maybe a CRF.

    The mask is handed from layer to layer here: Keras stops doing so in version 3.16.

    Args:
        vocabulary: What the ids stand for.
        config: The model's part of the experiment.
        vectors: Pretrained rows for the words in `vocabulary.vectors`.
        tuned: Whether training changes the rows of known words.
        blocks: Names of the blocks of distinct words that stand for the characters of each word;
            see `encoding.spelling`. The weights are the same, in the same order.

    Returns:
        A model from what an `Encoder` of the vocabulary gives for (batch, steps) words, as a dict,
        to unnormalised scores (batch, steps, tags), or to the chain of a `CRF`.

    Raises:
        InputError: The cell does not take the options it is given, or the backend is another.
    """
    check_backend()
    ids = {"words": keras.Input((None,), dtype="int32", name="words")}
    mask = ops.not_equal(ids["words"], 0)
    known = ids["words"]
    if config.unknown:
        known = UnknownWords(_unknown_rates(vocabulary, config.unknown), name="unknown")(known)
    parts = []
    if learned := width(config, vectors is not None):
        words = embedding(size(vocabulary.words), learned, name="embedding")
        parts.append(words(known))
    if vectors is not None:
        ids["vectors"] = keras.Input((None,), dtype="int32", name="vectors")
        rows = np.concatenate([np.zeros((2, vectors.shape[1]), "float32"), vectors])
        frozen = Table(*rows.shape, trainable=False, weights=rows, name="frozen")
        x = frozen(ids["vectors"])
        if tuned:
            # What training adds: the rows of other words, which the tagger will meet, stay as they
            # are, and the optimizer has a table of known words only.
            change = Table(size(vocabulary.words), rows.shape[1], "zeros", name="tuning")
            x = x + change(known)
        parts.append(x)
    if vocabulary.characters:
        layer = _characters(vocabulary, config)
        for name in blocks or ("characters",):
            ids[name] = keras.Input((None, None), dtype="int32", name=name)
        if blocks:
            ids[PLACES] = keras.Input((None,), dtype="int32", name=PLACES)
            parts.append(layer([ids[name] for name in blocks], ids[PLACES]))
        else:
            parts.append(layer(ids["characters"]))
    for name, values in vocabulary.features.items():
        ids[name] = keras.Input((None,), dtype="int32", name=name)
        feature = embedding(size(values), config.feature_embedding, name=f"{name}_embedding")
        parts.append(feature(ids[name]))
    x = ops.concatenate(parts, axis=-1) if len(parts) > 1 else parts[0]
    if config.word_dropout:
        x = keras.layers.Dropout(config.word_dropout, (None, None, 1), name="word_dropout")(x)
    read = x = _dropout(config, "dropout")(x)
    for n in range(1, config.layers + 1):
        if config.skip and n > 1:
            x = ops.concatenate([x, read], axis=-1)
        x = _read(config, n, x, mask)
        x = _dropout(config, f"dropout_{n}")(x)
    scores = keras.layers.Dense(len(vocabulary.tags), dtype="float32", name="scores")(x)
    if config.decoder == "crf":
        table = constraints(vocabulary) if config.constraints else None
        scores = CRF(len(vocabulary.tags), table, name="crf")(scores, mask=mask)
    return keras.Model(ids, scores, name="tagger")


def check_backend() -> None:
    """Raises InputError on a backend that no tagger has been made for."""
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise InputError(f"KERAS_BACKEND={backend}: taggers run on {' and '.join(BACKENDS)} only")


def constraints(vocabulary: Vocabulary) -> Any:
    """Which tag may follow which, for a `Chain`; None where the tags have no scheme."""
    if vocabulary.scheme is None:
        return None
    return schemes.transitions(vocabulary.tags, vocabulary.scheme)


def decoded(
    model: keras.Model, vocabulary: Vocabulary, constrained: bool = True, scored: bool = True
) -> keras.Model:
    """The tags that a tagger gives a sentence, and how probable each of them is.

    Args:
        model: What `tagger` gave, trained.
        vocabulary: Its tags.
        constrained: Whether a softmax must keep to their scheme; a CRF does as it was trained.
        scored: Whether the probabilities are wanted; a CRF takes about as long for them as for the
            tags.

    Returns:
        A model from ids to a dict: `tags`, int32 (batch, steps), -1 for padding, and, if wanted,
        `scores`, (batch, steps), their probabilities, 0 for padding.
    """
    ids, chain = _chain(model, vocabulary, constrained)
    tags = BestPath(name="best_path")(chain)
    if not scored:
        return keras.Model(ids, {"tags": tags}, name="decoded")
    of_each = Marginals(name="marginals")(chain)
    scores = ops.take_along_axis(of_each, ops.maximum(tags, 0)[..., None], axis=-1)[..., 0]
    return keras.Model(ids, {"tags": tags, "scores": scores}, name="decoded")


def n_best(
    model: keras.Model, vocabulary: Vocabulary, n: int, constrained: bool = True
) -> keras.Model:
    """The n most probable tag sequences of a sentence, and how probable each of them is.

    Args:
        model: What `tagger` gave, trained.
        vocabulary: Its tags.
        n: How many.
        constrained: As for `decoded`. The probability of a sequence is that among those which keep
            to the scheme, if they must.

    Returns:
        A model from ids to a dict: `tags`, int32 (batch, n, steps), the best sequence first, -1
        for padding; and `log_probabilities`, (batch, n). Where there are fewer sequences, the rest
        have tags of -1 and minus infinity.
    """
    ids, chain = _chain(model, vocabulary, constrained)
    tags, logs = NBest(n, name="n_best")(chain)
    return keras.Model(ids, {"tags": tags, "log_probabilities": logs}, name="n_best")


def _chain(model: keras.Model, vocabulary: Vocabulary, constrained: bool) -> tuple[Any, Any]:
    """The inputs of a tagger, and the chain of its tags; a softmax knows nothing of neighbours."""
    # Inputs of its own: a model that was loaded may have names that Keras would give once more.
    ids = {
        name: keras.Input(x.shape[1:], dtype=x.dtype, name=name) for name, x in model.input.items()
    }
    chain = model(ids)
    if not any(isinstance(layer, CRF) for layer in model.layers):
        table = constraints(vocabulary) if constrained else None
        mask = ops.not_equal(ids["words"], 0)
        chain = Chain(len(vocabulary.tags), table, name="chain")(chain, mask=mask)
    return ids, chain


def _unknown_rates(vocabulary: Vocabulary, unknown: float) -> list[float]:
    rates = [unknown / (unknown + n) for n in vocabulary.counts]
    return [0.0, 0.0, *rates, *[0.0] * (size(vocabulary.words) - 2 - len(rates))]


def _dropout(config: Model, name: str) -> keras.layers.Layer:
    kind = keras.layers.SpatialDropout1D if config.variational else keras.layers.Dropout
    return kind(config.dropout, name=name)


def load(path: Path) -> keras.Model:
    """A model that was saved; importing this module has registered its layers.

    Raises:
        InputError: Its weights are not finite, or the backend is another.
    """
    check_backend()
    model = keras.models.load_model(path, compile=False)
    if names := not_finite({v.path: v for v in model.variables}):
        raise InputError(f"{path}: has NaN or infinity in {names}: train it again")
    return model


def not_finite(arrays: Mapping[str, Any]) -> str:
    """The names of the arrays in which something is NaN or infinite, for people; empty if none."""
    names = []
    for name, array in arrays.items():
        values = np.asarray(array)
        # A sum shows it, needs no table of truth values, and float32 cannot overflow it.
        if values.dtype.kind not in "iub" and not np.isfinite(values.sum(dtype="float64")):
            names.append(name)
    return ", ".join(names[:NAMED]) + f" and {len(names) - NAMED} more" * (len(names) > NAMED)


def _read(config: Model, n: int, x: Any, mask: Any) -> Any:
    """What the n-th layer over the words makes of them, in the configured direction."""
    backward = config.direction == "backward"
    layer = recurrent(config, name=f"recurrent_{n}", go_backwards=backward)
    if config.direction == "both":
        return keras.layers.Bidirectional(layer, name=f"bidirectional_{n}")(x, mask=mask)
    x = layer(x, mask=mask)
    return ops.flip(x, axis=1) if backward else x  # its outputs come in the order it reads


def recurrent(config: Model, **kwargs: Any) -> keras.layers.Layer:
    """One layer of the configured cell over the words."""
    options = dict(config.cell_options)
    if "recurrent_dropout" not in CELLS[config.cell].refuses:  # others have no matrix to drop from
        options = {"recurrent_dropout": config.recurrent_dropout, **options}
    return _recurrent(config.cell, config.units, config, options, return_sequences=True, **kwargs)


def runs_cudnn(config: Model, precision: str) -> bool:
    """Whether cuDNN has the loops over the words of such a tagger, where there is a GPU for it."""
    layer = recurrent(config, dtype=precision)
    return not (cudnn.why_not_cell(layer.cell) or cudnn.why_not_layer(layer))


def check_layers(config: Model) -> None:
    """Makes the recurrent layers of a tagger, which says whether their cells take the options.

    Raises:
        InputError: A cell does not take the options, or not so many units.
    """
    layers = [recurrent(config)]
    if config.characters in CELLS:
        layers.append(_recurrent(config.characters, config.character_units, config, {}))
    for layer in layers:
        try:
            layer.build((None, None, 3))
        except (TypeError, ValueError) as error:
            raise InputError(f"model.cell_options: {str(error).splitlines()[0]}") from None


def _characters(vocabulary: Vocabulary, config: Model) -> keras.layers.Layer:
    sizes = (size(vocabulary.characters), config.character_embedding)
    if config.characters == "cnn":
        window = config.character_window
        return CharacterCNN(*sizes, config.character_units, window, name="character_cnn")
    layer = _recurrent(config.characters, config.character_units, config, {})
    return CharacterRNN(*sizes, keras.layers.Bidirectional(layer), name="character_rnn")


def _recurrent(
    cell: str, units: int, config: Model, options: dict[str, Any], **kwargs: Any
) -> keras.layers.Layer:
    """A layer of a cell; cells that come in blocks get their units in blocks.

    Words and characters are padded on the right.
    """
    kwargs = {"right_padded": True, **kwargs}
    if "blocks" in inspect.signature(CELLS[cell]).parameters:
        blocks, rest = divmod(units, config.cells_per_block)
        if rest:
            raise InputError(
                f"model: {units} units cannot stand in blocks of {config.cells_per_block}: change "
                f"model.{'units' if units == config.units else 'character_units'} or "
                "model.cells_per_block"
            )
        options = {"blocks": blocks, "cells_per_block": config.cells_per_block, **options}
    else:
        options = {"units": units, **options}
    try:
        return LAYERS[cell](**options, **kwargs)
    except (TypeError, ValueError) as error:
        raise InputError(f"model.cell_options: {str(error).splitlines()[0]}") from None
