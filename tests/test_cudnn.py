"""When the layers run cuDNN's loop, and that it gets the cell's weights as it wants them.

There is no GPU in CI: what calls cuDNN is answered by a reference of cuDNN's conventions, which are
torch's. On torch itself, Keras takes its own loop where there is no GPU, from the same arguments.
"""

from importlib.util import find_spec

import keras
import numpy as np
import pytest

from cases import (
    BACKEND,
    BATCH,
    FEATURES,
    STEPS,
    UNITS,
    alike,
    build,
    distance,
    of_tensorflow,
    sequences,
)
from keras_lstm_variants import GRU, LAYERS, LSTM, PeepholeLSTM, cudnn, portable
from keras_lstm_variants.cells.lstm import LSTMCell

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed"),
]
STATES = {"lstm": 2, "gru": 1}
x = sequences(np.random.default_rng(1)).astype("float32")
mask = np.ones((BATCH, STEPS), bool)


# One sequence is whole, one is padded, and one is nothing but padding.
LENGTHS = np.arange(BATCH)[::-1] * STEPS // (BATCH - 1)
padding = np.arange(STEPS) < LENGTHS[:, None]


@pytest.fixture
def told():
    """The lengths that cuDNN was told, in each call."""
    lengths = []
    yield lengths
    lengths.clear()


