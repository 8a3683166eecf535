"""The trace on JAX: a cell's step and its gradient by the states, read off the jaxpr of both.

TRACE -> intermediate form -> pieces -> code of the loop -> call

What `trace` is to TensorFlow's graphs. As there, the step is traced for a batch of one sequence.
Gradients of weights are not read: they follow for all steps at once, outside of the kernel.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

from .ir import Along, Expression, Expressions, Product, Unsupported, reachable

POINTWISE = {
    "add": "{0} + {1}",
    "add_any": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "abs": "abs_({0})",
    "sign": "sign({0})",
    "square": "{0} * {0}",
    "sqrt": "sqrt_({0})",
    "rsqrt": "1 / sqrt_({0})",
    "exp": "exp_({0})",
    "expm1": "expm1_({0})",
    "log": "log({0})",
    "log1p": "log1p({0})",
    "sin": "sin({0})",
    "cos": "cos({0})",
    "pow": "pow({0}, {1})",
    "rem": "fmod({0}, {1})",
    "round": "rint({0})",
    "floor": "floor({0})",
    "logistic": "sigmoid({0})",
    "tanh": "tanh_({0})",
    "max": "larger({0}, {1})",
    "min": "smaller({0}, {1})",
}
CHOICE, OF_TRUTH = "({0} ? {1} : {2})", "T({0})"
TRUTHS = {
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "and": "{0} && {1}",
    "or": "{0} || {1}",
    "not": "!{0}",
}
SAME = {"stop_gradient", "copy", "copy_p", "optimization_barrier"}
# These only move numbers. NumPy shows where each goes: JAX would compile each for its shapes.
MOVES: dict[str, Any] = {
    "broadcast_in_dim": lambda x, p: [
        np.broadcast_to(spread(x, p["shape"], p["broadcast_dimensions"]), p["shape"])
    ],
    "concatenate": lambda *xs: [np.concatenate(xs[:-1], xs[-1]["dimension"])],
    "pad": lambda x, value, p: [padded(x, value, p["padding_config"])],
    "reshape": lambda x, p: [np.reshape(x, p["new_sizes"])],
    "rev": lambda x, p: [np.flip(x, p["dimensions"])],
    "slice": lambda x, p: [
        x[tuple(map(slice, p["start_indices"], p["limit_indices"], p["strides"] or [1] * x.ndim))]
    ],
    "split": lambda x, p: np.split(x, np.cumsum(p["sizes"])[:-1], p["axis"]),
    "squeeze": lambda x, p: [np.squeeze(x, tuple(p["dimensions"]))],
    "stack": lambda *xs: [np.stack(xs[:-1], xs[-1]["axis"])],
    "transpose": lambda x, p: [np.transpose(x, p["permutation"])],
    "unstack": lambda x, p: list(np.moveaxis(x, p["axis"], 0)),
}
REDUCTIONS = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod"}
CALLS = ("jaxpr", "call_jaxpr", "fun_jaxpr")  # where an equation has another jaxpr in it


@dataclass
class Trace:
    """One step of a cell and its gradient by the states.

    Attributes:
        make: What makes further expressions.
        new: The states at t.
        products: Those of the step with weights.
        d_states: The gradients by the states at t-1, of what `d_new` names.
        sizes: How many numbers there are of what `x` (the parts of what x gives), `state`, `h_mask`
            and `weights` name.
        prepare: A function from the cell's weights to those that the step takes.
    """

    make: Expressions
    new: list[Expression]
    products: list[Product]
    d_states: list[Expression]
    sizes: dict[str, list[int]]
    prepare: Any


def trace_step(advance, of_x, states, h_mask, weights, dtype):
    """Traces `advance(of_x, states, weights, h_mask)`, a cell's step from what x gives.

    Args:
        advance: The function.
        of_x: Shapes and dtypes of what x gives for one step of one sequence, with a batch axis.
        states, h_mask, weights: Likewise; `h_mask` may be None.
        dtype: That in which the kernel will multiply with weights, as the step must.

    Raises:
        Unsupported: There is something in it that is not translated.
    """
    parts, structure = jax.tree.flatten(of_x)
    masks = [] if h_mask is None else [h_mask]

    def both(parts, states, masks, weights, d_new):
        def step(*states):
            given = jax.tree.unflatten(structure, parts)
            return advance(given, list(states), weights, *(masks or [None]))

        new, pull_back = jax.vjp(step, *states)
        return list(new), list(pull_back(list(d_new)))

    closed = jax.make_jaxpr(both)(parts, states, masks, weights, states)
    reader = Reader(dtype)
    given = {"x": parts, "state": states, "h_mask": masks}
    values: list[Any] = [
        Row(reader.make.leaf(role, n, one.size), one.shape)
        for role, tensors in given.items()
        for n, one in enumerate(tensors)
    ]
    values += [Later(None, (), n, tuple(one.shape)) for n, one in enumerate(weights)]
    values += [
        Row(reader.make.leaf("d_new", n, one.size), one.shape) for n, one in enumerate(states)
    ]
    rows = [reader.row(one) for one in reader.read(closed.jaxpr, closed.consts, values)]
    new, d_states = rows[: len(states)], rows[len(states) :]
    sizes = {role: [one.size for one in tensors] for role, tensors in given.items()}
    taken = list(reader.weights)
    sizes["weights"] = [int(np.prod(one.shape)) for one in taken]

    def prepare(weights):
        known: dict[Any, Any] = {}
        return [one.value(weights, known) for one in taken]

    products = [one for one in reachable(new) if isinstance(one, Product)]
    return Trace(reader.make, new, products, d_states, sizes, prepare)


@dataclass(frozen=True, eq=False)
class Row:
    """What depends on the sequence, and the shape that it has there.

    Kernels hold it in float32. Where a cast has rounded it, only what multiplies it with weights
    rounds it, too, so that nothing else may take it: `rounded` is the dtype of that cast.
    """

    row: Expression
    shape: tuple
    rounded: Any = None


@dataclass(frozen=True, eq=False)
class Later:
    """What follows from weights alone, to be computed by JAX, once for all steps."""

    compute: Any  # a function of the inputs that gives several results; None: a weight itself
    inputs: tuple
    place: int  # which of the results, or of the weights
    shape: tuple

    def value(self, weights, known):
        """It, from the cell's weights; `known` has what has been computed for others of them."""
        if self.compute is None:
            return weights[self.place]
        key = (self.compute, self.inputs)
        if key not in known:
            inputs = [
                one.value(weights, known) if isinstance(one, Later) else one.array
                for one in self.inputs
            ]
            known[key] = self.compute(*inputs)
        return known[key][self.place]


