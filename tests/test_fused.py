"""The loop as GPU kernels: in Pallas' interpreter the numbers of Keras' loop; and lowered."""

import re

import keras
import numpy as np
import pytest

from cases import (
    CASES,
    FEATURES,
    FLOAT,
    MASK,
    MECHANISMS,
    build,
    distance,
    own_layer,
    padded,
    sequences,
    taken,
)
from keras_lstm_variants import GRU, LSTM, ConvGRU1D, SimpleRNN
from keras_lstm_variants.kernel import fused

BACKEND = keras.backend.backend()
on_jax = pytest.mark.skipif(BACKEND != "jax", reason="kernels are for JAX")
DROPOUT = {"recurrent_dropout": 0.3, "seed": 1}
STEPS = 5
IN_CI = {"memory_block_lstm"}  # peepholes, and gates wider than one unit


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    monkeypatch.setenv(fused.VARIABLE, fused.INTERPRET)


@pytest.fixture
def for_a_gpu(monkeypatch):
    """Kernels are made for a GPU, which nothing here runs on."""
    monkeypatch.delenv(fused.VARIABLE)
    monkeypatch.setattr(fused, "platform", lambda: "gpu")


def some(*more):
    """A cell for each mechanism, and others: of these in CI, of the rest at night."""
    return pytest.mark.parametrize(
        "name",
        [
            pytest.param(name, marks=pytest.mark.ci if name in IN_CI else pytest.mark.nightly)
            for name in dict.fromkeys([*MECHANISMS, *more])
        ],
    )


def pair(name, rng, dtype="float32", other="graph", **options):
    """A layer with a fused loop and one with another, of equal weights."""
    options = {"return_sequences": True, "return_state": True, **options}
    made = [
        build(own_layer(name, dtype=dtype, scan=scan, **options), rng, scale=0.5)
        for scan in ("fused", other)
    ]
    made[1].set_weights(made[0].get_weights())
    return made


def ways(layer, rng, x, mask, training, states):
    """A layer's outputs and states; and the gradients for weights, x and first states."""
    import jax

    weights = [weight.value for weight in layer.trainable_variables]
    others = [weight.value for weight in layer.non_trainable_variables]

    def loss(weights, x, states):
        outputs, _ = layer.stateless_call(
            weights, others, x, initial_state=states, mask=mask, training=training
        )
        directions = [rng.normal(size=one.shape).astype("float32") for one in outputs]
        return sum((y * d).sum() for y, d in zip(outputs, directions, strict=True)), outputs

    once = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))  # compiles once
    (_, outputs), of_all = once(weights, x, states)
    return outputs, jax.tree.leaves(of_all)


def check(pair, name, rng, x, mask, training, tolerance=1e-5):
    """Compares outputs, states and the gradients for all that there is."""
    ours, other = pair
    ours.build(x.shape)
    states = [rng.normal(size=(len(x), *row)).astype("float32") for row in ours.rows]
    if CASES[name].positive:
        states = [np.abs(state) for state in states]
    outputs, of_all = zip(
        *(ways(one, np.random.default_rng(1), x, mask, training, states) for one in pair),
        strict=True,
    )
    assert ours.why_not_fused == ""
    assert other.why_not_fused == f"it was made with scan={other.scan!r}"
    assert distance(*outputs) <= tolerance
    assert distance(*of_all) <= 10 * tolerance
    assert len(of_all[0]) == len(ours.trainable_weights) + 1 + len(states)


@on_jax
@some("on_lstm", "slstm", "lmu", "brc", "full_gate_recurrence_lstm", "mixed_block_lstm")
def test_the_numbers_and_gradients_of_keras_loop(name, rng):
    draws = not CASES[name].draws  # Keras' loop draws at other times
    layers = pair(name, rng, other="plain", **(taken(name, DROPOUT) if draws else {}))
    check(layers, name, rng, padded(sequences(rng)), MASK, draws)


@on_jax
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["lstm", "gru", "layer_norm_lstm", "zoneout_lstm"])
@pytest.mark.parametrize("training", [False, True])
def test_without_masks_and_whether_products_are_kept_or_not(name, training, rng):
    layers = pair(name, rng, go_backwards=True)
    check(layers, name, rng, sequences(rng), None, training and not CASES[name].draws)


