"""Cells whose state is linear in the last one: their layers can compute all steps at once."""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ... import scan
from ...calls import in_two_halves, why_plain
from ...recurrent import Recurrent
from .from_input import FromInput

BLOCK = 8  # steps that are computed one after the other, for all blocks at once
LEVELS = 7  # of blocks of blocks, where the number of steps is unknown: 8^7 is two million steps


class AtOnce(FromInput):
    """A cell that has a second form, which computes all steps at once.

    Call arguments:
        inputs: x_t, of shape (batch, features), or all steps, of shape (batch, steps, features).
        states: The states at t-1, in a list.
        training: Whether dropout is on.

    Returns:
        h_t, and the list of the states at t. For all steps, what `all_steps` gives.
    """

    shows_all_states = True  # in that form, not the last ones only

    def __init__(self, units, *args, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.supports_masking = True  # of all steps; the layer heeds the mask

    def all_steps(self, net, first, seen, every):
        """The outputs at all steps, and the last states or, with `every`, those of all steps.

        Args:
            net: The net inputs at all steps, (batch, steps, size) each.
            first: The states before the first step.
            seen: Booleans (batch, steps, 1): where one is False, the step is skipped; or None.
            every: Whether the states of all steps are asked for.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define all_steps().")

    @in_two_halves
    def call(
        self,
        inputs,
        states=None,
        training=False,
        of_x=None,
        h_mask=None,
        seen=None,
        every=False,
    ):
        if len(inputs.shape) == 2:
            return super().call(inputs, states, training, of_x, h_mask)
        x_mask = self.get_dropout_mask(inputs[:, 0]) if training else None
        x = inputs if x_mask is None else inputs * x_mask[:, None]
        return self.all_steps(self.net(self.net_of_x(x)), states, seen, every)


class ParallelCell(AtOnce):
    """A cell that keeps a share of h_{t-1} and adds to it, both by x_t alone."""

    state = ("h",)
    equations = ("kept_and_new", "step")

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)

    def kept_and_new(self, net):
        """What h_{t-1} is multiplied with, and what is added to it."""
        raise NotImplementedError(f"{type(self).__name__} does not define kept_and_new().")

    def step(self, net, h_prev):
        kept, new = self.kept_and_new(net)
        h = kept * h_prev + new
        return (h,)

    def all_steps(self, net, first, seen, every):
        kept, new = self.kept_and_new(net)
        (h,) = recurrence([kept], [new], first, seen)
        return h, [h if every else h[:, -1]]


class Parallel(Recurrent):
    """A layer that computes all steps at once where its loop is not compiled.

    On a CPU, one step after the other takes less time if the loop is compiled. Where the number of
    steps is unknown when TensorFlow traces the layer, it takes up to two million. `unroll` changes
    nothing.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if plain := why_plain(self):
            self.why_not_compiled = self.why_not_cudnn = plain
            scan.not_fused(self, plain)
            return scan.keras_loop(self, sequences, initial_state, mask, training)
        step_by_step = self.return_all_states and not self.cell.shows_all_states
        otherwise = None if step_by_step else at_once
        return scan.inner_loop(self, sequences, initial_state, mask, training, otherwise)


def at_once(layer, x, first, mask, h_mask, training):
    """The outputs at all steps and the last states, or those of all steps."""
    return layer.cell(x, first, training=False, seen=mask, every=layer.return_all_states)


class Algebra(NamedTuple):
    """What is meant by "times" and "plus" in a recurrence: of numbers, each a list of tensors."""

    times: Callable[..., Any]
    plus: Callable[..., Any]
    one: tuple[float, ...]
    zero: tuple[float, ...]


def complex_times(a, b):
    (a_re, a_im), (b_re, b_im) = a, b
    return [a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re]


def each(function):
    return lambda a, b: [*map(function, a, b)]


# Not `ops.add`: of batches of nothing, Keras takes the second for a bias on TensorFlow.
REAL = Algebra(each(operator.mul), each(operator.add), (1.0,), (0.0,))
COMPLEX = Algebra(complex_times, each(operator.add), (1.0, 0.0), (0.0, 0.0))
GREATEST = Algebra(each(operator.add), each(ops.maximum), (0.0,), (-np.inf,))


def recurrence(kept, new, first, seen=None, algebra=REAL):
    """h_t = kept_t h_{t-1} + new_t for all t, of shape (batch, steps, units).

    Where `seen` is False, h_t is h_{t-1}.
    """
    if seen is not None:
        kept = [ops.where(seen, a, one) for a, one in zip(kept, algebra.one, strict=True)]
        new = [ops.where(seen, a, zero) for a, zero in zip(new, algebra.zero, strict=True)]
    at_first = ([a[:, 0] for a in kept], list(first), [a[:, 0] for a in new])
    at_first = algebra.plus(algebra.times(*at_first[:2]), at_first[2])
    started = [
        ops.concatenate([a[:, None], b[:, 1:]], axis=1) for a, b in zip(at_first, new, strict=True)
    ]
    return from_zero(kept, started, algebra)


def from_zero(kept, new, algebra=REAL, levels=LEVELS):
    """The same with a first h of zero.

    The steps stand in blocks. All blocks take their first step together, then their second, and so
    on, each as if it started from zero; what they then lack is their first h, times all that they
    keep. These first h follow from the whole blocks, which are the steps of a shorter sequence.
    (`keras.ops.associative_scan` gives the same, but not for an unknown number of steps.)
    """
    steps, units = ops.shape(kept[0])[1], kept[0].shape[-1]
    if levels == 0 or (isinstance(steps, int) and steps == 1):
        # One step; if there are more, the sizes do not fit.
        return [ops.reshape(a, (-1, 1, units)) for a in new]
    blocks = (steps + BLOCK - 1) // BLOCK

    def by_step(numbers):
        rows = []
        for x in numbers:
            padding = ops.zeros((ops.shape(x)[0], blocks * BLOCK - steps, units), dtype=x.dtype)
            x = ops.concatenate([x, padding], axis=1)
            rows.append(ops.unstack(ops.reshape(x, (-1, blocks, BLOCK, units)), BLOCK, axis=2))
        return [list(number) for number in zip(*rows, strict=True)]

    times, plus = algebra.times, algebra.plus
    (all_kept, *kept), (h, *new) = by_step(kept), by_step(new)
    so_far = [(all_kept, h)]
    for kept_t, new_t in zip(kept, new, strict=True):
        all_kept, h = times(kept_t, all_kept), plus(times(kept_t, h), new_t)
        so_far.append((all_kept, h))
    last = from_zero(all_kept, h, algebra, levels - 1)
    first = [
        ops.concatenate([ops.full_like(a[:, :1], zero), a[:, :-1]], axis=1)
        for a, zero in zip(last, algebra.zero, strict=True)
    ]
    by_place = zip(*[plus(times(all_kept, first), h) for all_kept, h in so_far], strict=True)
    hs = [ops.stack(h, axis=2) for h in by_place]
    return [ops.reshape(h, (-1, blocks * BLOCK, units))[:, :steps] for h in hs]


def held(outputs, first, seen):
    """The outputs, but at skipped steps that of the step before, at first `first`."""
    if seen is None:
        return outputs
    (outputs,) = recurrence([ops.zeros_like(outputs)], [outputs], [first], seen)
    return outputs
