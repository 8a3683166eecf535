"""Checks of dropout: one mask for a sequence, another at every call, none at inference."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from keras import ops

from .checks import check
from .subject import (
    BATCH,
    FEATURES,
    LOOPS,
    MOST_MASKS,
    NotApplicable,
    Subject,
    Violation,
    compiled,
    float_type,
    numbers,
    rounding,
)


def _rates(subject: Subject, kind: str) -> dict[str, Any]:
    if not subject.takes(kind):
        raise NotApplicable(f"the cell takes no {kind}")
    return {kind: 0.5}


@check("dropout keeps one mask of x for a sequence")
def dropout(subject: Subject) -> None:
    _one_mask_of_x(subject, subject.loops("keras", "graph"))


@check("recurrent dropout keeps one mask of h for a sequence")
def recurrent_dropout(subject: Subject) -> None:
    _one_mask_of_h(subject, subject.loops("keras", "graph"))


@check("the compiled loop keeps one mask of each kind of dropout", "expensive")
def compiled_dropout(subject: Subject) -> None:
    if "auto" not in subject.loops():
        raise NotApplicable("nothing is compiled on this backend")
    _one_mask_of_x(subject, ["auto"])
    if subject.takes("recurrent_dropout"):
        _one_mask_of_h(subject, ["auto"])


def _one_mask_of_x(subject: Subject, loops: Iterable[str]) -> None:
    kept = getattr(subject.new_cell(), "beside", 0)  # columns such as a time, which is no x
    masks = _masks(FEATURES - kept)
    many = len(masks)
    masks = np.concatenate([masks, np.ones((many, kept), masks.dtype)], axis=1)

    def explained(x, states):
        """The outputs with each of the masks."""
        rows = [np.repeat(state[None], many, axis=0) for state in states]
        layer = subject.layer(subject.ours[0])
        return numbers(layer(x * masks[:, None], initial_state=rows)[0])

    _one_mask(subject, loops, "dropout", masks, explained)


def _one_mask_of_h(subject: Subject, loops: Iterable[str]) -> None:
    _rates(subject, "recurrent_dropout")
    if 2 ** subject.sizes[0] > MOST_MASKS:
        raise NotApplicable(f"{subject.sizes[0]} units have too many masks to try")
    masks = _masks(subject.sizes[0])

    def explained(x, states):
        rows = [np.repeat(state[None], len(masks), axis=0) for state in states]
        xs = np.repeat(x[None], len(masks), axis=0)
        return subject.by_the_step(xs, rows, h_mask=ops.convert_to_tensor(masks))[0]

    _one_mask(subject, loops, "recurrent_dropout", masks, explained)


def _masks(size: int) -> np.ndarray:
    """All that dropout may leave, with half of it dropped."""
    return np.array(list(itertools.product([0.0, 2.0], repeat=size)), float_type())


def _one_mask(subject, loops, kind, masks, explained):
    """To drop is to multiply by a mask: looks for the one that explains a whole sequence."""
    rates = _rates(subject, kind)
    if subject.draws:
        raise NotApplicable("in training the cell draws more than this")
    x, states = subject.x, subject.states
    candidates = [explained(x[n], [s[n] for s in states]) for n in range(BATCH)]
    atol = min(100 * rounding(), 1e-5) if float_type() == "float64" else 1e-3
    for loop in loops:
        layer = subject.new_layer(loop, seed=1, **rates)
        hs = numbers(layer(x, initial_state=states, training=True)[0])
        masks_of = []
        for n in range(BATCH):
            fits = np.isclose(candidates[n], hs[n], rtol=rounding(), atol=atol).all(axis=(1, 2))
            masks_of.append({tuple(mask) for mask in masks[fits]})
        says = f"With {kind}, {LOOPS[loop]} must multiply "
        if not all(masks_of):
            raise Violation(
                says + "each sequence by one mask, the same at all steps, but no mask explains its "
                "output. Products of x belong in net_of_x, those of states get what `net` is given."
            )
        if set.intersection(*masks_of):
            raise Violation(says + "each sequence by its own mask, but all have the same.")


@check("dropout draws another mask at every call, and the seed decides which", "layer")
def dropout_draws(subject: Subject) -> None:
    for kind in "dropout", "recurrent_dropout":
        if not subject.takes(kind):
            continue
        for loop in subject.loops("keras", "graph"):
            layer, again = (
                subject.new_layer(loop, seed=1, **_rates(subject, kind)) for _ in range(2)
            )
            drawn = [_trained(subject, layer) for _ in range(3)]
            _all_differ(drawn, kind, loop)
            same = [_trained(subject, again) for _ in range(2)]
            subject.close(same, drawn[:2], f"With one seed, {kind} must be the same, but differs")


@check("dropout draws another mask at every call of a graph", "expensive")
def dropout_draws_in_graphs(subject: Subject) -> None:
    for kind in "dropout", "recurrent_dropout":
        if not subject.takes(kind):
            continue
        for loop in subject.loops("graph", "auto"):
            layer = subject.new_layer(loop, seed=1, **_rates(subject, kind))
            graph = compiled(layer, training=True)
            drawn = [_trained(subject, layer)]
            drawn += [numbers(graph(subject.x, initial_state=subject.states)[0]) for _ in range(2)]
            _all_differ([*drawn, _trained(subject, layer)], kind, loop)


def _trained(subject: Subject, layer: Any) -> np.ndarray:
    return numbers(layer(subject.x, initial_state=subject.states, training=True)[0])


def _all_differ(drawn: list, kind: str, loop: str) -> None:
    for one, other in itertools.combinations(drawn, 2):
        if np.abs(one - other).max() <= 1e-3:
            raise Violation(
                f"With {kind}, {LOOPS[loop]} must draw another mask at every call, but two calls "
                "give the same. Does the cell use what it is given by `see` and `net`?"
            )


@check("dropout does nothing at inference", "layer")
def dropout_at_inference(subject: Subject) -> None:
    rates = subject.taken({"dropout": 0.5, "recurrent_dropout": 0.5})
    for loop in subject.loops("keras", "graph", "auto"):
        expected = subject.layer(loop)(subject.x, initial_state=subject.states)
        layer = subject.new_layer(loop, **rates)
        for training in {}, {"training": False}:
            actual = layer(subject.x, initial_state=subject.states, **training)
            says = f"Dropout must do nothing at inference, but with {LOOPS[loop]} outputs differ"
            subject.close(actual, expected, says)
