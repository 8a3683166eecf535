"""Blocks around cells: their equations, masks, directions, files."""

import json

import keras
import numpy as np
import pytest

import oracles
from cases import BACKEND, BATCH, FLOAT, ROUNDING, STEPS, close, numbers
from keras_lstm_variants import GriffinBlock, MLSTMBlock, SLSTMBlock

pytestmark = pytest.mark.ci

WIDTH, HEADS, EPSILON = 6, 2, 1e-3
# All sizes different; the window is shorter than the sequence.
OPTIONS = {"window": 3, "epsilon": EPSILON, "dtype": FLOAT}
MADE = {
    "mlstm": (MLSTMBlock, {"heads": HEADS, "inner_units": 16, "block_size": 4}),
    "slstm": (SLSTMBlock, {"heads": HEADS, "inner_units": 7}),
    "griffin": (GriffinBlock, {"recurrent_units": 10, "inner_units": 7}),
}
every_block = pytest.mark.parametrize("name", MADE)
one_block = pytest.mark.parametrize("name", ["slstm"])


def made(name, rng=None, **options):
    block_class, sizes = MADE[name]
    block = block_class(**{**OPTIONS, **sizes, **options})
    block.build((None, None, WIDTH))
    if rng is not None:
        block.set_weights([rng.normal(size=w.shape) * 0.5 for w in block.weights])
    return block


def drawn(rng):
    return rng.normal(size=(BATCH, STEPS, WIDTH)).astype(FLOAT)


def named(block):
    """The weights by the part of the block and their own name: `up/kernel`."""
    paths = [(w, w.path.split("/")[1:]) for w in block.weights]
    return {"/".join(dict.fromkeys((path[0], path[-1]))): numbers(w) for w, path in paths}


def of_mlstm(w):
    return [
        w["norm/gamma"], w["up/kernel"], w["convolution/kernel"], w["convolution/bias"],
        w["mlstm/kernel"], w["mlstm/gate_kernel"], w["mlstm/bias"], w["head_norm/scale"],
        w["skip"], w["down/kernel"],
    ]  # fmt: skip


def of_slstm(w):
    R = np.concatenate(
        [
            oracles.block_diagonal(blocks)
            for blocks in np.split(w["slstm/recurrent_kernel"], 4, axis=-1)
        ],
        axis=1,
    )
    by_gate = [
        dict(zip("ifzo", np.split(a, 4, axis=-1), strict=True)) for a in (R, w["slstm/bias"])
    ]
    return [
        w["norm/gamma"], w["convolution/kernel"], w["convolution/bias"],
        dict(zip("ifzo", w["slstm/kernel"], strict=True)), *by_gate, w["head_norm/scale"],
        w["second_norm/gamma"], w["up/kernel"], w["down/kernel"],
    ]  # fmt: skip


def of_griffin(w):
    W, b = (
        dict(zip("ri", np.split(w[f"rg_lru/{kind}"], 2, axis=-1), strict=True))
        for kind in ("kernel", "bias")
    )
    return [
        w["norm/scale"], w["gate/kernel"], w["gate/bias"], w["in/kernel"], w["in/bias"],
        w["convolution/kernel"], w["convolution/bias"], W, b, w["rg_lru/decay"], w["out/kernel"],
        w["out/bias"], w["second_norm/scale"], w["up/kernel"], w["up/bias"], w["down/kernel"],
        w["down/bias"],
    ]  # fmt: skip


ORACLES = {
    "mlstm": (oracles.mlstm_block, of_mlstm, {"heads": HEADS}),
    "slstm": (oracles.slstm_block, of_slstm, {"heads": HEADS}),
    "griffin": (oracles.griffin_block, of_griffin, {}),
}


@every_block
def test_block_computes_its_equations(name, rng):
    block, x = made(name, rng), drawn(rng)
    oracle, arguments, options = ORACLES[name]
    weights = arguments({path: w.astype("float64") for path, w in named(block).items()})
    expected = [oracle(row.astype("float64"), *weights, **options, epsilon=EPSILON) for row in x]
    close(numbers(block(x)), np.stack(expected), 10 * ROUNDING)


@every_block
def test_padding_at_either_end_changes_nothing(name, rng):
    block, x = made(name, rng), drawn(rng)
    expected = numbers(block(x))
    padding = np.full((BATCH, 2, WIDTH), 9.0, FLOAT)
    mask = np.ones((BATCH, STEPS + 4), bool)
    mask[:, :2] = mask[:, -2:] = False
    padded = block(np.concatenate([padding, x, padding], axis=1), mask=mask)
    close(numbers(padded)[:, 2:-2], expected, 10 * ROUNDING)
    assert np.isfinite(numbers(padded)).all()


