r"""Linear-chain conditional random fields: Lafferty, McCallum & Pereira 2001.

Rabiner's recursions (1989) run backwards here, from the last step to the first. For a tag j at step
t, the *message*

.. math::

    f_t(j) = x_t(j) + \log \sum_k e^{A(j, k) + f_{t+1}(k)}, \qquad f_T(j) = x_T(j) + A(j, end)

sums up all that may follow, so that what the sequence has before step t decides about its tag
through the tag before only:

.. math::

    P(y_t = j \mid y_{t-1} = i) = e^{A(i, j) + f_t(j)} / \sum_k e^{A(i, k) + f_t(k)}

The tags are a Markov chain with these probabilities. Everything here is read off it: the loss is
the sum of its cross-entropies, and marginals are carried forward as probabilities, which neither
overflow nor fade however long the sequence is. Messages are shifted at every step, so they do not
grow with the length either. With the maximum in place of the logarithm of the sum, messages lead
along the best path (Viterbi 1967).
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .backend import Tensor
from .labels import are_marks, check_chain

Tensors = list[Tensor]
OfStep = tuple[Tensors, Tensors]  # outputs and states

NEVER = -1e30  # the score of what is forbidden; minus infinity does not survive ONNX
LIMIT = 1e29  # beyond it, scores would be more than what is forbidden can bear


def parts(chain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Takes a chain apart: scores (batch, steps, K), mask (batch, steps), transitions.

    Raises:
        ValueError: It is none. Where its values are not known yet, its scores become NaN.
    """
    check_chain("The chain", chain)
    tags = chain.shape[-1] - 1
    scores, marks = chain[:, : -tags - 1, :tags], chain[:, : -tags - 1, tags:]
    right, real = are_marks("The chain", marks), marks[:, :, 0] > 0.5
    scores = scores * ops.where(right, ops.ones_like(marks), np.nan)
    # All rows have the same table; of no rows, the sum is a table too.
    table = ops.reshape(ops.sum(chain[:1, -tags - 1 :], axis=0), (tags + 1, tags + 1))
    return scores, real, table


def defined(scores: Tensor, table: Tensor) -> Tensor:
    """Whether scores, and all transitions, are numbers to compute with: (batch,).

    Elsewhere comparisons would give just any tags, and take what overflowed for forbidden.
    """
    # NaN is neither above nor below anything.
    steps = ops.all(scores < LIMIT, axis=2) & ops.any(scores > -LIMIT, axis=2)
    transitions = (table < LIMIT) & (table > 2 * NEVER)
    return ops.all(steps, axis=1) & ops.all(transitions)


def nan_unless_defined(scores: Tensor, table: Tensor) -> Tensor:
    """A factor for what is computed of a sequence, and for its gradient: (batch, 1), 1 or NaN."""
    return ops.where(defined(scores, table)[:, None], ops.ones_like(scores[:, 0, :1]), np.nan)


def log_conditionals(path: Tensor, chain: Tensor) -> Tensor:
    """log P(y_t | y_{t-1}), (batch, steps): 0 where the mask is False or the chain forbids it."""
    scores, real, table = parts(chain)
    tags = scores.shape[-1]
    path = ops.where(real, path, 0)
    before = ops.where(real, previous(path, real, first=tags), tags)
    logits = ops.take(table[:, :tags], before, axis=0) + messages(scores, real, table)
    chosen = ops.expand_dims(path, -1)
    legal = real & (ops.take_along_axis(logits, chosen, axis=-1)[..., 0] > 0.1 * NEVER)
    logits = ops.where(legal[..., None], logits, 0.0)
    log_p = ops.take_along_axis(ops.log_softmax(logits), chosen, axis=-1)[..., 0]
    # No comparison with NaN is true, so that all of its steps look forbidden.
    return ops.where(legal, log_p, 0.0) * nan_unless_defined(scores, table)


def previous(path: Tensor, real: Tensor, first: int) -> Tensor:
    """The tag at the last step before each that is there; `first` if there is none."""

    def remember(tag: Tensor, here: Tensor, last: Tensor) -> OfStep:
        return [last], [ops.where(here, tag, last)]

    tag = ops.cast(path, "float32")[..., None]
    (before,), _ = over_steps(remember, [ops.full_like(tag[:, 0], first)], [tag], real)
    return ops.cast(before[..., 0], "int32")


