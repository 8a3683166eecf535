"""What holds for memories that are matrices: their form in chunks, and what they remember."""

import numpy as np
import pytest

from cases import (
    BACKEND,
    FEATURES,
    UNITS,
    all_close,
    build,
    close,
    distance,
    layer_gradients,
    numbers,
    of_tensorflow,
    own_layer,
)
from keras_lstm_variants import GLA, MLSTM, DeltaNet, GatedDeltaNet
from keras_lstm_variants.cells.parts.chunks import CHUNK

pytestmark = pytest.mark.ci

# In CI one with a decay for each key and the delta rule, one with one for each head.
IN_CI = "rwkv7", "mlstm"
NAMES = [
    name if name in IN_CI else pytest.param(name, marks=pytest.mark.nightly)
    for name in ("gla", "delta_net", "gated_delta_net", "hgrn2", "rwkv7", "mamba2", "mlstm")
]
every_memory = pytest.mark.parametrize("name", NAMES)
# Within a chunk, whole chunks, and a part of one.
LENGTHS = [3 * CHUNK + 2, *(pytest.param(n, marks=pytest.mark.nightly) for n in (1, CHUNK))]


def pair(name, rng, dtype="float32", scale=0.3, **options):
    """A layer in chunks and one that goes step by step, of equal weights."""
    loop = "auto" if BACKEND == "tensorflow" else "plain"
    options = {"return_sequences": True, "return_state": True, "dtype": dtype, **options}
    layers = [
        build(own_layer(name, scan=scan, **options), rng, scale=scale) for scan in ("graph", loop)
    ]
    layers[1].set_weights(layers[0].get_weights())
    return layers


def all_of(layer, x, states, mask=None):
    """The outputs, and the gradients in random directions of all of them."""
    outputs = [numbers(y) for y in layer(x, initial_state=states, mask=mask)]
    rng = np.random.default_rng(2)
    directions = [rng.normal(size=y.shape).astype(y.dtype) for y in outputs]
    return outputs, layer_gradients(layer, directions, x, states, mask, graph=True)


def states_of(layer, rng, batch):
    return [
        np.abs(rng.normal(size=(batch, size))).astype(layer.cell.compute_dtype)
        for size in layer.cell.state_size
    ]


@every_memory
@pytest.mark.parametrize("masked", [pytest.param(False, marks=pytest.mark.nightly), True])
@pytest.mark.parametrize("steps", LENGTHS)
def test_in_chunks_it_is_as_step_by_step(name, steps, masked, rng):
    chunks, loop = pair(name, rng)
    x = rng.normal(size=(3, steps, FEATURES)).astype("float32")
    states = states_of(loop, rng, 3)
    mask = rng.uniform(size=(3, steps)) < 0.7
    mask[0] = False
    both = (all_of(one, x, states, mask if masked else None) for one in (chunks, loop))
    (ours, of_ours), (theirs, of_theirs) = both
    assert distance(ours, theirs) <= 1e-5
    assert distance(of_ours, of_theirs) <= 1e-5


@pytest.mark.nightly
@pytest.mark.parametrize("name, gate", [("gla", "a"), ("mlstm", "f")])
def test_in_chunks_strong_decay_is_exact(name, gate, rng):
    """Among the decays of a chunk are e^-200 and e^0: no quotient of them would have a number."""
    chunks, loop = pair(name, rng, tau=1.0) if name == "gla" else pair(name, rng)
    cell = chunks.cell
    start = sum(cell.size_of(g) for g in cell.gates[: cell.gates.index(gate)])
    columns = slice(start, start + cell.size_of(gate))
    weights = chunks.get_weights()
    weights[0][0, columns] = 200.0  # the first feature opens and shuts it
    for layer in chunks, loop:
        layer.set_weights(weights)
    x = rng.normal(size=(3, 2 * CHUNK, FEATURES)).astype("float32")
    x[:, :, 0] = np.sign(x[:, :, 0])
    states = states_of(loop, rng, 3)
    (ours, of_ours), (theirs, of_theirs) = (all_of(one, x, states) for one in (chunks, loop))
    assert distance(ours, theirs) <= 1e-5
    assert distance(of_ours, of_theirs) <= 1e-5


