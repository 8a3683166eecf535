"""Checks that compile a graph or a loop: any sizes, training steps, half precision."""

import keras
import numpy as np
from keras import ops

from .checks import check
from .numerics import check_gradients
from .subject import (
    BATCH,
    FEATURES,
    SEED,
    STEPS,
    NotApplicable,
    Subject,
    Violation,
    backend,
    compiled,
    float_type,
    numbers,
)


@check("graphs have the values and gradients of the equations", "expensive")
def graphs(subject: Subject) -> None:
    check_gradients(subject, subject.loops("graph", "auto"), graph=True)


@check("a graph takes any batch and any number of steps", "expensive")
def any_sizes(subject: Subject) -> None:
    rng = np.random.default_rng(SEED + 8)
    layer = subject.layer("graph")
    graph = compiled(layer, shape=(None, None, FEATURES))
    for batch, steps in (1, 1), (3, 1), (2, 6):
        x = rng.normal(size=(batch, steps, FEATURES)).astype(float_type())
        states = [numbers(s) for s in subject.cell.get_initial_state(batch_size=batch)]
        hs, finals = subject.solve(x, states)
        says = f"A graph must take any sizes, but differs for {batch} sequences of {steps} steps"
        do = "Ask for sizes with ops.shape(x), or write -1."
        subject.close(graph(x), [hs, *finals], says, do)


@check("a compiled training step goes down the gradient of the equations", "expensive")
def compiled_training(subject: Subject) -> None:
    if subject.draws:
        raise NotApplicable("its equations are those of inference")
    layer = subject.new_layer(
        "graph", return_sequences=False, return_state=False, **(subject.full_gradient or {})
    )
    model = keras.Sequential([keras.Input((STEPS, FEATURES), dtype=float_type()), layer])
    # XLA on TensorFlow and JAX.
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=backend() != "torch")
    model.fit(subject.x, np.ones((BATCH, subject.sizes[0])), verbose=0)
    rng = np.random.default_rng(SEED + 9)
    along = [rng.normal(size=w.shape).astype(w.dtype) for w in subject.weights]
    zeros = subject.zeros

    def loss(*weights):
        return np.mean((subject.solve(subject.x, zeros, weights)[0][:, -1] - 1) ** 2)

    slopes, tolerance = subject.slopes(loss, subject.weights, along)
    moved = zip(layer.weights, subject.weights, layer.get_weights(), along, slopes, strict=True)
    for weight, before, after, d, slope in moved:
        step = (before - after) / 0.5
        near = max(1e-4, tolerance) * (np.linalg.norm(step) * np.linalg.norm(d)) + tolerance
        if not abs(np.sum(step * d) - slope) <= near:
            raise Violation(
                f"Compiled training must move {weight.name} down the gradient of the equations, "
                f"but moves it by {np.sum(step * d):.6g} in a random direction instead of "
                f"{slope:.6g}."
            )


@check("half precision gives the numbers of float32, as near as it can", "expensive")
def mixed_precision(subject: Subject) -> None:
    weights = [0.3 * weight for weight in subject.weights]
    x = subject.x.astype("float32")
    plain = subject.new_layer("graph", "float32")
    plain.set_weights(weights)
    expected = numbers(plain(x)[0])
    scale = max(1.0, float(np.abs(expected).max()))  # what is rounded is as large as that
    for policy, atol in {"mixed_float16": 1e-2, "mixed_bfloat16": 5e-2}.items():
        layer = subject.new_layer("graph", policy)
        layer.set_weights(weights)
        y = layer(x)[0]
        dtype = keras.backend.standardize_dtype(y.dtype)
        if dtype != policy.removeprefix("mixed_"):
            raise Violation(f"With {policy} outputs must be of that type, but are {dtype}.")
        kinds = {weight.dtype for weight in layer.weights}
        if kinds != {"float32"}:
            raise Violation(f"With {policy} weights must be float32, but some are {kinds}.")
        says = f"With {policy} outputs must be near those of float32, but differ"
        do = "Sum, take powers and exponentials in self.compute_dtype; multiply with self.dot."
        if policy == "mixed_float16" and scale > (largest := float(np.finfo("float16").max)):
            do = f"They reach {scale:.3g}, and float16 ends at {largest:,.0f}: bound what grows."
        subject.close(ops.cast(y, "float32"), expected, says, do, atol * scale)


@check("it trains in half precision", "expensive")
def mixed_precision_training(subject: Subject) -> None:
    layer = subject.new_layer("graph", "mixed_float16", return_state=False)
    before = [0.3 * weight for weight in subject.weights]
    layer.set_weights(before)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile("sgd", "mse", jit_compile=backend() == "jax")
    model.fit(subject.x, np.ones((BATCH, STEPS, subject.sizes[0])), verbose=0)
    for weight, old, new in zip(layer.weights, before, layer.get_weights(), strict=True):
        if not np.all(np.isfinite(new)) or np.allclose(new, old, rtol=0, atol=1e-9):
            what = "leaves as it was" if np.all(np.isfinite(new)) else "makes infinite or NaN"
            raise Violation(f"Training in mixed_float16 must move {weight.name}, but {what}.")


@check("the loop is compiled")
def translation(subject: Subject) -> None:
    if "auto" not in subject.loops():
        raise NotApplicable("nothing is compiled on this backend")
    layer = subject.layer("auto")
    layer(subject.x)
    if layer.why_not_compiled:
        raise NotApplicable(f"the layer runs as a graph instead: {layer.why_not_compiled}")