def messages(scores: Tensor, real: Tensor, table: Tensor) -> Tensor:
    r"""f of the module's equations, (batch, steps, K), shifted by a number for each step.

    Its gradient is written out: it then needs neither K^2 numbers for each step nor care for
    forbidden transitions, which automatic differentiation would.
    """
    tags = scores.shape[-1]

    @ops.custom_gradient
    def run(scores: Tensor, transitions: Tensor, end: Tensor) -> Any:
        def back(x: Tensor, here: Tensor, follows: Tensor) -> OfStep:
            f = x + follows
            total = log_sum(transitions + f[:, None, :])
            return [f, total], [ops.where(here, shifted(total), follows)]

        last = ops.zeros_like(scores[:, 0]) + end
        (f, total), _ = over_steps(back, [last], [scores], real, backwards=True)

        def gradient(*args: Tensor, upstream: Tensor = None) -> Any:
            # What comes in at a step moves on to the next by the probabilities of the chain.
            upstream = args[0] if upstream is None else upstream

            def forth(
                g: Tensor,
                f: Tensor,
                total: Tensor,
                here: Tensor,
                so_far: Tensor,
                of_transitions: Tensor,
            ) -> OfStep:
                p = ops.exp(transitions + f[:, None, :] - total[:, :, None])
                flow = ops.where(here[..., None], so_far[:, :, None] * p, 0.0)
                so_far = ops.where(here, g + ops.sum(flow, axis=1), so_far)
                return [so_far], [so_far, of_transitions + ops.sum(flow, axis=0)]

            nothing = [ops.zeros_like(last), ops.zeros_like(transitions)]
            (of_scores,), states = over_steps(forth, nothing, [upstream, f, total], real)
            of_end, of_transitions = states
            of_scores = ops.where(real[..., None], of_scores, 0.0)
            return of_scores, of_transitions, ops.sum(of_end, axis=0)

        return f, gradient

    return run(scores, table[:tags, :tags], table[:tags, tags])


def over_steps(
    step: Callable[..., OfStep],
    states: Tensors,
    inputs: Tensors,
    real: Tensor,
    backwards: bool = False,
) -> OfStep:
    """Runs a function over the steps, in the loop of `keras.layers.RNN`, which can be exported.

    Args:
        step: From tensors (batch, size) of one step, each of its own size, whether the step is
            there (batch, 1), and the states, to a list of outputs (batch, size) and one of states.
        states: Those before the first step, of any shape.
        inputs: Tensors (batch, steps, size).
        real: Whether each step is there: (batch, steps).
        backwards: From the last step to the first.

    Returns:
        The outputs (batch, steps, size), in the order of the inputs, and the last states.
    """
    inputs = [*inputs, ops.cast(real, inputs[0].dtype)[..., None]]
    sizes: list[int] = []  # of the outputs

    def one(together: Tensor, states: Tensors) -> tuple[Tensor, Tensors]:
        *now, here = apart(together, [x.shape[-1] for x in inputs])
        outputs, states = step(*now, here > 0.5, *states)
        sizes[:] = [output.shape[-1] for output in outputs]
        return ops.concatenate(outputs, axis=-1), states

    rnn = keras.layers.RNN(
        Cell(one), return_sequences=True, go_backwards=backwards, name="loop", dtype="float32"
    )
    _, outputs, states = rnn.inner_loop(ops.concatenate(inputs, axis=-1), states, mask=None)
    outputs = ops.flip(outputs, axis=1) if backwards else outputs
    return apart(outputs, sizes), states


class Cell:
    """A function in place of the cell of a `keras.layers.RNN`."""

    state_size = [0]  # not asked for, as the states are given

    def __init__(self, function: Callable[..., Any]) -> None:
        self.call = function

    def __call__(self, inputs: Tensor, states: Tensors) -> Any:
        return self.call(inputs, states)


def apart(x: Tensor, sizes: Sequence[int]) -> Tensors:
    """Slices of x, of these sizes, along its last axis."""
    ends = np.cumsum(sizes)
    return [x[..., end - size : end] for end, size in zip(ends, sizes, strict=True)]


def log_sum(x: Tensor) -> Tensor:
    """The logarithm of the sum of exponentials over the last axis."""
    top = largest(x)
    return ops.log(ops.sum(ops.exp(x - top), axis=-1)) + top[..., 0]


def shifted(x: Tensor) -> Tensor:
    """x, its largest number of the last axis at zero."""
    return x - largest(x)


def largest(x: Tensor) -> Tensor:
    """Of the last axis, which stays."""
    # Keras takes tensors of no rows only with `initial`.
    return ops.max(x, axis=-1, keepdims=True, initial=-np.inf)
