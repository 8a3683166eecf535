"""What is timed: our layers, Keras' and torch's of the same size, and what no layer can do without.

Each contender gives, for a pass, a call that gives its result when it is there. "forward" is
without gradients; "training" is forward and the gradients of the input and of all weights.
"""

import functools
import importlib.util
import inspect
import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
from keras import ops

from ..config.schema import Model
from ..tagger.model import recurrent
from ..training.devices import gpu
from .multipliers import multiplying
from .timing import Call

Pass = Literal["forward", "training"]
PASSES: tuple[Pass, ...] = ("forward", "training")
SCANS = ("auto", "graph", "plain")
CELLS_PER_BLOCK = 4
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

OURS, PLAIN, KERAS, TORCH, PRODUCTS = "ours", "RNN(cell)", "Keras", "torch", "products"

# The matrices that multiply nothing but the input, so that one product serves all steps.
OF_INPUTS = ("kernel", "factor_kernel", "context_kernel", "feedback_gate_kernel")


class Shape(NamedTuple):
    batch: int
    steps: int
    features: int
    units: int


class Group(NamedTuple):
    """What is timed side by side.

    Attributes:
        cell: The name of one of our cells.
        shape: The sizes.
        directions: 1, or 2: the layer is bidirectional and its two outputs are concatenated.
        dtype: "float32" or "bfloat16", the latter for products, with weights in float32.
    """

    cell: str
    shape: Shape
    directions: int = 1
    dtype: str = "float32"


class Contender(NamedTuple):
    """Somebody in a group.

    Attributes:
        name: "Keras" and the like; with how it is run, if in several ways, after a comma.
        make: Gives the call of a pass.
        shared: What identifies the call: contenders with the same do the same.
    """

    name: str
    make: Callable[[Pass], Call]
    shared: Any


def contenders_of(group: Group, threads: int) -> list[Contender]:
    """All that can be timed here for a group.

    Raises:
        InputError: The cell does not come in this size.
    """
    built = layer(group)
    like = peer(built)
    same = group[1:]
    jax, on_gpu = keras.backend.backend() == "jax", bool(gpu())

    def compiled(name: str, make: Callable[[], keras.Layer], shared: Any, jit: bool = jax):
        return Contender(name, lambda pass_: compile_pass(make(), group, pass_, jit), shared)

    ours = [compiled(OURS, lambda: layer(group), (OURS, group))]
    if takes_scan(built):
        for scan in SCANS[1:]:
            again = functools.partial(layer, group, scan=scan)
            ours.append(compiled(f"{OURS}, scan={scan}", again, (scan, group)))
        if jax and not why_not_fused(group):
            again = functools.partial(layer, group, scan="fused")
            ours.append(compiled(f"{OURS}, scan=fused", again, ("fused", group)))
    ours.append(compiled(PLAIN, lambda: plain(group), (PLAIN, group)))

    ways: dict[str, tuple[bool | str, bool]] = {"": (False, jax)}
    if not jax:
        ways[", jit"] = (False, True)
    if on_gpu:
        ways[", cuDNN"] = ("auto", jax)
    for way, (use_cudnn, jit) in ways.items():
        again = functools.partial(keras_layer, group, like, use_cudnn)
        ours.append(compiled(KERAS + way, again, (KERAS, way, like, same), jit))
    if has_torch(on_gpu):
        ours.append(
            Contender(
                TORCH, lambda pass_: torch_pass(group, like, pass_, threads), (TORCH, like, same)
            )
        )
    return [*ours, *products(group, built, threads, on_gpu, same)]


# Layers of Keras.


def own(built: keras.Layer) -> keras.Layer:
    """The layer itself, or that of its forward direction."""
    return getattr(built, "forward_layer", built)


def cell_of(built: keras.Layer) -> Any:
    return own(built).cell


def peer(built: keras.Layer) -> str:
    """The layer of Keras and torch to compare with: the LSTM if ours has a cell state, or the GRU.

    The 1997 cells and MLSTM, say, have one; a simple RNN and a JANET have an output only.
    """
    return "LSTM" if any(name[0] in "cC" for name in cell_of(built).state) else "GRU"


