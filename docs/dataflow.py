"""Which letter of a cell's equations uses which: read off the graph that one step makes.

A step is run once as a TensorFlow graph while its local variables are watched. What remains of the
graph are the letters (inputs, states and the variables of `step`), the places where letters are
multiplied with each other, and the ways between them. Ways that meet in a letter are added.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from keras_lstm_variants.interception import intercept, letters

FUNCTIONS = {
    "Sigmoid": "σ", "Tanh": "tanh", "Relu": "relu", "Exp": "exp", "Log": "log", "Abs": "|·|",
    "Softplus": "softplus", "Sqrt": "√", "Rsqrt": "1/√", "Square": "²", "Neg": "−", "Sin": "sin",
    "Cos": "cos", "Softmax": "softmax", "Cumsum": "cumsum", "Reciprocal": "1/", "Floor": "⌊·⌋",
}  # fmt: skip
PRODUCTS = {
    "Mul": "×", "RealDiv": "÷", "Maximum": "max", "Minimum": "min", "Pow": "^", "MatMul": "×",
    "BatchMatMulV2": "×", "Einsum": "×",
}  # fmt: skip
MATRICES = {"MatMul", "BatchMatMulV2", "Einsum", "Conv1D", "Conv2D", "Conv3D", "ConvolutionV2"}
ELEMENTWISE, WEIGHT, MATRIX = "elementwise", "weight", "matrix"  # the weaker first


class Node(NamedTuple):
    key: str
    kind: str  # "input", "letter", "state" (a letter handed to the next step) or "operation"
    label: str
    function: str = ""  # applied to the sum of what comes in


class Way(NamedTuple):
    """From a node to another, and what it passes."""

    source: str
    target: str
    kind: str  # through a matrix, through one weight for each unit, or through neither
    functions: tuple[str, ...] = ()  # the last one first
    cut: bool = False  # no error flows back


class Flow(NamedTuple):
    nodes: list[Node]
    ways: list[Way]

    def edges(self) -> set[tuple[str, str]]:
        """Which letter uses which directly or through operations: (used, user)."""
        letters = {node.key: node.label for node in self.nodes if node.kind != "operation"}
        into: dict[str, list[str]] = {}
        for way in self.ways:
            into.setdefault(way.target, []).append(way.source)

        def letters_before(key):
            for source in into.get(key, []):
                yield from [source] if source in letters else letters_before(source)

        return {(letters[a], letters[b]) for b in letters for a in letters_before(b)}


def flow(cell: Any) -> Flow:
    """The data flow of one step of a cell that has been built."""
    (_, *features) = cell.get_build_config()["input_shape"]
    shapes = [state.shape for state in cell.get_initial_state(batch_size=2)]
    found: list[Flow] = []

    def step(x, *states):
        reader = Reader(cell)
        inputs = {x.name: "x"}
        inputs |= {s.name: f"{name}_{{t-1}}" for name, s in zip(cell.state, states, strict=True)}
        found.append(reader.read(inputs, x, states))

    specifications = [
        tf.TensorSpec(shape, cell.compute_dtype) for shape in [(2, *features), *shapes]
    ]
    tf.function(step, autograph=False).get_concrete_function(*specifications)
    return found[0]


class Reader:
    def __init__(self, cell):
        self.cell = cell
        self.labels: dict[str, str] = {}  # of tensors that are nodes, by their names
        self.applied: dict[str, tuple[str, tf.Tensor]] = {}  # results of the cell's own functions
        self.ways: list[Way] = []
        self.operations: dict[str, str] = {}
        self.known: dict[str, list[Way]] = {}

    def read(self, inputs, x, states):
        self.labels |= inputs
        results = self.watch(x, states)
        for key in [key for key in self.labels if key not in inputs]:
            self.ways += [way._replace(target=key) for way in self.expand(tensor_named(x, key))]
        return self.without_the_unused(inputs, results)

    def watch(self, x, states):
        """Runs the step and names its letters; returns the keys of the new states."""
        for name, symbol in (("sigma", "σ"), ("g", "g"), ("h", "h")):
            setattr(self.cell, name, self.noting(getattr(self.cell, name), symbol))
        try:
            with intercept(self.cell) as calls:
                _, new = self.cell.call(x, list(states))
        finally:
            for name in ("sigma", "g", "h"):
                delattr(self.cell, name)
        for name, value in letters(calls, self.cell).items():
            if comes_from(value, "Placeholder"):  # or it is a part of the weights
                self.labels.setdefault(value.name, name)
        for name, state in zip(self.cell.state, new, strict=True):
            self.labels[state.name] = name
        return [state.name for state in new]

    def noting(self, function, symbol):
        def noted(value):
            result = function(value)
            if result is not value:
                self.applied[result.name] = (symbol, value)
            return result

        return noted

    def reach(self, tensor) -> list[Way]:
        """The ways from the nearest nodes to a tensor."""
        if tensor.name in self.labels:
            return [Way(tensor.name, "", ELEMENTWISE)]
        if tensor.name not in self.known:
            self.known[tensor.name] = self.expand(tensor)
        return self.known[tensor.name]

    def expand(self, tensor) -> list[Way]:
        """The ways into a tensor, one operation back."""
        if tensor.name in self.applied:
            symbol, value = self.applied[tensor.name]
            return through(self.reach(value), symbol)
        kind, inputs = tensor.op.type, list(tensor.op.inputs)
        if kind == "Select" or kind == "SelectV2":
            inputs = inputs[1:]
        reached = [self.reach(value) for value in inputs]
        dynamic = [ways for ways in reached if ways]
        if kind in PRODUCTS and len(dynamic) == 2:
            return self.operate(tensor, PRODUCTS[kind], reached)
        if kind == "Sub" and len(reached) == 2 and reached[1]:
            first, second = reached
            symbol = "−" if first or not is_one(inputs[0]) else "1−"
            return unique([*first, *through(second, symbol)])
        ways = unique([way for some in dynamic for way in some])
        if kind in FUNCTIONS:
            return through(ways, FUNCTIONS[kind])
        if kind in MATRICES:
            return [way._replace(kind=MATRIX) for way in ways]
        if kind == "Mul" and any(has_weight(value) for value in inputs):
            return [way._replace(kind=max_kind(way.kind, WEIGHT)) for way in ways]
        if kind == "StopGradient":
            return [way._replace(cut=True) for way in ways]
        return ways

    def operate(self, tensor, symbol, reached) -> list[Way]:
        """A node where letters are multiplied with each other."""
        if len({way.source for ways in reached for way in ways}) == 1:  # such as a normalisation
            return unique([way._replace(functions=()) for ways in reached for way in ways])
        key = f"{tensor.name} {symbol}"  # the tensor itself may have a letter
        self.operations[key] = symbol
        for number, ways in enumerate(reached):
            target = key
            if len(ways) > 1:  # a sum, which has no letter
                target = f"{key} {number}"
                ways, function = without_function(ways)
                self.operations[target] = function or "+"
                self.ways.append(Way(target, key, ELEMENTWISE))
            self.ways += [way._replace(target=target) for way in ways]
        return [Way(key, "", ELEMENTWISE)]

    def without_the_unused(self, inputs, results):
        used, waiting = set(inputs), list(results)
        while waiting:
            key = waiting.pop()
            if key not in used:
                used.add(key)
                waiting += [way.source for way in self.ways if way.target == key]
        nodes, ways = [], []
        for key in [*self.labels, *self.operations]:
            if key not in used:
                continue
            own, function = [way for way in self.ways if way.target == key], ""
            if key in self.operations:
                kind, label = "operation", self.operations[key]
            else:
                kind = "input" if key in inputs else "state" if key in results else "letter"
                label = self.labels[key]
                if len(own) > 1 or any(way.kind != ELEMENTWISE for way in own):
                    own, function = without_function(own)
            nodes.append(Node(key, kind, label, function))
            ways += own
        return Flow(nodes, unique(ways))


def tensor_named(x, name):
    return x.graph.get_tensor_by_name(name)


def unique(ways):
    return list(dict.fromkeys(ways))


def through(ways, symbol):
    return [way._replace(functions=simple((symbol, *way.functions))) for way in ways]


def simple(functions):
    """TensorFlow's log of a logistic function, by its name."""
    if functions[:3] == ("−", "softplus", "−"):
        return "log σ", *functions[3:]
    return functions


def without_function(ways):
    """The ways without the function that all of them pass last, and that function."""
    last = {way.functions[:1] for way in ways}
    if len(last) > 1 or last == {()}:
        return ways, ""
    ((function,),) = last
    return [way._replace(functions=way.functions[1:]) for way in ways], function


def max_kind(*kinds):
    return max(kinds, key=(ELEMENTWISE, WEIGHT, MATRIX).index)


def is_one(tensor):
    value = tf.get_static_value(tensor)
    return value is not None and value.size == 1 and float(value) == 1.0


def has_weight(tensor):
    """Whether a tensor is made from a weight and no input."""
    return comes_from(tensor, "ReadVariableOp") and not comes_from(tensor, "Placeholder")


def comes_from(tensor, kind):
    """Whether an operation of that kind is among those that made a tensor."""
    waiting, seen = [tensor.op], set()
    while waiting:
        operation = waiting.pop()
        if operation.type == kind and operation.outputs[0].dtype != tf.resource:
            return True
        if operation.name not in seen:
            seen.add(operation.name)
            waiting += [value.op for value in operation.inputs]
    return False
