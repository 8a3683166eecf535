"""Which derivative of a layer works where: the table in docs/layers.rst, and what its fields do.

A mode is a function of a layer and of sequences that gives arrays. A field says that these are the
arrays of the layer whose loop is Keras' own, or what the error says.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from keras_lstm_variants import PeepholeLSTM

COLUMNS = ("auto", "graph", "plain", "Bidirectional")
WORKS = "works"
NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}


class Mode(NamedTuple):
    """A row of the table.

    Attributes:
        backend: Of Keras.
        title: In words, as in the table.
        arrays: `arrays(layer, x)` gives what to compare.
        fields: By column, WORKS or a key of SAYS; columns that are not there work.
        early: Whether CI runs it, and not only each night.
        reference: Gives the arrays of the layer with Keras' loop, if `arrays` cannot.
    """

    backend: str
    title: str
    arrays: Callable[[Any, Any], Any]
    fields: dict[str, str]
    early: bool = False
    reference: Callable[[Any, Any], Any] | None = None


# What the table says of a field, and what the error must match.
SAYS = {
    '``scan="graph"``': "forward-mode .* scan='graph'",
    '``scan="plain"``': "forward-mode .* scan='plain'",
    '``scan="plain"`` (JAX: ``custom_vjp``)': "forward-mode .* custom_vjp",
    "without pfor": "experimental_use_pfor",
    "``portable()``, or ``jit_compile`` first": "trace_within_.*_portable",
    "``jit_compile`` first": "PyFuncStateless",
    'TensorFlow has none; ``scan="graph"``': "variant",
    "of the ``tf.function``": "from outside|TraceType|variant",  # TensorFlow's are odd
}

GRAPH, PLAIN, OF_JAX, PFOR, PORTABLE, XLA_FIRST, NOT_PLAIN, OUTSIDE = SAYS
MODES: list[Mode] = []


def where_not_plain(says):
    """The fields of a mode that only the loop of Keras has."""
    return {column: says for column in COLUMNS if column != "plain"}


def where_compiled(says):
    return dict.fromkeys(("auto", "Bidirectional"), says)


def mode(backend, title, early=False, reference=None, **fields):
    """Makes a function a mode."""

    def add(arrays):
        MODES.append(Mode(backend, title, arrays, fields, early, reference))
        return arrays

    return add


def built(column, **options):
    """A layer for a column, and the one that it is compared with."""
    scan = "auto" if column == "Bidirectional" else column
    made = []
    for one in scan, "plain":
        layer = PeepholeLSTM(2, return_sequences=True, scan=one, dtype="float64", **options)
        made.append(
            keras.layers.Bidirectional(layer, dtype="float64") if column[0] == "B" else layer
        )
        made[-1].build((2, 3, 2))
    made[1].set_weights(made[0].get_weights())
    return made


def values(layer):
    return [weight.value for weight in layer.trainable_weights]


# TensorFlow.


def tf_loss(layer, x, training=False):
    return ops.sum(layer(x, training=training) ** 2 + layer(x, training=training))


def tf_gradient(layer, x, training=False, persistent=False):
    import tensorflow as tf

    with tf.GradientTape(persistent=persistent) as tape:
        tape.watch(x)
        loss = tf_loss(layer, x, training)
    return tape.gradient(loss, [x, *values(layer)])


def tf_second(layer, x, training=False):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        size = tf.add_n([tf.reduce_sum(one**2) for one in tf_gradient(layer, x, training)])
    return tape.gradient(size, [x, *values(layer)])


def in_graph(function, layer, *more, **options):
    import tensorflow as tf

    return tf.function(lambda x: function(layer, x, *more), autograph=False, **options)


@mode("tensorflow", "gradient", early=True)
def _(layer, x):
    return tf_gradient(layer, x)


@mode("tensorflow", "gradient, persistent tape")
def _(layer, x):
    return tf_gradient(layer, x, persistent=True)


@mode("tensorflow", "gradient in ``tf.function``", early=True)
def _(layer, x):
    return in_graph(tf_gradient, layer)(x)


@mode("tensorflow", "gradient in ``tf.function``, ``training=True``")
def _(layer, x):
    return in_graph(tf_gradient, layer, True)(x)


@mode("tensorflow", "second order: tape in tape")
def _(layer, x):
    return tf_second(layer, x)


@mode("tensorflow", "second order in ``tf.function``")
def _(layer, x):
    return in_graph(tf_second, layer)(x)


@mode("tensorflow", "second order in ``tf.function``, ``training=True``")
def _(layer, x):
    return in_graph(tf_second, layer, True)(x)


def tf_jacobian(function, x, batch=False, **options):
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = function(x)
    return [(tape.batch_jacobian if batch else tape.jacobian)(y, x, **options)]


def tf_hessian(layer, x, **options):
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            loss = tf_loss(layer, x)
        gradient = inner.gradient(loss, x)
    return [tape.jacobian(gradient, x, **options)]


WITHOUT = {"experimental_use_pfor": False}


@mode("tensorflow", "``tape.jacobian``", early=True)
def _(layer, x):
    return tf_jacobian(layer, x)


@mode("tensorflow", "``tape.batch_jacobian``")
def _(layer, x):
    return tf_jacobian(layer, x, batch=True)


@mode("tensorflow", "``tape.jacobian``, without pfor")
def _(layer, x):
    return tf_jacobian(layer, x, **WITHOUT)


@mode("tensorflow", "``tape.batch_jacobian``, without pfor")
def _(layer, x):
    return tf_jacobian(layer, x, batch=True, **WITHOUT)


@mode("tensorflow", "``tape.jacobian`` within ``tf.function``", **where_compiled(PFOR))
def _(layer, x):
    return in_graph(lambda layer, x: tf_jacobian(layer, x), layer)(x)


def tf_of_function(layer, x, **options):
    return tf_jacobian(in_graph(lambda layer, x: layer(x), layer), x, **options)


@mode(
    "tensorflow",
    "``tape.jacobian`` of a ``tf.function``",
    reference=lambda layer, x: tf_of_function(layer, x, **WITHOUT),
    plain=PFOR,
    **where_compiled(PFOR),
)
def _(layer, x):
    return tf_of_function(layer, x)


@mode("tensorflow", "``tape.jacobian`` of a ``tf.function``, without pfor")
def _(layer, x):
    return tf_jacobian(in_graph(lambda layer, x: layer(x), layer), x, **WITHOUT)


@mode("tensorflow", "Hessian: ``tape.jacobian`` of a gradient")
def _(layer, x):
    return tf_hessian(layer, x)


@mode("tensorflow", "Hessian, without pfor")
def _(layer, x):
    return tf_hessian(layer, x, **WITHOUT)


def tf_forward(function, x):
    import tensorflow as tf

    with tf.autodiff.ForwardAccumulator(x, tf.sin(x)) as forward:
        y = function(x)
    return [y, forward.jvp(y)]


@mode("tensorflow", "forward mode: ``ForwardAccumulator``", early=True, **where_compiled(GRAPH))
def _(layer, x):
    return tf_forward(layer, x)


@mode("tensorflow", "forward mode of a ``tf.function``", **where_compiled(GRAPH))
def _(layer, x):
    return tf_forward(in_graph(lambda layer, x: layer(x), layer), x)


@mode("tensorflow", "forward mode in a ``tf.function``", **dict.fromkeys(COLUMNS, OUTSIDE))
def _(layer, x):
    return in_graph(tf_forward, layer)(x)


@mode("tensorflow", "XLA: gradient in ``tf.function(jit_compile=True)``")
def _(layer, x):
    return in_graph(tf_gradient, layer, jit_compile=True)(x)


@mode("tensorflow", "XLA around a ``tf.function`` traced before", **where_compiled(PORTABLE))
def _(layer, x):
    import tensorflow as tf

    traced = in_graph(lambda layer, x: layer(x), layer)
    traced(x)
    return [tf.function(lambda x: traced(x), jit_compile=True, autograph=False)(x)]


@mode(
    "tensorflow",
    "XLA around a ``tf.function`` traced before, ``training=True``",
    **where_compiled(XLA_FIRST),
)
def _(layer, x):
    import tensorflow as tf

    traced = in_graph(lambda layer, x: layer(x, training=True), layer)
    traced(x)
    return [tf.function(lambda x: traced(x), jit_compile=True, autograph=False)(x)]


@mode(
    "tensorflow",
    "``tf.vectorized_map`` of gradients",
    plain=NOT_PLAIN,
    reference=lambda layer, x: [tf_gradient(layer, x)[0]],
)
def _(layer, x):
    import tensorflow as tf

    return [tf.vectorized_map(lambda row: tf_gradient(layer, row[None])[0][0], x)]


# JAX.


def of_jax(layer, weights, x):
    """The outputs as a function of the weights as well."""
    pairs = list(zip(layer.trainable_weights, weights, strict=True))
    with keras.StatelessScope(pairs):
        return layer(x)


def jax_loss(layer):
    def loss(weights, x):
        y = of_jax(layer, weights, x)
        return (y**2 + y).sum()

    return loss


@mode("jax", "``jax.grad``", early=True)
def _(layer, x):
    import jax

    return jax.tree.leaves(jax.grad(jax_loss(layer), (0, 1))(values(layer), x))


@mode("jax", "``jax.jit`` of a gradient")
def _(layer, x):
    import jax

    return jax.tree.leaves(jax.jit(jax.grad(jax_loss(layer), (0, 1)))(values(layer), x))


@mode("jax", "second order: ``jax.grad`` of ``jax.grad``", early=True)
def _(layer, x):
    import jax

    def size(weights, x):
        both = jax.grad(jax_loss(layer), (0, 1))(weights, x)
        return sum((one**2).sum() for one in jax.tree.leaves(both))

    return jax.tree.leaves(jax.grad(size, (0, 1))(values(layer), x))


@mode("jax", "``jax.jacrev``")
def _(layer, x):
    import jax

    return [jax.jacrev(lambda x: of_jax(layer, values(layer), x))(x)]


@mode("jax", "Hessian: ``jax.jacrev`` of ``jax.grad``")
def _(layer, x):
    import jax

    return [jax.jacrev(jax.grad(lambda x: jax_loss(layer)(values(layer), x)))(x)]


@mode("jax", "``jax.hessian``")
def _(layer, x):
    import jax

    return [jax.hessian(lambda x: jax_loss(layer)(values(layer), x))(x)]


@mode("jax", "forward mode: ``jax.jvp``", early=True, **where_not_plain(PLAIN))
def _(layer, x):
    import jax

    return jax.jvp(lambda x: of_jax(layer, values(layer), x), (x,), (x**3,))


@mode("jax", "``jax.jacfwd``", **where_not_plain(PLAIN))
def _(layer, x):
    import jax

    return [jax.jacfwd(lambda x: of_jax(layer, values(layer), x))(x)]


@mode("jax", "forward mode of a ``jax.jit`` function", **where_not_plain(OF_JAX))
def _(layer, x):
    import jax

    traced = jax.jit(lambda x: of_jax(layer, values(layer), x))
    return jax.jvp(traced, (x,), (x**3,))


@mode("jax", "``jax.vmap`` of gradients")
def _(layer, x):
    import jax

    return [jax.vmap(jax.grad(lambda x: jax_loss(layer)(values(layer), x[None])))(x)]


# torch.


def torch_loss(layer, x):
    y = layer(x)
    return (y**2 + y).sum()


def torch_inputs(layer, x):
    return [x.detach().requires_grad_(), *values(layer)]


@mode("torch", "``torch.autograd.grad``", early=True)
def _(layer, x):
    import torch

    inputs = torch_inputs(layer, x)
    return torch.autograd.grad(torch_loss(layer, inputs[0]), inputs)


@mode("torch", "second order: ``create_graph=True``")
def _(layer, x):
    import torch

    inputs = torch_inputs(layer, x)
    first = torch.autograd.grad(torch_loss(layer, inputs[0]), inputs, create_graph=True)
    return torch.autograd.grad(sum((one**2).sum() for one in first), inputs)


@mode("torch", "``torch.autograd.functional.jacobian``")
def _(layer, x):
    import torch

    return [torch.autograd.functional.jacobian(layer, x)]


@mode("torch", "``torch.autograd.functional.hessian``")
def _(layer, x):
    import torch

    return [torch.autograd.functional.hessian(lambda x: torch_loss(layer, x), x)]


@mode("torch", "``torch.func.jacrev``")
def _(layer, x):
    import torch

    return [torch.func.jacrev(layer)(x)]


@mode("torch", "``torch.func.hessian``")
def _(layer, x):
    import torch

    return [torch.func.hessian(lambda x: torch_loss(layer, x))(x)]


@mode("torch", "forward mode: ``torch.func.jvp``", early=True)
def _(layer, x):
    import torch

    return torch.func.jvp(layer, (x,), (torch.sin(x),))


@mode("torch", "``torch.func.jacfwd``")
def _(layer, x):
    import torch

    return [torch.func.jacfwd(layer)(x)]


@mode("torch", "``torch.func.vmap`` of gradients")
def _(layer, x):
    import torch

    of_row = torch.func.grad(lambda x: torch_loss(layer, x[None]))
    return [torch.func.vmap(of_row)(x)]


def tables() -> str:
    """The tables in docs/layers.rst, one for each backend."""
    return "\n".join(map(table, dict.fromkeys(mode.backend for mode in MODES)))


def table(backend: str) -> str:
    lines = [f".. list-table:: {NAMES[backend]}", "   :header-rows: 1", ""]
    for row in [["Derivative", *COLUMNS], *(words(m) for m in MODES if m.backend == backend)]:
        lines += [f"   {'*' if k == 0 else ' '} - {word}" for k, word in enumerate(row)]
    return "\n".join(lines) + "\n"


def words(mode: Mode) -> list[str]:
    return [mode.title, *(mode.fields.get(column, WORKS) for column in COLUMNS)]