def layer(group: Group, **options: Any) -> keras.Layer:
    """Our layer, built.

    Raises:
        InputError: The cell does not come in this size.
    """
    return _built(_ours(group, **options), group)


def _ours(group: Group, **options: Any) -> keras.Layer:
    config = Model(
        cell=group.cell,
        units=group.shape.units,
        cells_per_block=CELLS_PER_BLOCK,
        recurrent_dropout=0.0,
    )
    return recurrent(config, dtype=POLICIES[group.dtype], **options)


def takes_scan(built: keras.Layer) -> bool:
    classes = type(own(built)).__mro__
    makers = [vars(base)["__init__"] for base in classes if "__init__" in vars(base)]
    return any("scan" in inspect.signature(maker).parameters for maker in makers)


def why_not_fused(group: Group) -> str:
    """Why the loop of a layer does not run in one kernel, or ""; on JAX."""
    import jax

    made = layer(group, scan="fused")
    x = jax.ShapeDtypeStruct(group.shape[:3], "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # which says the same
        jax.eval_shape(made, x)
    why: str = own(made).why_not_fused
    return why


def plain(group: Group) -> keras.Layer:
    """Keras' loop over our cell."""
    cell, policy = _ours(group).cell, POLICIES[group.dtype]
    return _built(keras.layers.RNN(cell, return_sequences=True, dtype=policy), group)


def keras_layer(group: Group, like: str, use_cudnn: bool | str) -> keras.Layer:
    built = getattr(keras.layers, like)(
        group.shape.units, return_sequences=True, use_cudnn=use_cudnn, dtype=POLICIES[group.dtype]
    )
    return _built(built, group)


def _built(built: keras.Layer, group: Group) -> keras.Layer:
    if group.directions == 2:
        built = keras.layers.Bidirectional(built, dtype=POLICIES[group.dtype])
    built.build(tuple(group.shape[:3]))
    return built


def compile_pass(built: keras.Layer, group: Group, pass_: Pass, jit: bool) -> Call:
    """A pass through a layer as a compiled function of Keras' backend."""
    rng = np.random.default_rng(0)
    shape = group.shape
    # What comes from a layer before, in the precision in which layers hand it on.
    x = ops.cast(rng.normal(size=shape[:3]), group.dtype)
    outputs = built.compute_output_shape(tuple(shape[:3]))
    upstream = ops.cast(rng.normal(size=outputs), group.dtype)
    run = _jax_pass if keras.backend.backend() == "jax" else _tensorflow_pass
    return run(built, x, upstream, pass_, jit)


def _tensorflow_pass(built: keras.Layer, x: Any, upstream: Any, pass_: Pass, jit: bool) -> Call:
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it warns of many functions; each is called many times

    @tf.function(autograph=False, jit_compile=jit)
    def forward(x: Any) -> Any:
        return built(x)

    @tf.function(autograph=False, jit_compile=jit)
    def training(x: Any, upstream: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = built(x, training=True)
        return tape.gradient(outputs, [x, *built.trainable_variables], upstream)

    gpu = bool(tf.config.list_physical_devices("GPU"))

    def call() -> Any:
        outputs = forward(x) if pass_ == "forward" else training(x, upstream)
        if gpu:  # on a CPU, a function ends with its work
            tf.test.experimental.sync_devices()
        return outputs

    return call


def _jax_pass(built: keras.Layer, x: Any, upstream: Any, pass_: Pass, jit: bool) -> Call:
    import jax

    trainable = [variable.value for variable in built.trainable_variables]
    others = [variable.value for variable in built.non_trainable_variables]

    @jax.jit
    def forward(trainable: Any, x: Any) -> Any:
        return built.stateless_call(trainable, others, x)[0]

    @jax.jit
    def training(trainable: Any, x: Any, upstream: Any) -> Any:
        _, gradients = jax.vjp(forward, trainable, x)
        of_weights, of_x = gradients(upstream)
        return [of_x, *of_weights]

    def call() -> Any:
        outputs = forward(trainable, x) if pass_ == "forward" else training(trainable, x, upstream)
        return jax.block_until_ready(outputs)

    return call


# torch.


def has_torch(gpu: bool) -> bool:
    """Whether torch is installed, and uses the GPU if Keras does."""
    if not importlib.util.find_spec("torch"):
        return False
    import torch

    with warnings.catch_warnings():  # that it finds no GPU, which it would say once, later
        warnings.simplefilter("ignore")
        there = torch.cuda.is_available()
    return there or not gpu


def torch_pass(group: Group, like: str, pass_: Pass, threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    shape = group.shape
    on_gpu = bool(gpu())
    place = {"device": "cuda" if on_gpu else "cpu", "dtype": getattr(torch, group.dtype)}
    built = getattr(torch.nn, like)(
        shape.features, shape.units, batch_first=True, bidirectional=group.directions == 2, **place
    )
    x = torch.randn(shape[:3], **place)
    upstream = torch.randn(shape.batch, shape.steps, group.directions * shape.units, **place)

    def call() -> Any:
        if pass_ == "forward":
            with torch.no_grad():
                outputs, _ = built(x)
        else:
            outputs, _ = built(x.requires_grad_())
            outputs = torch.autograd.grad(outputs, [x, *built.parameters()], upstream)
        if on_gpu:
            torch.cuda.synchronize()
        return outputs

    return call


# The matrix products alone.


class Product(NamedTuple):
    """A matrix (rows, columns), and whether it multiplies the inputs of all steps at once."""

    rows: int
    columns: int
    hoisted: bool


def products_of(built: keras.Layer) -> list[Product]:
    """The products that the equations of a layer's cell ask for at each step."""
    return [
        Product(rows, columns, weight.name in OF_INPUTS)
        for weight in cell_of(built).trainable_weights
        if "kernel" in weight.name and len(weight.shape) == 2  # IndRNN's R is a vector
        for rows, columns in [weight.shape]
    ]


def multiplications(wanted: tuple[Product, ...], group: Group, pass_: Pass) -> int:
    """How many a pass takes: training has two more products for each, of its two gradients."""
    steps = group.directions * group.shape.batch * group.shape.steps
    once = steps * sum(product.rows * product.columns for product in wanted)
    return once if pass_ == "forward" else 3 * once


def products(
    group: Group, built: keras.Layer, threads: int, gpu: bool, same: Any
) -> list[Contender]:
    """The floor: no implementation can do without these.

    On a CPU, so many multiplications at the rate at which its multipliers work, shared out evenly;
    one share of them is timed, as the others would run beside it. On a GPU, the products as if no
    step had to wait for the one before.
    """
    wanted = tuple(products_of(built))
    if gpu:

        def on_device(pass_: Pass) -> Call:
            return compile_pass(_built(Products(wanted, group), one), one, pass_, True)

        one = group._replace(directions=1)
        return [Contender(PRODUCTS, on_device, (PRODUCTS, wanted, same))]
    if group.dtype != "float32" or multiplying(1) is None:
        return []

    def at_peak(pass_: Pass) -> Call:
        call = multiplying(multiplications(wanted, group, pass_) / threads)
        assert call is not None
        return call

    return [Contender(PRODUCTS, at_peak, (PRODUCTS, wanted, same))]


class Products(keras.Layer):
    """The same products as a layer, each of them over all steps at once."""

    def __init__(self, wanted: tuple[Product, ...], group: Group) -> None:
        super().__init__(dtype=POLICIES[group.dtype])
        self.wanted, self.rows = wanted * group.directions, group.shape.batch * group.shape.steps

    def build(self, input_shape: Any) -> None:
        self.matrices = [self.add_weight((p.rows, p.columns)) for p in self.wanted]
        self.states = [
            None if p.hoisted else self.add_weight((self.rows, p.rows)) for p in self.wanted
        ]

    def call(self, x: Any) -> Any:
        x = ops.reshape(x, (self.rows, -1))
        factors = [x if states is None else states for states in self.states]
        # Side by side, so that there is one output: one pass over what the products give.
        nets = [
            ops.matmul(a, ops.cast(b, self.compute_dtype))
            for a, b in zip(factors, self.matrices, strict=True)
        ]
        return ops.concatenate(nets, axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int, int]:
        return self.rows, sum(product.columns for product in self.wanted)