def of_torch(mode, x, states, parameters, lengths):
    """What torch gives with parameters in cuDNN's order; after the lengths stand other numbers."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    units = states[0].shape[-1]
    layer = getattr(torch.nn, mode.upper())(x.shape[-1], units, batch_first=True)
    rest = torch.tensor(parameters)
    with torch.no_grad():
        for place in layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0:
            place[:] = rest[: place.numel()].reshape(place.shape)
            rest = rest[place.numel() :]
        assert not len(rest)
        states = [torch.tensor(state)[None] for state in states]
        packed = pack_padded_sequence(torch.tensor(x), lengths, True, enforce_sorted=False)
        outputs, last = layer(packed, tuple(states) if mode == "lstm" else states[0])
        outputs, _ = pad_packed_sequence(outputs, True, 9.0, x.shape[1])
    last = last if mode == "lstm" else [last]
    return [outputs.numpy(), *[state[0].numpy() for state in last]]


def with_tensorflow(monkeypatch, told):
    import tensorflow as tf

    def CudnnRNNV3(input, input_h, input_c, params, rnn_mode, sequence_lengths, time_major, **_):
        assert not time_major
        told.append(np.array(sequence_lengths).tolist())
        states = [np.array(state)[:, 0] for state in (input_h, input_c)[: 1 + (rnn_mode == "lstm")]]
        found = of_torch(rnn_mode, np.array(input), states, np.array(params), told[-1])
        outputs, *last = map(tf.constant, found)
        last = [state[:, None] for state in last]
        return outputs, last[0], last[-1], None, None

    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: [kind])
    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", CudnnRNNV3)


def with_jax(monkeypatch, told):
    import jax
    from jax.experimental import rnn

    def lstm(x, h_0, c_0, weights, seq_lengths, **options):
        told.append(None if isinstance(seq_lengths, jax.core.Tracer) else seq_lengths.tolist())
        sizes = {name: options[name] for name in options if name != "dropout"}
        weights = rnn.unpack_lstm_weights(weights, **sizes)
        return rnn.lstm_ref(x, h_0, c_0, *weights, seq_lengths, *options.values())

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(rnn, "lstm", lstm)


def with_torch(monkeypatch, told):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: True)


@pytest.fixture
def gpu(monkeypatch, told):
    {"tensorflow": with_tensorflow, "jax": with_jax, "torch": with_torch}[BACKEND](
        monkeypatch, told
    )


def skip_unless_called(name):
    if BACKEND == "jax" and name == "gru":
        pytest.skip("Keras does not call cuDNN's GRU on JAX")


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("name", STATES)
def test_gives_what_the_plain_loop_gives(name, go_backwards, rng, gpu):
    skip_unless_called(name)
    plain, ours = alike(name, rng, "float32", ["plain", "auto"], go_backwards=go_backwards)
    states = [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(STATES[name])]
    assert distance(*(one(x, initial_state=states) for one in (ours, plain))) <= 1e-6
    assert ours.why_not_cudnn == "" and ours.why_not_compiled == cudnn.RUNS
    assert len(ours.weights) == len(plain.weights)


def skip_unless_told_lengths(name):
    skip_unless_called(name)
    if BACKEND == "torch":
        pytest.skip("Keras calls cuDNN without masks on torch")


@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"zero_output_for_mask": True}],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("name", STATES)
def test_right_padded_masks_are_lengths(name, options, rng, gpu, told):
    skip_unless_told_lengths(name)
    ways = ["plain", "auto"]
    plain, ours = alike(name, rng, "float32", ways, right_padded=True, dropout=0.2, **options)
    states = [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(STATES[name])]
    for first in (states, None):
        both = (one(x, initial_state=first, mask=padding) for one in (ours, plain))
        assert distance(*both) <= 1e-6
    assert ours.why_not_cudnn == ""
    assert told == [np.maximum(LENGTHS, 1).tolist()] * 2
    # Who says nothing of the mask is not told otherwise.
    silent, _ = alike(name, rng, "float32", ways, **options)
    silent(x, mask=padding)
    assert "right_padded is not set" in silent.why_not_cudnn or silent.scan == "plain"


@pytest.mark.parametrize("name", STATES)
def test_a_mask_that_is_not_right_padded_is_an_error(name, gpu, monkeypatch):
    skip_unless_told_lengths(name)
    layer = LAYERS[name](UNITS, right_padded=True, dtype="float32")
    broken = np.where(np.arange(STEPS) == 1, False, padding)
    with pytest.raises(ValueError, match="right_padded is True, but the mask is not right-padded"):
        layer(x, mask=broken)
    if BACKEND == "jax":
        import jax

        found = jax.jit(lambda mask: layer(x, mask=mask))(broken)
        assert np.isnan(found[0]).all() and np.isfinite(found[-1]).all()
        return
    import tensorflow as tf

    def CudnnRNNV3(input, input_h, input_c, **_):
        return tf.zeros((*input.shape[:2], UNITS)), input_h, input_h, None, None

    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", CudnnRNNV3)
    layer.use_cudnn = True
    graph = tf.function(lambda mask: layer(x, mask=mask))
    assert graph(padding).shape == (BATCH, UNITS)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the mask is not right-padded"):
        graph(broken)


@pytest.mark.skipif(BACKEND != "jax", reason="its reference of cuDNN's loop has gradients")
@pytest.mark.parametrize("go_backwards", [False, True])
def test_gradients_come_through_lengths(go_backwards, rng, gpu, told):
    import jax

    layers = alike("lstm", rng, "float32", ["plain", "auto"], go_backwards=go_backwards,
                   right_padded=True)  # fmt: skip
    upstream = rng.normal(size=(BATCH, STEPS, UNITS)).astype("float32")

    def gradients(layer):
        def loss(weights, x):
            variables = zip(layer.trainable_variables, weights, strict=True)
            with keras.StatelessScope(list(variables)):
                return (layer(x, mask=padding)[0] * upstream).sum()

        weights = [variable.value for variable in layer.trainable_variables]
        found, of_x = jax.jit(jax.grad(loss, (0, 1)))(weights, x)
        return [*found, of_x]

    plain, ours = map(gradients, layers)
    assert told and layers[1].why_not_cudnn == ""
    assert distance(plain, ours) <= 1e-5
    assert not np.any(ours[-1][~padding])


@pytest.mark.parametrize("name", STATES)
def test_dropout_and_the_states_carried_on_are_as_ever(name, rng, gpu):
    skip_unless_called(name)
    plain, ours = (
        build(LAYERS[name](UNITS, dropout=0.5, seed=1, stateful=True, scan=scan), rng, batch=BATCH)
        for scan in ("plain", "auto")
    )
    ours.set_weights(plain.get_weights())
    for _ in range(2):
        assert distance(*([one(x, training=True)] for one in (ours, plain))) <= 1e-6
        assert ours.why_not_cudnn == ""


def test_both_directions_are_told():
    both = keras.layers.Bidirectional(LSTM(UNITS, use_cudnn=False))
    both(x)
    assert both.backward_layer.why_not_cudnn == "use_cudnn is False"


@pytest.mark.skipif(BACKEND == "torch", reason="Keras' other loop takes over, and says nothing")
@pytest.mark.parametrize("given", [None, padding], ids=["whole", "padded"])
def test_where_it_fails_the_layer_runs_its_own_loop_and_says_why(given, rng, gpu, monkeypatch):
    def missing(*_, **__):
        raise RuntimeError if BACKEND == "jax" else tf.errors.NotFoundError(None, None, "no op")

    if BACKEND == "jax":
        from jax.experimental import rnn

        monkeypatch.setattr(rnn, "lstm", missing)
    else:
        import tensorflow as tf

        monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", missing)
    plain, ours = alike("lstm", rng, "float32", ["plain", "auto"], right_padded=True)
    assert distance(ours(x, mask=given), plain(x, mask=given)) <= 1e-6
    assert "called cuDNN" in ours.why_not_cudnn
    assert ours.why_not_compiled != cudnn.RUNS
    ours.use_cudnn = True
    with pytest.raises(ValueError, match="cuDNN cannot run this call: .* called cuDNN"):
        ours(x, mask=given)


class MyLSTMCell(LSTMCell):
    def step(self, net, h_prev, c_prev):
        return h_prev, c_prev


class MyLSTM(LSTM):
    cell_class = MyLSTMCell


@pytest.mark.parametrize(
    "why, make, call",
    [
        ("it has no PeepholeLSTMCell", PeepholeLSTM, {}),
        ("it has no MyLSTMCell", MyLSTM, {}),
        ("activation", LSTM, {"activation": "relu"}),
        ("recurrent activation", GRU, {"recurrent_activation": "hard_sigmoid"}),
        ("bias", LSTM, {"use_bias": False}),
        ("heads", LSTM, {"heads": 2}),
        ("truncated", LSTM, {"gradient": "truncated"}),
        ("clipped", LSTM, {"clip_net_gradient": 1.0}),
        ("recurrent dropout", LSTM, {"recurrent_dropout": 0.1}),
        ("bfloat16", LSTM, {"dtype": "mixed_bfloat16"}),
        ("use_cudnn", LSTM, {"use_cudnn": False}),
        ("scan", LSTM, {"scan": "graph"}),
        ("all steps", LSTM, {"return_all_states": True}),
        ("unrolled", LSTM, {"unroll": True}),
        ("mask", LSTM, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_says_why_it_cannot(why, make, call, gpu):
    if make is GRU and BACKEND == "jax":
        why = "GRU"
    layer = make(UNITS, **{"dtype": "float32", **call})
    given = {"mask": mask} if why == "mask" else {}
    assert keras.tree.flatten(layer(x, **given))[0].shape == (BATCH, UNITS)
    assert why in layer.why_not_cudnn
    if why == "use_cudnn":
        return
    layer.use_cudnn = True
    with pytest.raises(ValueError, match=f"cuDNN cannot run this call: .*{why}.*'auto'"):
        layer(x, **given)


def test_without_a_gpu_there_is_none():
    layer = LSTM(UNITS, use_cudnn=True, dtype="float32")
    with pytest.raises(ValueError, match="there is no GPU"):
        layer(x)
    with pytest.raises(ValueError, match="use_cudnn must be 'auto', True or False, not 'yes'"):
        LSTM(UNITS, use_cudnn="yes")
    assert cudnn.keras_layer(layer.cell) is None


def test_exports_hold_nothing_of_it(gpu):
    layer = LSTM(UNITS, dtype="float32")
    with portable():
        layer(x)
    assert "portable" in layer.why_not_cudnn


@of_tensorflow
def test_in_graphs_of_tensorflow_it_trains(monkeypatch, gpu):
    import tensorflow as tf

    called = []

    def CudnnRNNV3(input, input_h, input_c, **_):
        called.append(input.shape)
        return tf.zeros((*input.shape[:2], UNITS)), input_h, input_c, None, None

    monkeypatch.setattr(tf.raw_ops, "CudnnRNNV3", CudnnRNNV3)
    layer = LSTM(UNITS, dtype="float32")
    layer.build(x.shape)
    tf.function(layer)(x)
    assert "inference" in layer.why_not_cudnn and not called
    assert not layer.supports_jit  # or Keras would have XLA compile the step of training
    tf.function(layer, jit_compile=True)(x, training=True)
    assert "XLA" in layer.why_not_cudnn and not called
    tf.function(layer)(x, training=True)
    asked = LSTM(UNITS, use_cudnn=True, dtype="float32")
    asked.build(x.shape)
    tf.function(asked)(x)
    assert called == [(BATCH, STEPS, FEATURES)] * 2
    masked = LSTM(UNITS, dtype="float32")
    masked(x, mask=mask)
    assert masked.supports_jit