@of_tensorflow
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["rwkv7", "gla"])
def test_in_chunks_compiles_where_the_number_of_steps_is_unknown(name, rng):
    import tensorflow as tf

    chunks, loop = pair(name, rng, "float64", return_state=False)
    graph = tf.function(
        lambda x: layer_and_gradient(chunks, x),
        input_signature=[tf.TensorSpec((None, None, FEATURES), "float64")],
    )
    for shape in (1, 1), (2, CHUNK + 1):
        x = tf.constant(rng.normal(size=(*shape, FEATURES)))
        all_close(graph(x), layer_and_gradient(loop, x), atol=1e-9)


@of_tensorflow
@pytest.mark.nightly
@pytest.mark.parametrize("name", ["rwkv7", "mlstm", "gla"])
def test_in_chunks_xla_compiles_it_with_its_gradient(name, rng):
    import tensorflow as tf

    chunks, loop = pair(name, rng, "float64", return_state=False)
    x = tf.constant(rng.normal(size=(2, CHUNK + 1, FEATURES)))
    graph = tf.function(lambda x: layer_and_gradient(chunks, x), jit_compile=True)
    all_close(graph(x), layer_and_gradient(loop, x), atol=1e-6)  # XLA has a sigmoid of its own


def layer_and_gradient(layer, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        hs = layer(x)
        loss = tf.reduce_sum(tf.sin(hs))
    return [hs, *tape.gradient(loss, layer.trainable_variables)]


@every_memory
def test_all_states_are_those_of_the_steps(name, rng):
    every = build(own_layer(name, scan="graph", return_all_states=True), rng, scale=0.5)
    last = build(own_layer(name, scan="graph", return_state=True), rng)
    last.set_weights(every.get_weights())
    x = rng.normal(size=(2, 4, FEATURES)).astype(every.compute_dtype)
    _, *states = every(x)
    for steps in 2, 4:
        all_close([state[:, steps - 1] for state in states], last(x[:, :steps])[1:])


def test_heads_are_memories_side_by_side(rng):
    """Each head is a layer of one head, with its own columns of all gates."""
    both = build(MLSTM(UNITS, heads=2, return_sequences=True, dtype="float32"), rng, scale=0.5)
    kernel, bias = both.get_weights()
    x = rng.normal(size=(2, 5, FEATURES)).astype("float32")
    found = []
    for head in range(2):
        one = MLSTM(UNITS // 2, return_sequences=True, dtype="float32")
        one.build((None, None, FEATURES))
        places, start = [], 0
        for gate in one.cell.gates:
            size = one.cell.size_of(gate)
            places += [start + head * size + n for n in range(size)]
            start += both.cell.size_of(gate)
        one.set_weights([kernel[:, places], bias[places]])
        found.append(numbers(one(x)))
    close(both(x), np.concatenate(found, axis=-1), 1e-6)


@pytest.mark.parametrize("layer_class", [DeltaNet, GatedDeltaNet])
def test_the_delta_rule_replaces_what_stands_at_a_key(layer_class, rng):
    """With beta of one, what is found at the last key is the last value, whatever was there."""
    layer = layer_class(UNITS, scan="graph", return_sequences=True, activation="linear")
    layer.build((None, None, FEATURES))
    gates = dict(
        zip(
            layer.cell.gates, np.split(layer.get_weights()[0], layer.cell.gate_ends, 1), strict=True
        )
    )
    gates["q"] = gates["k"]  # it asks for what it has just written
    weights = layer.get_weights()
    weights[0] = np.concatenate(list(gates.values()), axis=1)
    weights[1][-1] = 100.0
    weights[0][:, -1] = 0.0
    layer.set_weights(weights)
    x = rng.normal(size=(2, CHUNK + 3, FEATURES)).astype("float32")
    close(layer(x), x @ gates["v"], 1e-4)


def test_without_decay_it_is_linear_attention(rng):
    layer = build(GLA(UNITS, scan="graph", return_sequences=True, dtype="float32"), rng, scale=0.5)
    kernel, bias = layer.get_weights()
    kernel[:, -UNITS:], bias[-UNITS:] = 0.0, 100.0
    layer.set_weights([kernel, bias])
    x = rng.normal(size=(2, CHUNK + 3, FEATURES)).astype("float32")
    q, k, v, _ = np.split(x @ kernel + bias, 4, axis=-1)
    scores = np.tril(np.einsum("btd,bjd->btj", q, k))
    close(layer(x), scores @ v, 1e-3)


@pytest.mark.parametrize(
    "options, says", [({"heads": 4}, "multiple of heads"), ({"key_size": 0}, "key_size")]
)
def test_refuses_heads_that_do_not_fit(options, says):
    with pytest.raises(ValueError, match=says):
        GLA(UNITS, **options)
