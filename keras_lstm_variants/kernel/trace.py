"""The trace: a cell's step and its gradients, read off the graph that TensorFlow makes of them.

TRACE -> intermediate form -> code of a step -> code of the loop -> compile and cache -> call

The step is traced for a batch of one sequence. So whatever is a sum over the batch, which is how
weights get their gradients, is what one sequence adds to it; and all shapes are known.
"""

import inspect
from contextlib import nullcontext
from itertools import chain
from typing import Any

import numpy as np

from ..interception import intercept, letters, net_inputs, why_not
from .apart import check_apart
from .equations import lines_of
from .ir import Along, Expression, Expressions, Letter, Product, Step, Unsupported

POINTWISE = {
    "AddV2": "{0} + {1}",
    "Add": "{0} + {1}",
    "BiasAdd": "{0} + {1}",
    "Sub": "{0} - {1}",
    "Mul": "{0} * {1}",
    "RealDiv": "{0} / {1}",
    "Neg": "-{0}",
    "Abs": "abs_({0})",
    "Sign": "sign({0})",
    "Square": "{0} * {0}",
    "Sqrt": "sqrt_({0})",
    "Rsqrt": "1 / sqrt_({0})",
    "Reciprocal": "1 / {0}",
    "Exp": "exp_({0})",
    "Expm1": "expm1_({0})",
    "Log": "log({0})",
    "Log1p": "log1p({0})",
    "Sin": "sin({0})",
    "Cos": "cos({0})",
    "Erf": "erf({0})",
    "Erfc": "erfc({0})",
    "Pow": "pow({0}, {1})",
    "Round": "rint({0})",
    "Floor": "floor({0})",
    "FloorMod": "{0} - {1} * floor({0} / {1})",
    "Sigmoid": "sigmoid({0})",
    "Tanh": "tanh_({0})",
    "Softplus": "softplus({0})",
    "Softsign": "{0} / (1 + abs_({0}))",
    "Relu": "({0} < 0 ? 0 : {0})",
    "Relu6": "({0} < 0 ? 0 : {0} > 6 ? 6 : {0})",
    "Elu": "({0} < 0 ? expm1_({0}) : {0})",
    "Maximum": "larger({0}, {1})",
    "Minimum": "smaller({0}, {1})",
    "SquaredDifference": "({0} - {1}) * ({0} - {1})",
    "DivNoNan": "({1} == 0 ? 0 : {0} / {1})",
    "MulNoNan": "({1} == 0 ? 0 : {0} * {1})",
    "SelectV2": "({0} ? {1} : {2})",
    "Select": "({0} ? {1} : {2})",
    "ClipByValue": "({0} < {1} ? {1} : {0} > {2} ? {2} : {0})",
    "SigmoidGrad": "{1} * {0} * (1 - {0})",
    "TanhGrad": "{1} * (1 - {0} * {0})",
    "ReluGrad": "({1} > 0 ? {0} : 0)",
    "Relu6Grad": "({1} > 0 ? ({1} < 6 ? {0} : 0) : 0)",
    "EluGrad": "({1} < 0 ? {0} * ({1} + 1) : {0})",
    "SqrtGrad": "{1} * T(0.5) / {0}",
    "RsqrtGrad": "{1} * T(-0.5) * {0} * {0} * {0}",
    "ReciprocalGrad": "-{1} * {0} * {0}",
    "SoftplusGrad": "{0} * sigmoid({1})",
    "SoftsignGrad": "{0} / ((1 + abs_({1})) * (1 + abs_({1})))",
}
TRUTHS = {
    "Equal": "{0} == {1}",
    "NotEqual": "{0} != {1}",
    "Less": "{0} < {1}",
    "LessEqual": "{0} <= {1}",
    "Greater": "{0} > {1}",
    "GreaterEqual": "{0} >= {1}",
    "LogicalAnd": "{0} && {1}",
    "LogicalOr": "{0} || {1}",
    "LogicalNot": "!{0}",
}
SAME = {"Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "Reshape"}
SAME |= {"Squeeze", "ExpandDims", "EnsureShape"}
# These only move numbers: where each goes, TensorFlow shows by moving their places.
MOVES = {"Split", "SplitV", "Slice", "StridedSlice", "StridedSliceGrad", "ConcatV2", "Pack"}
MOVES |= {"Unpack", "Transpose", "BroadcastTo", "Tile", "PadV2", "Pad", "GatherV2", "ReverseV2"}
REDUCTIONS = {"Sum": "sum", "Mean": "mean", "Max": "max", "Min": "min", "Prod": "prod"}


def trace_step(cell, advance, x, states, h_mask, weights):
    """Traces `advance(x, states, weights, h_mask)`, a cell's step, for tensors like these.

    Of x, which is (batch, steps, features), the step takes (batch, features).

    Returns:
        The `ir.Step`; and a function from the cell's weights to those that the step takes, which
        TensorFlow computes.

    Raises:
        Unsupported: There is something in it that is not translated.
    """
    import tensorflow as tf

    def one_row(tensors):
        return [tf.TensorSpec((1, t.shape[-1]), t.dtype) for t in tensors]

    masks = [] if h_mask is None else [h_mask]
    specs = [one_row(tensors) for tensors in ([x], states, masks)]
    specs += [[tf.TensorSpec(w.shape, w.dtype) for w in weights], one_row(states)]
    # The graph lives on in what prepares the weights: the cell must not be held by it.
    taken, seen = {"cell": cell, "advance": advance}, {}

    def traced(x, states, masks, weights, d_new):
        cell, advance = taken.pop("cell"), taken.pop("advance")
        # Without the letters of its equations, the code has no comments.
        watched: Any = nullcontext([]) if why_not() else intercept(cell)
        with watched as calls:
            new = advance(*x, states, weights, *(masks or [None]))
        graph = tf.compat.v1.get_default_graph()
        reader = Reader(graph, {"x": x, "state": states, "h_mask": masks}, weights)
        seen["new"] = reader.read(new)
        numbers = [n for n in range(len(reader.weights)) if n not in reader.multiplied]
        others = [reader.weights[n] for n in numbers]
        results = [result for result, _ in reader.products]
        named = named_tensors(calls, cell, reader)
        by = [*x, *states, *others, *results, *(tensor for tensor, _ in named)]
        # What follows from weights alone is prepared, and one such tensor may follow from another:
        # that way leads through `prepare`, and would count twice here.
        d = tf.gradients(new, by, d_new, stop_gradients=others)
        reader.give("d_new", d_new)
        d = reader.read(d)
        ends = np.cumsum([len(x), len(states), len(others), len(results)])
        seen["d"] = [d[a:b] for a, b in zip([0, *ends], [*ends, None], strict=True)]
        seen["reader"], seen["numbers"] = reader, numbers
        *_, d_letters = seen["d"]
        before = [Letter(f"{name}_prev") for name in cell.state]
        named = [(x[0], Letter("x")), *zip(states, before, strict=True), *named]
        seen["letters"] = by_expression(reader, named, [*seen["d"][0], *seen["d"][1], *d_letters])
        return reader.weights

    def eagerly(rows, values):
        tensors = [tf.constant(r, t.dtype) for r, t in zip(rows, chain(*specs[:3]), strict=True)]
        values = [tf.constant(v, t.dtype) for v, t in zip(values, specs[3], strict=True)]
        end = 1 + len(specs[1])
        x, before, masks = tensors[:1], tensors[1:end], tensors[end:]
        return [t.numpy() for t in advance(*x, before, values, *(masks or [None]))]

    names = [weight.name for weight in cell.weights]
    with tf.init_scope():
        function = tf.compat.v1.wrap_function(traced, specs)
        check_apart(eagerly, [*chain(*specs[:3])], specs[3])
    reader, ((d_x,), d_states, d_others, d_products, _) = seen["reader"], seen["d"]
    inputs = function.inputs[1 + len(states) + len(masks) :][: len(weights)]
    direct = {t.ref(): n for n, t in enumerate(inputs)}
    places = [direct.get(same(t).ref()) for t in reader.weights]
    computed = [t for t, place in zip(reader.weights, places, strict=True) if place is None]
    prepared = function.prune(inputs, computed) if computed else None

    def prepare(weights):
        rest = iter(prepared(*weights) if prepared is not None else ())
        return [next(rest) if place is None else weights[place] for place in places]

    step = Step(
        make=reader.make,
        new=seen["new"],
        products=[product for _, product in reader.products],
        d_x=reader.make.constant(np.zeros(x.shape[-1])) if d_x is None else d_x,
        d_states=d_states,
        d_products=d_products,
        d_weights={n: d for n, d in zip(seen["numbers"], d_others, strict=True) if d is not None},
        sizes={
            "x": [size(t) for t in specs[0]],
            "state": [size(t) for t in specs[1]],
            "h_mask": [size(t) for t in specs[2]],
            "weights": [size(t) for t in reader.weights],
        },
        shapes=[tuple(t.shape) for t in reader.weights],
        states=list(cell.state),
        weights=[
            "part of " * (place is None) + " and ".join(sources(tensor, inputs, names))
            for tensor, place in zip(reader.weights, places, strict=True)
        ],
        letters=seen["letters"],
    )
    return step, prepare


def named_tensors(calls, cell, reader):
    """The tensors that have a letter in the cell's equations, each with its `Letter`."""
    lines = lines_of(dict.fromkeys(call.method for call in calls))
    named = [(tensor, Letter(f"net.{name}")) for name, tensor in net_inputs(calls, cell).items()]
    for name, tensor in letters(calls, cell).items():
        line = lines.get(name) or lines.get(name.rpartition("_")[0], "")  # i_1 is that of a layer
        named.append((tensor, Letter(name, line)))
    return [(tensor, letter) for tensor, letter in named if reader.kind(tensor) == "row"]


def by_expression(reader, named, gradients):
    """The letters of expressions, those of gradients included."""
    known: dict[Expression, Letter] = {}
    for (tensor, letter), d in zip(named, gradients, strict=True):
        known.setdefault(reader.row(tensor), letter)
        if d is not None:
            known.setdefault(d, Letter(f"dL/d({letter.name})"))
    return known


def sources(tensor, inputs, names):
    """The names of those of the inputs from which a tensor is computed."""
    stack, seen = [tensor], set()
    while stack:
        op = stack.pop().op
        if op not in seen:
            seen.add(op)
            stack.extend(op.inputs)
    return [name for t, name in zip(inputs, names, strict=True) if t.op in seen]


def size(tensor):
    if not tensor.shape.is_fully_defined():
        raise Unsupported(f"a tensor of shape {tensor.shape}")
    return tensor.shape.num_elements()


def same(tensor):
    """The tensor of which this one is only another name."""
    while tensor.op.type in ("Identity", "StopGradient"):
        tensor = tensor.op.inputs[0]
    return tensor


class Reader:
    """Reads a graph operation by operation, as far as it depends on the sequence.

    Every tensor is a constant, or follows from weights alone, or is an expression.
    """

    def __init__(self, graph, given, weights):
        self.graph, self.make = graph, Expressions()
        self.constants, self.rows, self.of_weights = {}, {}, {w.ref() for w in weights}
        self.weights, self.multiplied = [], set()  # those that the step takes
        self.products = []  # of the step: the tensor and the expression
        self.done = 0
        self.backward = False
        for role, tensors in given.items():
            self.give(role, tensors)
        self.backward = False

    def give(self, role, tensors):
        for index, tensor in enumerate(tensors):
            self.rows[tensor.ref()] = self.make.leaf(role, index, size(tensor))
        self.backward = True

    def read(self, tensors):
        """The expressions of tensors; None where there is none."""
        operations = self.graph.get_operations()
        for operation in operations[self.done :]:
            self.operation(operation)
        self.done = len(operations)
        return [None if t is None else self.row(t) for t in tensors]

    def operation(self, op):
        if any(out.ref() in self.rows or out.ref() in self.of_weights for out in op.outputs):
            return
        if op.type == "Placeholder":
            return
        if op.op_def.is_stateful and op.type != "NoOp":
            raise Unsupported(f"the operation {op.type}")
        if op.type in ("Shape", "ShapeN"):
            for out, of in zip(op.outputs, op.inputs, strict=True):
                size(of)
                self.constants[out.ref()] = np.array(of.shape, out.dtype.as_numpy_dtype)
        elif all(t.ref() in self.constants for t in op.inputs):
            for out, value in zip(op.outputs, run(op, self.constants), strict=True):
                self.constants[out.ref()] = value
        elif all(t.ref() in self.constants or t.ref() in self.of_weights for t in op.inputs):
            self.of_weights |= {out.ref() for out in op.outputs}
        else:
            for out, row in zip(op.outputs, self.translate(op), strict=True):
                self.rows[out.ref()] = row

    def row(self, tensor):
        """The expression of any tensor."""
        key = tensor.ref()
        if key not in self.rows:
            if key in self.constants:
                return self.make.constant(self.constants[key])
            if key not in self.of_weights:
                raise Unsupported(f"{tensor.op.type}, which is neither x, nor state, nor weight")
            if not tensor.dtype.is_floating:  # compiled code takes all weights in one dtype
                raise Unsupported(f"weights as {tensor.dtype.name}")
            n = self.weight(tensor)
            if n in self.multiplied:
                raise Unsupported("weights that are both multiplied and used otherwise")
            self.rows[key] = self.make.leaf("weights", n, size(tensor))
        return self.rows[key]

    def weight(self, tensor):
        for n, known in enumerate(self.weights):
            if known is tensor:
                return n
        if self.backward:
            for n, known in enumerate(self.weights):
                if same(known) is same(tensor):
                    return n
        self.weights.append(tensor)
        return len(self.weights) - 1

    def translate(self, op):
        make = self.make
        if op.type in SAME:
            return [self.row(t) for t in list(op.inputs)[: len(op.outputs)]]
        if op.type in ("MatMul", "BatchMatMulV2", "BatchMatMul"):
            return [self.product(op)]
        if op.type in MOVES:
            return self.moved(op)
        if op.type in ("ZerosLike", "OnesLike"):
            return [make.constant(np.full(size(op.outputs[0]), float(op.type == "OnesLike")))]
        if op.type in REDUCTIONS:
            of, axes = op.inputs
            axes = [int(axis) for axis in np.ravel(self.constants[axes.ref()])]
            return [make.reduced(self.row(of), tuple(of.shape), axes, REDUCTIONS[op.type])]
        if op.type in ("Softmax", "Cumsum"):
            return [self.along(op)]
        if op.type == "Cast":
            return [self.cast(op)]
        if op.type == "AddN":
            total, *more = map(self.row, op.inputs)
            for one in more:
                total = make.pointwise("{0} + {1}", total, one)
            return [total]
        kind = "truth" if op.type in TRUTHS else "number"
        code = (POINTWISE | TRUTHS).get(op.type)
        if op.type == "LeakyRelu":
            code = f"({{0}} > 0 ? {{0}} : {{0}} * T({op.get_attr('alpha')!r}))"
        if op.type == "LeakyReluGrad":
            code = f"({{1}} > 0 ? {{0}} : {{0}} * T({op.get_attr('alpha')!r}))"
        if code is None or not all(t.dtype.is_floating or t.dtype.is_bool for t in op.inputs):
            raise Unsupported(f"the operation {op.type} of {op.inputs[0].dtype.name}")
        out = op.outputs[0]
        size(out)
        inputs = [self.broadcast(self.row(t), t.shape, out.shape) for t in op.inputs]
        return [make.pointwise(code, *inputs, kind=kind)]

    def broadcast(self, row, shape, to):
        if shape == to:
            return row
        places = np.broadcast_to(np.arange(row.size).reshape(shape), to).ravel()
        return self.make.view([row], np.zeros_like(places), places)

    def moved(self, op):
        """Which numbers go where: seen from moving their places."""
        moving = movable(op)
        for n, tensor in enumerate(op.inputs):
            if n not in moving and tensor.ref() not in self.constants:
                raise Unsupported(f"{op.type} by what is not known before")
        moved = [(n, tensor) for n, tensor in enumerate(op.inputs) if n in moving]

        def move(places):
            values = {n: one for (n, _), one in zip(moved, places, strict=True)}
            return run(op, self.constants, values)

        shapes = [tensor.shape for _, tensor in moved]
        return self.make.moved([self.row(tensor) for _, tensor in moved], shapes, move)

    def product(self, op):
        left, right = op.inputs
        batch = op.type != "MatMul"
        flip = op.get_attr("adj_x" if batch else "transpose_a")
        transposed = op.get_attr("adj_y" if batch else "transpose_b")
        if self.kind(right) == "row":
            if self.backward:  # the gradient of weights, if anything: not to be computed here
                return self.make.leaf("unknown", id(op), size(op.outputs[0]))
            raise Unsupported("a product of two states")
        if self.kind(left) != "row":
            raise Unsupported("a product of weights and a state")
        blocks = int(np.prod(left.shape[:-2])) if batch else 1
        if flip or left.shape[-2] != 1 or tuple(right.shape[:-2]) != tuple(left.shape[:-2]):
            raise Unsupported("a product that is not one of a row and a matrix")
        rows, columns = right.shape[-2:][::-1] if transposed else right.shape[-2:]
        n = self.weight(right)
        if not self.backward:
            if right.ref() in self.rows:
                raise Unsupported("weights that are both multiplied and used otherwise")
            self.multiplied.add(n)
        elif n not in self.multiplied:
            raise Unsupported("a gradient that is a product with other weights")
        product = self.make.make(
            Product,
            self.row(left),
            weights=n,
            blocks=blocks,
            rows=int(rows),
            columns=int(columns),
            transposed=transposed,
            size=size(op.outputs[0]),
        )
        if not self.backward:
            self.products.append((op.outputs[0], product))
        return product

    def kind(self, tensor):
        return "row" if tensor.ref() in self.rows else "other"

    def along(self, op):
        of = op.inputs[0]
        how = "softmax"
        if op.type == "Cumsum":
            axis = int(self.constants[op.inputs[1].ref()]) % len(of.shape)
            if axis != len(of.shape) - 1:
                raise Unsupported("Cumsum over another axis than the last")
            how = "cumsum" + "_exclusive" * op.get_attr("exclusive")
            how += "_reverse" * op.get_attr("reverse")
        return self.make.make(Along, self.row(of), how=how, length=int(of.shape[-1]), size=size(of))

    def cast(self, op):
        of, to = op.inputs[0].dtype, op.outputs[0].dtype
        row = self.row(op.inputs[0])
        if of == to:
            return row
        if of.is_bool and to.is_floating:
            return self.make.pointwise("T({0})", row)
        raise Unsupported(f"a cast from {of.name} to {to.name}")


def movable(op):
    """Which inputs of an operation are moved; the others say where."""
    moved = {"Split": [1], "StridedSliceGrad": [4], "ConcatV2": range(len(op.inputs) - 1)}
    moved["PadV2"] = [0, 2]  # what it fills with, too
    return set(moved.get(op.type, range(len(op.inputs)) if op.type == "Pack" else [0]))


def run(op, constants, values=()):
    """Computes an operation of a graph now."""
    import tensorflow as tf

    if op.type == "Const":
        return [tf.make_ndarray(op.get_attr("value"))]
    if op.type == "NoOp":
        return []
    flat = [values[n] if n in values else constants[t.ref()] for n, t in enumerate(op.inputs)]
    arguments, inferred, place = {}, set(), 0
    for argument in op.op_def.input_arg:
        inferred |= {argument.type_attr, argument.number_attr, argument.type_list_attr}
        if argument.number_attr or argument.type_list_attr:
            named = argument.number_attr or argument.type_list_attr
            many = op.get_attr(named)
            many = many if isinstance(many, int) else len(many)
            arguments[argument.name] = flat[place : place + many]
            place += many
        else:
            arguments[argument.name] = flat[place]
            place += 1
    for attribute in op.op_def.attr:
        if attribute.name not in inferred:
            arguments[attribute.name] = op.get_attr(attribute.name)
    with tf.init_scope(), tf.device("CPU"):
        function = getattr(tf.raw_ops, op.type)
        taken = [name for name in inspect.signature(function).parameters if name != "name"]
        # Some arguments have another name in Python.
        others = iter([name for name in taken if name not in arguments])
        arguments = {n if n in taken else next(others): v for n, v in arguments.items()}
        results = function(**arguments)
        results = results if isinstance(results, list | tuple) else [results]
        return [np.asarray(r) for r in results]