@dataclass(frozen=True, eq=False)
class Known:
    """A constant."""

    array: np.ndarray

    @property
    def shape(self):
        return self.array.shape


class Reader:
    """Reads a jaxpr equation by equation; every value is a `Row`, a `Later` or `Known`."""

    def __init__(self, dtype):
        self.dtype = jnp.dtype(dtype)
        self.make = Expressions()
        self.weights: dict[Later, int] = {}  # those that the step takes
        self.made: dict[Any, Any] = {}  # so that weights that are computed alike are one

    def read(self, jaxpr, consts, values):
        """The values that it gives, from those that it takes."""
        known: dict[Any, Any] = dict(zip(jaxpr.invars, values, strict=True))
        for variable, constant in zip(jaxpr.constvars, consts, strict=True):
            if isinstance(constant, jax.core.Tracer):
                raise Unsupported("a step that takes more than x, states and weights")
            known[variable] = Known(np.asarray(constant))

        def value(variable):
            if isinstance(variable, Literal):
                return Known(np.asarray(variable.val))
            return known[variable]

        for equation in jaxpr.eqns:
            results = self.equation(equation, [value(one) for one in equation.invars])
            known.update(zip(equation.outvars, results, strict=True))
        return [value(one) for one in jaxpr.outvars]

    def equation(self, equation, inputs):
        name, params = equation.primitive.name, equation.params
        inner = next((params[key] for key in CALLS if key in params), None)
        if inner is not None and name not in ("scan", "while", "cond"):
            closed = hasattr(inner, "consts")
            jaxpr, consts = (inner.jaxpr, inner.consts) if closed else (inner, ())
            return self.read(jaxpr, consts, inputs)
        if name in SAME:
            return inputs
        rows = [one for one in inputs if isinstance(one, Row)]

        def compute(*arrays):
            made = equation.primitive.bind(*arrays, **params)
            return made if equation.primitive.multiple_results else [made]

        if rows:
            shapes = [tuple(out.aval.shape) for out in equation.outvars]
            rounded = self.rounded(equation, rows)
            made = self.translate(equation, inputs, shapes)
            return [Row(row, shape, rounded) for row, shape in zip(made, shapes, strict=True)]
        if not any(isinstance(one, Later) for one in inputs):
            with jax.ensure_compile_time_eval():
                return [Known(np.asarray(one)) for one in compute(*(i.array for i in inputs))]
        return self.later(equation, inputs, compute)

    def rounded(self, equation, rows):
        """The dtype to which casts have rounded what an equation gives; None if none has.

        Raises:
            Unsupported: It needs the rounded numbers, which the kernel does not have.
        """
        name = equation.primitive.name
        of = next((one.rounded for one in rows if one.rounded is not None), None)
        if name == "convert_element_type":
            before, to = equation.invars[0].aval.dtype, equation.outvars[0].aval.dtype
            if is_float(before) and is_float(to) and jnp.promote_types(before, to) != to:
                if to != self.dtype:
                    raise Unsupported(f"a cast from {before} to {to}, which rounds")
                return to
        if of is None or name in MOVES:
            return of
        if name == "dot_general":
            return None
        raise Unsupported(f"a cast to {of}, which rounds, of what is not only multiplied")

    def later(self, equation, inputs, compute):
        inputs = tuple(inputs)
        parts = (one.array.tobytes() if isinstance(one, Known) else one for one in inputs)
        key = (equation.primitive, str(equation.params), *parts)
        if key not in self.made:
            shapes = [tuple(out.aval.shape) for out in equation.outvars]
            self.made[key] = [Later(compute, inputs, n, one) for n, one in enumerate(shapes)]
        return self.made[key]

    def constant(self, value):
        key = value.array.shape, value.array.tobytes()
        if key not in self.made:
            self.made[key] = Later(lambda: [value.array], (), 0, value.shape)
        return self.made[key]

    def row(self, value):
        """The expression of any value."""
        if isinstance(value, Row):
            return value.row
        if isinstance(value, Known):
            return self.make.constant(value.array)
        return self.make.leaf("weights", self.weight(value), int(np.prod(value.shape)))

    def weight(self, value):
        return self.weights.setdefault(value, len(self.weights))

    def translate(self, equation, inputs, shapes):
        """The expressions of what an equation gives."""
        name, params, make = equation.primitive.name, equation.params, self.make
        if name == "dot_general":
            left, right = inputs
            if any(one.aval.dtype != self.dtype for one in equation.invars):
                raise Unsupported(f"a product that is not in {self.dtype}")
            return [self.product(params["dimension_numbers"], left, right, shapes[0])]
        if name in MOVES:
            rows = [self.row(one) for one in inputs]
            shapes = [one.shape for one in inputs]
            return make.moved(rows, shapes, lambda places: MOVES[name](*places, params))
        if name in REDUCTIONS:
            (of,) = inputs
            return [make.reduced(self.row(of), of.shape, params["axes"], REDUCTIONS[name])]
        if name == "cumsum":
            return [self.cumulated(params, inputs[0])]
        if name == "convert_element_type":
            return [self.cast(equation, inputs[0])]
        if name == "reduce_precision":
            kept = jnp.finfo("float32")
            if params["exponent_bits"] < kept.nexp or params["mantissa_bits"] < kept.nmant:
                raise Unsupported("the operation reduce_precision, which rounds")
            return [self.row(inputs[0])]
        if not all(is_float(one.aval.dtype) or is_truth(one.aval.dtype) for one in equation.invars):
            raise Unsupported(f"the operation {name} of {equation.invars[0].aval.dtype}")
        if name not in {*POINTWISE, *TRUTHS, "select_n", "clamp", "integer_pow"}:
            raise Unsupported(f"the operation {name}")
        rows = [self.broadcast(one, shapes[0]) for one in inputs]
        if name in TRUTHS:
            return [make.pointwise(TRUTHS[name], *rows, kind="truth")]
        if name == "select_n" and len(rows) == 3:
            return [make.pointwise(CHOICE, rows[0], rows[2], rows[1])]
        if name == "clamp":
            low, row, high = rows
            row = make.pointwise(POINTWISE["max"], row, low)
            return [make.pointwise(POINTWISE["min"], row, high)]
        if name == "integer_pow":
            return [self.power(rows[0], params["y"])]
        if name not in POINTWISE:
            raise Unsupported(f"the operation {name} of {len(rows)} rows")
        return [make.pointwise(POINTWISE[name], *rows)]

    def broadcast(self, value, shape):
        """A scalar may stand beside arrays."""
        row = self.row(value)
        if tuple(value.shape) == tuple(shape):
            return row
        places = np.broadcast_to(np.arange(row.size).reshape(value.shape), shape).ravel()
        return self.make.view([row], np.zeros_like(places), places)

    def power(self, row, exponent):
        result = row
        for _ in range(abs(exponent) - 1):
            result = self.make.pointwise(POINTWISE["mul"], result, row)
        if exponent > 0:
            return result
        one = self.make.constant(np.ones(row.size))
        return self.make.pointwise(POINTWISE["div"], one, result) if exponent else one

    def cast(self, equation, value):
        of, to = equation.invars[0].aval.dtype, equation.outvars[0].aval.dtype
        row = self.row(value)
        if of == to:
            return row
        if is_float(of) and is_float(to):
            if jnp.finfo(to).bits > 32:
                raise Unsupported(f"a cast from {of} to {to}, which kernels do not have")
            return row  # wider, or a rounding that the product makes
        if is_truth(of) and is_float(to):
            return self.make.pointwise(OF_TRUTH, row)
        raise Unsupported(f"a cast from {of} to {to}")

    def product(self, numbers, left, right, shape):
        (of_left, of_right), batches = numbers
        if not isinstance(left, Row):
            left, right, of_left, of_right, batches = right, left, of_right, of_left, batches[::-1]
        if isinstance(right, Row):
            raise Unsupported("a product of two states")
        if isinstance(right, Known):  # as if it were weights
            right = self.constant(right)
        of_batch_left, of_batch_right = batches
        free = [n for n, size in enumerate(left.shape) if n not in of_left and size != 1]
        order = [n for n in (*of_batch_left, *of_left) if left.shape[n] != 1]
        if len(of_left) != 1 or set(free) - set(of_batch_left) or order != sorted(order):
            raise Unsupported("a product that is not one of a row and a matrix")
        if tuple(of_batch_right) != tuple(range(len(right.shape) - 2)):
            raise Unsupported("a product with a part of weights")
        blocks = int(np.prod(right.shape[:-2]))
        transposed = of_right[0] == len(right.shape) - 1
        rows, columns = right.shape[-2:][::-1] if transposed else right.shape[-2:]
        return self.make.make(
            Product,
            self.row(left),
            weights=self.weight(right),
            blocks=blocks,
            rows=int(rows),
            columns=int(columns),
            transposed=transposed,
            size=int(np.prod(shape)),
        )

    def cumulated(self, params, value):
        if params["axis"] != len(value.shape) - 1:
            raise Unsupported("cumulative sums over another axis than the last")
        row, how = self.row(value), "cumsum" + "_reverse" * params["reverse"]
        return self.make.make(Along, row, how=how, length=int(value.shape[-1]), size=row.size)


def is_float(dtype):
    return jnp.issubdtype(dtype, jnp.floating)


def is_truth(dtype):
    return jnp.issubdtype(dtype, jnp.bool_)


def spread(x, shape, dimensions):
    """x with its axes at those dimensions, and axes of one place at the others."""
    sizes = dict(zip(dimensions, x.shape, strict=True))
    return x.reshape([sizes.get(axis, 1) for axis in range(len(shape))])


def padded(x, value, config):
    if any(low < 0 or high < 0 or between for low, high, between in config):
        raise Unsupported("a padding that cuts off, or between")
    return np.pad(x, [(low, high) for low, high, _ in config], constant_values=value)