@every_block
def test_a_mask_that_comes_with_the_input_is_taken_without_a_warning(name, rng):
    block, x = made(name, rng), drawn(rng)
    x[:, 3:] = 0
    masked = keras.layers.Masking(dtype=FLOAT)(x)
    expected = numbers(block(x, mask=x.any(axis=-1)))
    close(numbers(block(masked)), expected, ROUNDING)  # a warning would be an error


@one_block
def test_backwards_it_reads_the_turned_sequence(name, rng):
    block, x = made(name, rng), drawn(rng)
    turned = made(name, go_backwards=True)
    turned.set_weights(block.get_weights())
    mask = np.arange(STEPS) < np.array([STEPS, 3, 2, 1])[:BATCH, None]
    close(
        numbers(turned(x, mask=mask)),
        numbers(block(x[:, ::-1].copy(), mask=mask[:, ::-1].copy())),
        ROUNDING,
    )
    both = keras.layers.Bidirectional(block, merge_mode=None, dtype=FLOAT)
    forward, backward = both(x)
    block.set_weights(both.forward_layer.get_weights())  # it makes copies of the layers
    close(numbers(forward), numbers(block(x)), ROUNDING)
    turned.set_weights(both.backward_layer.get_weights())
    close(numbers(backward)[:, ::-1], numbers(turned(x)), ROUNDING)


@every_block
def test_blocks_upon_each_other_are_saved_and_loaded(name, rng, tmp_path):
    block_class, sizes = MADE[name]
    model = keras.Sequential(
        [
            keras.Input((None, WIDTH)),
            block_class(**sizes, window=3, dropout=0.5, dtype=FLOAT),
            block_class(**sizes, go_backwards=True, dtype=FLOAT),
        ]
    )
    x = drawn(rng)
    model.save(tmp_path / "blocks.keras")
    loaded = keras.models.load_model(tmp_path / "blocks.keras")
    for one, other in zip(loaded.layers, model.layers, strict=True):
        left, right = one.get_config(), other.get_config()
        assert {**left, "dtype": None} == {**right, "dtype": None}
        assert one.dtype_policy == other.dtype_policy
    np.testing.assert_array_equal(numbers(loaded(x)), numbers(model(x)))
    if BACKEND == "tensorflow":
        assert np.abs(numbers(model(x, training=True)) - numbers(model(x))).max() > 0.01


@every_block
def test_integers_may_be_of_numpy_in_blocks(name):
    config = made(name).get_config()
    own = {key: np.int64(n) for key, n in config.items() if type(n) is int}
    assert own
    again = type(made(name)).from_config({**config, **own}).get_config()
    assert json.dumps(again) == json.dumps(config)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="takes TensorFlow's gradients")
@every_block
def test_every_weight_matters(name, rng):
    import tensorflow as tf

    block, x = made(name, rng), drawn(rng)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(block(x) * rng.normal(size=x.shape))
    found = tape.gradient(loss, [w.value for w in block.trainable_weights])
    for weight, gradient in zip(block.trainable_weights, found, strict=True):
        assert gradient is not None, weight.path
        assert np.count_nonzero(gradient) > gradient.shape.num_elements() / 2, weight.path


@pytest.mark.nightly
@every_block
def test_in_mixed_precision_it_computes_about_the_same(name, rng):
    exact, x = made(name, rng, dtype="float32"), drawn(rng).astype("float32")
    mixed = made(name, dtype="mixed_bfloat16")
    mixed.set_weights(exact.get_weights())
    expected = numbers(exact(x))
    found = numbers(keras.ops.cast(mixed(x), "float32"))
    assert np.abs(found - expected).max() < 0.1 * np.abs(expected).max()


@pytest.mark.parametrize(
    "build, says",
    [
        (lambda: MLSTMBlock(heads=0), "MLSTMBlock: heads must be a positive integer, not 0"),
        (lambda: MLSTMBlock(block_size=0), "block_size must be a positive integer, not 0"),
        (lambda: MLSTMBlock(heads=3).build((None, None, 8)), "inner_units must be a multiple of"),
        (lambda: SLSTMBlock(heads=3).build((None, None, 8)), "must be a multiple of heads=3"),
        (lambda: SLSTMBlock(dropout=1.0), "dropout must be a number from 0, below 1, not 1.0"),
        (lambda: GriffinBlock(window=2.5), "window must be a positive integer, not 2.5"),
        (lambda: GriffinBlock(epsilon=0), "epsilon must be a positive number, not 0"),
        (lambda: GriffinBlock().build((None, None, None)), "width of sequences must be known"),
    ],
)
def test_what_does_not_fit_is_said(build, says):
    with pytest.raises(ValueError, match=says):
        build()