@on_jax
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["lstm", "gru_reset_before", "memory_block_lstm"])
def test_in_half_precision_within_its_rounding(name, rng):
    layers = pair(name, rng, "mixed_bfloat16", other="plain", **taken(name, DROPOUT))
    check(layers, name, rng, sequences(rng), MASK, True, tolerance=2**-6)


@on_jax
@pytest.mark.nightly
def test_each_head_is_a_program_and_so_are_sixteen_sequences(rng):
    x = rng.normal(size=(17, STEPS, FEATURES)).astype("float32")
    mask = rng.random((17, STEPS)) < 0.7
    layers = pair("slstm", rng, units=48, heads=3)
    check(layers, "slstm", rng, x, mask, True)
    (calls,) = fused.made[layers[0].cell].values()
    assert calls.loop.groups.number == 3
    whole = {"units": 48, "heads": 3, "recurrent_dropout": 0.3, "seed": 1}
    check(pair("lstm", rng, **whole), "lstm", rng, x, mask, True)


@on_jax
@pytest.mark.nightly
@pytest.mark.parametrize("blocks, cells", [(16, 2), (32, 4), (7, 3), (2, 16)])
def test_what_cells_share_is_spread_in_each_way(blocks, cells, rng):
    layers = pair("memory_block_lstm", rng, blocks=blocks, cells_per_block=cells)
    check(layers, "memory_block_lstm", rng, sequences(rng), MASK, True)


@on_jax
@pytest.mark.nightly
def test_all_states_at_all_steps_and_in_both_directions(rng):
    check(pair("lstm", rng, return_all_states=True), "lstm", rng, sequences(rng), MASK, True)
    both = []
    for scan in ("fused", "plain"):
        layer = keras.layers.Bidirectional(GRU(3, return_sequences=True, scan=scan))
        both.append(build(layer, np.random.default_rng(1)))
    x = sequences(rng)
    assert distance(*([layer(x, mask=MASK)] for layer in both)) <= 1e-5
    for layer in (both[0].forward_layer, both[0].backward_layer):
        assert layer.why_not_fused == ""


@on_jax
@pytest.mark.nightly
def test_several_weights_as_one_program(rng):
    import jax

    layer, other = pair("peephole_lstm", rng, return_state=False)
    x = sequences(rng)
    weights = [np.stack([rng.normal(size=w.shape) for _ in range(2)]) for w in layer.weights]
    weights = [one.astype("float32") for one in weights]

    def loss(weights, layer):
        others = [weight.value for weight in layer.non_trainable_variables]
        return (layer.stateless_call(weights, others, x, mask=MASK, training=True)[0] ** 2).sum()

    many = jax.vmap(jax.grad(lambda weights: loss(weights, layer)))(weights)
    for n in range(2):
        one = jax.grad(lambda weights: loss(weights, other))([weight[n] for weight in weights])
        assert distance([weight[n] for weight in many], one) <= 1e-4


def lowered(layer, batch=17):
    """The training of a layer as the code that a GPU of NVIDIA's would get."""
    import jax

    layer.build((batch, STEPS, FEATURES))
    weights = [weight.value for weight in layer.trainable_variables]
    others = [weight.value for weight in layer.non_trainable_variables]
    x, mask = np.ones((batch, STEPS, FEATURES), "float32"), np.ones((batch, STEPS), bool)

    def loss(weights, x):
        y, _ = layer.stateless_call(weights, others, x, mask=mask, training=True)
        return y.astype("float32").sum()

    traced = jax.jit(jax.grad(loss)).trace(weights, x)
    assert layer.why_not_fused == ""
    return traced.lower(lowering_platforms=("cuda",)).as_text()


def kernels(text):
    """Which kernels are in it, by name, with the numbers of programs."""
    call = r"gpu\$xla\.gpu\.triton.*?grid_x = (\d+).*?grid_y = (\d+).*?name = \"(\w+)"
    found = re.findall(call, text, re.DOTALL)
    return [(name, int(x) * int(y)) for x, y, name in found]


@on_jax
@some("on_lstm", "slstm", "lmu", "brc")
def test_both_passes_become_code_for_a_gpu(name, for_a_gpu):
    # The LMU's constant matrices are in float32 under any policy.
    dtype = "float32" if name == "lmu" else "mixed_bfloat16"
    programs = 4 if name == "mlstm" else 2  # for 17 sequences, and two heads
    text = lowered(own_layer(name, dtype=dtype, scan="fused"))
    assert kernels(text) == [("forwards", programs), ("backwards", programs)]


