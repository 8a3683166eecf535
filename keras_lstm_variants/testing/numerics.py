"""Checks of numbers: every loop against the equations, forward pass and gradients."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .checks import check
from .subject import (
    FEATURES,
    LOOPS,
    MASK,
    SEED,
    STEPS,
    NotApplicable,
    Subject,
    Violation,
    float_type,
    layer_gradients,
    padded,
    rounding,
)


@check("`step` computes what the oracle does")
def equations(subject: Subject) -> None:
    if subject.oracle is None:
        raise NotApplicable("there is no oracle")
    hs, finals = subject.solve(subject.x, subject.states)
    for t in range(STEPS):
        ours, last = subject.by_the_step(subject.x[:, : t + 1], subject.states)
        subject.close(
            ours[:, t],
            hs[:, t],
            f"The cell must compute what the oracle does, but at step {t + 1} its output differs",
            "Compare `step` with the oracle line by line, and the order of the weights.",
        )
    subject.close(last, finals, "The last states of the cell must be the oracle's, but differ")


@check("every loop gives the numbers of the equations")
def values(subject: Subject) -> None:
    expected_hs, expected = subject.solve(subject.x, subject.states)
    for loop in subject.loops():
        hs, *finals = subject.layer(loop)(subject.x, initial_state=subject.states)
        says = f"{LOOPS[loop]} must give the numbers of the equations, but differs"
        subject.close([hs, *finals], [expected_hs, *expected], says, ONE_STEP)


ONE_STEP = (
    "The cell, called step by step with one sequence, gives the second number: look for what "
    "`step` keeps between calls, or computes of several sequences together."
)


@check("every loop has the gradients of the equations")
def gradients_of_loops(subject: Subject) -> None:
    check_gradients(subject, subject.loops(), graph=False)


def check_gradients(subject: Subject, loops: Iterable[str], graph: bool) -> None:
    rng = np.random.default_rng(SEED + 4)
    arguments = [*subject.weights, subject.x, *subject.states]
    n = len(subject.weights)
    along = [rng.normal(size=a.shape).astype(a.dtype) for a in arguments]

    def loss(*moved):
        hs, finals = subject.solve(moved[n], moved[n + 1 :], moved[:n])
        pairs = zip([hs, *finals], subject.directions, strict=True)
        return sum(np.sum(y * d) for y, d in pairs)

    expected, tolerance = subject.slopes(loss, arguments, along)
    names = [w.name for w in subject.cell.weights] + ["x"]
    names += [f"the first {name}" for name in subject.cell.state]
    for loop in loops:
        layer = subject.layer(loop, **(subject.full_gradient or {}))
        # That of a graph for training is the one that counts, and a graph of one body.
        training = graph and loop == "auto" and not subject.draws
        actual = layer_gradients(
            layer, subject.directions, subject.x, subject.states, graph=graph, training=training
        )
        for name, gradient, d, slope in zip(names, actual, along, expected, strict=True):
            length = np.linalg.norm(gradient) * np.linalg.norm(d)
            exact = 0 if tolerance == rounding() else tolerance * max(1, abs(slope))
            if not abs(np.sum(gradient * d) - slope) <= tolerance * length + exact:
                by = "the oracle's complex step" if exact == 0 else "finite differences"
                raise Violation(
                    f"The gradient of {name} must be that of the equations, but with {LOOPS[loop]}"
                    f"{', in a graph,' if graph else ''} is {np.sum(gradient * d):.6g} in a random "
                    f"direction, where {by} give {slope:.6g}. Compute with keras.ops: NumPy, "
                    "rounding and stop_gradient pass no gradient on."
                )


@check("every weight and every gate matters")
def every_weight_matters(subject: Subject) -> None:
    many = 50  # rectified units rest at times
    rng = np.random.default_rng(SEED + 5)
    layer = subject.layer(subject.ours[0])
    if len(layer.trainable_variables) != len(layer.weights):
        return  # a frozen weight is the cell's own business
    x = rng.normal(size=(many, STEPS, FEATURES)).astype(float_type())
    directions = [rng.normal(size=(many, STEPS, subject.sizes[0]))]
    directions += [np.zeros((many, size)) for size in subject.sizes]
    # Not from zeros: a memory that starts empty is not changed by the bias of sLSTM's input gate.
    states = [np.resize(state, (many, state.shape[1])) for state in subject.states]
    layer.set_weights([0.5 * weight for weight in subject.weights])
    taken = layer_gradients(layer, directions, x, states)[: len(layer.weights)]
    layer.set_weights(subject.weights)
    for place, (weight, gradient) in enumerate(zip(layer.weights, taken, strict=True)):
        idle = subject.idle.get(place, np.zeros(weight.shape))
        wrong = np.argwhere((gradient == 0) != (idle == 1))
        if len(wrong):
            entry, gate = tuple(map(int, wrong[0])), _gate_of(subject, weight, wrong[0])
            raise Violation(
                f"The output must depend on every entry of {weight.name}, but not on {entry} of "
                f"{tuple(weight.shape)}{gate}. Use the gate in `step` or take its name out of "
                "`gates`; if the entry is meant to be idle, say so with idle={place: ones}."
            )


def _gate_of(subject: Subject, weight: Any, entry: np.ndarray) -> str:
    """Of which gate an entry of the kernel, the recurrent kernel or the bias is."""
    gates = subject.cell_class.gates
    ends = np.cumsum([subject.cell.size_of(gate) for gate in gates])
    if weight.shape[-1] != ends[-1]:
        return ""
    return f", a column of the gate {gates[int(np.searchsorted(ends, entry[-1], 'right'))]!r}"


@check("masks, reading backwards and zeros for padding are Keras'")
def loops_agree_on_masks(subject: Subject) -> None:
    x = padded(subject.x)
    choices: tuple[dict[str, Any], ...] = {}, {"go_backwards": True, "zero_output_for_mask": True}
    for options in choices:
        theirs = subject.layer("keras", **options)
        expected = theirs(x, initial_state=subject.states, mask=MASK)
        slopes = layer_gradients(theirs, subject.directions, x, subject.states, MASK)
        # Both ours do the second before and after the loop.
        for loop in subject.loops("graph", "auto") if not options else subject.ours:
            ours = subject.layer(loop, **options)
            actual = ours(x, initial_state=subject.states, mask=MASK)
            says = f"{LOOPS[loop]} must give what keras.layers.RNN does under a mask, but "
            subject.close(actual, expected, says + f"its outputs differ, with {options}")
            actual = layer_gradients(ours, subject.directions, x, subject.states, MASK)
            subject.close(actual, slopes, says + f"its gradients differ, with {options}", "", 1e-11)
