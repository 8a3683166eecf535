"""Casts in a step: the numbers of Keras' loop, also where generated code would not round."""

import numpy as np
import pytest
from keras import ops

from cases import BACKEND, distance
from keras_lstm_variants import Recurrent
from keras_lstm_variants.cells.parts.base import GatedCell
from keras_lstm_variants.kernel import fused

pytestmark = [
    pytest.mark.ci,
    pytest.mark.skipif(BACKEND == "torch", reason="nothing is read off a step on torch"),
]
OF_STEP = {  # and whether generated code has it
    "to_bfloat16": (lambda h: ops.cast(ops.cast(h, "bfloat16"), "float32"), False),
    "to_integers": (lambda h: ops.cast(ops.cast(8 * h, "int32"), "float32") / 8, False),
    "to_truth": (lambda h: h * ops.cast(h > 0, "float32"), True),
    "not_at_all": (lambda h: ops.cast(h, "float32"), True),
}


class CastsCell(GatedCell):
    """h = tanh(W x + R h), of which `of_step` is taken."""

    gates = ("z",)

    def step(self, net, h_prev):
        of_step, _ = OF_STEP[self.name]
        return (of_step(self.g(net.z)),)


class Casts(Recurrent):
    cell_class = CastsCell


@pytest.mark.filterwarnings("ignore:(?s).*cannot run this call. a cast:UserWarning")
@pytest.mark.parametrize("kind", OF_STEP)
@pytest.mark.parametrize(
    "dtype",
    [
        "float32",
        pytest.param(
            "mixed_bfloat16",
            marks=pytest.mark.skipif(BACKEND != "jax", reason="it is for kernels of GPUs"),
        ),
    ],
)
def test_a_cast_gives_the_numbers_of_keras_loop(kind, dtype, rng, monkeypatch):
    monkeypatch.setenv(fused.VARIABLE, fused.INTERPRET)
    x = rng.normal(size=(2, 4, 3)).astype("float32")
    activation, weights = "tanh", None
    if kind == "to_integers":
        # Where rounding would decide which integer it is, each CPU has its own: nothing is rounded.
        x, activation = (rng.integers(-4, 5, x.shape) / 4).astype("float32"), "linear"
        weights = [rng.integers(-2, 3, (3, 3)) / 4, rng.integers(-1, 2, (3, 3)) / 4, np.zeros(3)]
    plain, ours = (
        Casts(3, name=kind, dtype=dtype, scan=scan, activation=activation)
        for scan in ("plain", "fused" if BACKEND == "jax" else "auto")
    )
    plain.cell.name = ours.cell.name = kind
    plain(x)
    _, read = OF_STEP[kind]
    ours(x)
    plain.set_weights(plain.get_weights() if weights is None else weights)
    ours.set_weights(plain.get_weights())
    # XLA leaves out what rounds and widens again, so on JAX the loops may differ by that.
    rounds = weights is None and dtype != "float32" or (BACKEND == "jax" and kind == "to_bfloat16")
    found, expected = (ops.cast(layer(x), "float32") for layer in (ours, plain))
    assert distance([found], [expected]) <= (2**-7 if rounds else 1e-6)
    why = ours.why_not_fused if BACKEND == "jax" else ours.why_not_compiled
    of = (
        "a cast to bfloat16"
        if (kind, dtype) == ("to_bfloat16", "mixed_bfloat16")
        else "a cast from"
    )
    assert (why == "") if read else of in why