@on_jax
@pytest.mark.nightly
def test_a_large_layer_is_a_program_for_each_head(for_a_gpu):
    text = lowered(LSTM(768, heads=12, dtype="mixed_bfloat16", scan="fused"))
    assert kernels(text) == [("forwards", 24), ("backwards", 24)]


@on_jax
@pytest.mark.ci
def test_every_operation_of_the_trace_has_code():
    from keras_lstm_variants.kernel import jaxpr, registers

    codes = {*jaxpr.POINTWISE.values(), *jaxpr.TRUTHS.values(), jaxpr.CHOICE, jaxpr.OF_TRUTH}
    assert codes == registers.IN_JAX.keys()


@on_jax
@pytest.mark.nightly
def test_rounds_and_divides_as_jax_does():
    import jax

    from keras_lstm_variants.kernel import registers

    x = np.arange(-4, 4.1, 0.25).astype("float32")
    np.testing.assert_array_equal(registers.rounded(x), np.rint(x))
    y = np.float32([3, -3, 0.5])[:, None]
    np.testing.assert_allclose(registers.remainder(x, y), jax.lax.rem(*np.broadcast_arrays(x, y)))


@on_jax
@pytest.mark.nightly
@pytest.mark.parametrize(
    "layer, why",
    [
        (lambda: LSTM(128, scan="fused"), "its recurrent weights take 256 KiB on chip in float32"),
        (lambda: LSTM(3, scan="fused", unroll=True), "it is unrolled"),
        (lambda: ConvGRU1D(2, 3, scan="fused"), "conv_general_dilated"),
    ],
)
def test_what_has_no_kernel_says_so_and_runs(layer, why):
    layer = layer()
    shape = (2, 4, 3, 1) if isinstance(layer, ConvGRU1D) else (2, 4, 3)
    with pytest.warns(UserWarning, match=f"scan='fused' cannot run this call: .*{why}"):
        layer(np.ones(shape, "float32"))
    assert why in layer.why_not_fused


class OfTheBatch(SimpleRNN.cell_class):
    """A step that computes something of all sequences, as batch normalisation does."""

    def step(self, net, h_prev):
        (h,) = super().step(net, h_prev)
        return (h - keras.ops.mean(h, axis=0, keepdims=True),)


class LayerOfTheBatch(SimpleRNN):
    cell_class = OfTheBatch


@on_jax
@pytest.mark.ci
@pytest.mark.parametrize("traced", [False, True])
def test_a_step_that_computes_something_of_several_sequences_has_no_kernel(traced, rng):
    import jax

    ours, plain = (build(LayerOfTheBatch(3, scan=scan), rng) for scan in ("fused", "plain"))
    plain.set_weights(ours.get_weights())
    x = sequences(rng).astype("float32")
    with pytest.warns(UserWarning, match="computes something of several sequences together"):
        found = jax.jit(lambda x: ours(x))(x) if traced else ours(x)
    assert distance([found], [plain(x)]) < 1e-6


@pytest.mark.ci
def test_it_is_never_silent_about_another_loop(monkeypatch):
    monkeypatch.delenv(fused.VARIABLE)
    layer, x = LSTM(3, scan="fused"), np.ones((2, 4, 3), FLOAT)
    why = "the device is no GPU" if BACKEND == "jax" else f"the backend is {BACKEND}"
    with pytest.warns(UserWarning, match=f"LSTM: scan='fused' cannot run this call: {why}"):
        layer(x)
    assert layer.why_not_fused.startswith(why)
    again = LSTM.from_config(layer.get_config())
    assert again.scan == "fused"


@on_jax
@pytest.mark.nightly
def test_what_it_has_no_derivatives_for_it_refuses(rng, monkeypatch):
    import jax

    layer = build(GRU(3, scan="fused"), rng)

    def loss(x):
        return (layer(x) ** 2).sum()

    x = sequences(rng).astype("float32")
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        jax.grad(lambda x: (jax.grad(loss)(x) ** 2).sum())(x)
    monkeypatch.setenv(fused.VARIABLE, "1")
    with pytest.raises(ValueError, match="KERAS_LSTM_VARIANTS_FUSED must be interpret"):
        layer(x)
