"""The loop over time, and a gradient of the whole sequence.

`keras.layers.RNN` multiplies x_t by W inside its loop and accumulates the gradients of the weights
step by step. Here the loop contains only what depends on the previous step:

- In the forward pass, `net_of_x` is computed for all steps at once before the loop; but in the loop
  where that is faster (`step_by_step`).
- In the backward pass, the loop propagates the gradients of the states through the derivatives of
  the cell's own equations. The gradients of the weights and of x follow for all steps at once
  after it.

Both are derived from `cell.net_of_x`, `cell.net` and `cell.step`, without code in the cell. A fused
GPU kernel takes the place of the two loops and of nothing else.
Compiled code (`kernel`) takes x itself and returns the gradients of x and of the weights.
"""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

from . import kernel, portability
from .backend import Tensor, custom_gradient, over_time, platform, starts_from_zeros, vjp
from .kernel import fused

FEW = 8  # rows, of which products are better of several steps at once


def inner_loop(
    layer: Any,
    sequences: Tensor,
    initial_state: list[Tensor],
    mask: Tensor,
    training: bool,
    otherwise: Callable[..., Any] | None = None,
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """What `keras.layers.RNN.inner_loop` gives: the last output, all outputs, the last states.

    If the layer returns all states, they come in place of the last: (batch, steps, ...) each.

    `otherwise` is the loop where there is no compiled code; that of `time_major_scan` if not given.
    """
    cell = layer.cell
    sequences = ops.cast(sequences, cell.compute_dtype)
    # Those of a stateful layer are variables.
    initial_state = [ops.copy(s) if isinstance(s, keras.Variable) else s for s in initial_state]
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    x_mask = cell.get_dropout_mask(sequences[:, 0]) if training else None
    h_mask = cell.get_recurrent_dropout_mask(initial_state[0]) if training else None
    x = sequences if x_mask is None else sequences * ops.expand_dims(x_mask, 1)
    if mask is not None:
        mask = for_states(mask, initial_state)
    arguments = layer, x, initial_state, mask, h_mask, training
    outputs, states = (
        fused_scan(*arguments)
        or compiled_scan(*arguments)
        or (otherwise or time_major_scan)(*arguments)
    )
    if mask is not None and (layer.zero_output_for_mask or starts_from_zeros(layer)):
        # Keras' loop puts out zeros before the first step that counts, whatever the first state.
        shown = mask if layer.zero_output_for_mask else ops.cumsum(mask, axis=1) > 0
        outputs = ops.where(shown, outputs, 0.0)
    return outputs[:, -1], outputs, states


def keras_loop(
    layer: Any, sequences: Tensor, initial_state: list[Tensor], mask: Tensor, training: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The loop of `keras.layers.RNN`, which calls the cell in each step and takes nothing apart.

    As that keeps the last states only, one with the same numbers stands in for it where the layer
    returns all states.
    """
    if not layer.return_all_states:
        last: tuple[Tensor, Tensor, list[Tensor]] = keras.layers.RNN.inner_loop(
            layer, sequences, initial_state, mask, training
        )
        return last
    cell = layer.cell
    takes_training = "training" in inspect.signature(cell.call).parameters
    options = {"training": training} if takes_training else {}
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    masks = [] if mask is None else [ops.swapaxes(for_states(mask, initial_state), 0, 1)]

    def step(carry: Any, at_t: Any) -> Any:
        (shown, states), (x, masks) = carry, at_t
        output, new = cell(x, list(states), **options)
        new = where(masks, list(new) if isinstance(new, (list, tuple)) else [new], states)
        (shown,) = where(masks, [output], [shown])
        return (shown, new), (shown, new)

    # What a step of Keras' loop puts out that is masked and has none before it.
    shown = initial_state[0]
    if starts_from_zeros(layer):
        shown = ops.zeros_like(shown)
    x = ops.swapaxes(sequences, 0, 1)
    _, made = over_time(step, (shown, list(initial_state)), (x, masks))
    outputs, states = tree.map_structure(lambda y: ops.swapaxes(y, 0, 1), made)
    if mask is not None and layer.zero_output_for_mask:
        outputs = ops.where(for_states(mask, initial_state), outputs, 0.0)
    return outputs[:, -1], outputs, states


def for_states(mask: Tensor, states: list[Tensor]) -> Tensor:
    """A mask (batch, steps) as booleans (batch, steps, 1, ...) that go with states at all steps."""
    ones = [1] * (len(states[0].shape) - 1)
    return ops.reshape(ops.cast(mask, "bool"), (*ops.shape(mask)[:2], *ones))


def fused_scan(layer, x, first, mask, h_mask, training):
    """The same in a fused kernel, if the layer is asked for that and it can be; else None."""
    if layer.scan != "fused":
        layer.why_not_fused = f"it was made with scan={layer.scan!r}"
        return None
    cell = layer.cell
    if why := fused.why_not(layer, x):
        return not_fused(layer, why)
    loop = fused.loop_of(cell, lambda x: cell(x, training=False), stateless(cell), x, first, h_mask)
    if isinstance(loop, str):
        return not_fused(layer, loop)
    layer.why_not_fused = ""
    layer.why_not_compiled = "it runs a fused kernel"
    return time_major_scan(layer, x, first, mask, h_mask, training, loop)


def not_fused(layer: Any, why: str) -> None:
    """Notes why a layer does not run a fused kernel, and says so if it is asked to."""
    layer.why_not_fused = why
    if layer.scan == "fused":
        warnings.warn(
            f"{type(layer).__name__}: scan='fused' cannot run this call: {why}. It runs as with "
            "scan='auto'.",
            stacklevel=2,
        )


def compiled_scan(layer, x, first, mask, h_mask, training):
    """The outputs at all steps and the last states, in compiled code; None if that cannot be."""
    why = "it returns the states of all steps" if layer.return_all_states else kernel.why_not(layer)
    if why:
        layer.why_not_compiled = why
        return None
    cell = layer.cell
    weights = [weight.value for weight in cell.weights]
    loop = kernel.compiled_loop(cell, stateless(cell, from_x=True), x, first, h_mask, weights)
    if isinstance(loop, str):
        layer.why_not_compiled = loop
        return None
    layer.why_not_compiled = ""

    def portable(x, first, weights, h_mask, mask):
        mask = None if mask is None else ops.expand_dims(mask, -1)
        with keras.StatelessScope(list(zip(cell.weights, weights, strict=True))):
            return time_major_scan(layer, x, first, mask, h_mask, training=False)

    mask = None if mask is None else mask[:, :, 0]
    both = portability.may_be_exported(training)
    keep = bool(training)
    return loop(x, first, h_mask, mask, weights, keep, portable, two_bodies=both)


def time_major_scan(layer, x, first, mask, h_mask, training, loop=None):
    """The same on any backend; `loop` is a fused one that takes the place of those here."""
    cell = layer.cell
    x = ops.swapaxes(x, 0, 1)
    if loop is None and step_by_step(x):
        of_x, advance = x, stateless(cell, from_x=True)
    else:
        of_x, advance = by_step(cell(all_rows(x), training=False), x), stateless(cell)
    masks = [] if mask is None else [ops.swapaxes(mask, 0, 1)]
    states, last = graph_scan(
        cell, advance, of_x, first, masks, h_mask, training, layer.return_all_states, loop
    )
    states = [ops.swapaxes(one, 0, 1) for one in states]
    return states[0], states if layer.return_all_states else last


def step_by_step(x):
    """Whether what x (steps, batch, ...) gives is computed in the loop.

    For all steps at once, it would not stay in a processor's cache. But few rows are too few for a
    product; and fewer operations are better on a GPU, and with torch, which has no graph of them.
    """
    few = isinstance(x.shape[1], int) and x.shape[1] < FEW
    graphs = keras.backend.backend() != "torch"
    return graphs and not few and len(x.shape) == 3 and platform() == "cpu"


def stateless(cell, from_x=False):
    """The step of a cell as a function of the weights as well, from what x gives or from x_t."""

    def advance(of_x, states, weights, h_mask, product=None):
        """The states at t; `product` stands in for the products with weights."""
        values = list(zip(cell.weights, weights, strict=True))
        with keras.StatelessScope(values), cell.multiplying_by(product):
            of_x = cell(of_x, training=False) if from_x else of_x
            return cell(states[0], states, training=False, of_x=of_x, h_mask=h_mask)[1]

    return advance


def all_rows(parts):
    """(steps, batch, ...) as (steps * batch, ...)"""
    return tree.map_structure(lambda x: ops.reshape(x, (-1, *x.shape[2:])), parts)


def by_step(parts, like):
    """(steps * batch, ...) as (steps, batch, ...), in the numbers of `like`."""
    sizes = ops.shape(like)[:2]  # numbers where known: a loop's states must not lose them
    return tree.map_structure(lambda x: ops.reshape(x, (*sizes, *x.shape[1:])), parts)


def where(masks, new, old):
    """The new values, but the old ones at masked steps; there is one mask or none."""
    pairs = zip(new, old, strict=True)
    return [ops.where(masks[0], one, other) for one, other in pairs] if masks else new


def graph_scan(cell, advance, of_x, first, masks, h_mask, training, every=False, loop=None):
    """The states at all steps, in a list, and the last ones.

    Those at all steps are the outputs only, or all with `every`.

    Args:
        cell: The cell, built.
        advance: Its step, as a function of `of_x` at t, the states, the weights and `h_mask`.
        of_x: What `cell.net_of_x` gives for all steps, tensors (steps, batch, ...); or x, if that
            is what `advance` takes.
        first: The states before the first step, (batch, ...) each.
        masks: No mask or one (steps, batch, 1, ...) in a list.
        h_mask: The mask of recurrent dropout, or None.
        training: Whether a gradient is likely to be asked for.
        every: Whether all states at all steps are given.
        loop: A fused loop, of `kernel.fused`, or None.
    """
    shown = len(first) if every else 1
    weights = [weight.value for weight in cell.weights]
    arguments = of_x, first, weights

    if keras.backend.backend() == "torch":  # it takes gradients of a loop as well as we could
        last, states, _ = forwards(advance, *arguments, masks, h_mask, shown)
        return states, last

    @custom_gradient
    def run(*flat):
        of_x, first, weights = tree.pack_sequence_as(arguments, flat)

        if loop is None:
            given = advance, of_x, first, weights, masks, h_mask
            # All states, as a gradient needs them: TensorFlow takes no second one of a loop in it.
            last, states, kept = forwards(*given, len(first), keep=training)
        else:
            states, kept = loop.forwards(of_x, first, weights, masks, h_mask, training)
            last = [one[-1] for one in states]

        def gradient(*directions):
            return backwards(
                advance,
                of_x,
                first,
                weights,
                masks,
                h_mask,
                states,
                kept,
                directions[:shown],
                directions[shown:],
                loop,
            )

        return (*states[:shown], *last), gradient

    try:
        made = run(*tree.flatten(arguments))
    except TypeError as error:
        if "jvp" not in str(error):
            raise
        raise NotImplementedError(
            "This loop has no forward-mode derivatives on JAX: make the layer with scan='plain'."
        ) from error
    return list(made[:shown]), list(made[shown:])


def forwards(advance, of_x, first, weights, masks, h_mask, shown, keep=False):
    """The last states, the first of the states at all steps, and what is kept.

    That is, with `keep`, the results of all products in each step.
    """

    def step(states, at_t):
        of_x, masks = at_t
        products = []

        def product(multiply, x, kernel):
            products.append(multiply(x, kernel))
            return products[-1]

        new = advance(of_x, states, weights, h_mask, product if keep else None)
        new = where(masks, new, states)
        return new, (new[:shown], products)

    last, (states, kept) = over_time(step, list(first), (of_x, masks))
    return last, states, kept


def backwards(
    advance, of_x, first, weights, masks, h_mask, all_states, kept, d_shown, d_last, loop
):
    """The gradients of of_x, the first states and the weights.

    `d_shown` are the directions of the first of `all_states`, `d_last` those of the last states;
    `kept` is what the forward pass gave beside the states.

    A step back needs the gradient by the states only, and of it the parts that go through the
    equations of the step. When these are known for all steps, the steps are rows of one batch.
    """
    pairs = zip(first, all_states, strict=True)
    before = [ops.concatenate([one[None], states[:-1]]) for one, states in pairs]
    given = of_x, before, weights, masks, h_mask, kept, list(d_shown), list(d_last)
    if loop is None:
        (d_first, d_new), products = backwards_in_time(advance, *given), kept
    else:
        (d_first, d_new), products = loop.backwards(*given), []
    steps = ops.shape(d_shown[0])[0]
    before, products, d_new = all_rows((before, products, d_new))
    if h_mask is not None:
        h_mask = ops.tile(h_mask, [steps, *[1] * (len(h_mask.shape) - 1)])
    n = len(tree.flatten(of_x))

    def all_steps(*flat):
        parts = tree.pack_sequence_as(of_x, flat[:n])
        return advance(parts, before, list(flat[n:]), h_mask, known(products))

    _, pull_back = vjp(all_steps, [*tree.flatten(all_rows(of_x)), *weights])
    gradients = pull_back(d_new)
    return *by_step(list(gradients[:n]), d_shown[0]), *d_first, *gradients[n:]


def backwards_in_time(advance, of_x, before, weights, masks, h_mask, products, d_shown, d_last):
    """The gradients of the first states, and those of the states that each step makes."""

    def step(d_states, at_t):
        of_x, masks, states, products, d_shown = at_t
        more = [ops.add(*both) for both in zip(d_states, d_shown, strict=False)]
        d_states = [*more, *d_states[len(more) :]]
        zeros = [ops.zeros_like(d) for d in d_states]
        d_new = where(masks, d_states, zeros)
        _, pull_back = vjp(
            lambda *states: advance(of_x, list(states), weights, h_mask, known(products)), states
        )
        d_before = pull_back(d_new)
        if masks:
            kept = where(masks, zeros, d_states)
            d_before = [ops.add(*both) for both in zip(d_before, kept, strict=True)]
        return list(d_before), d_new

    return over_time(step, d_last, (of_x, masks, before, products, d_shown), reverse=True)


def known(results):
    """Gives products whose results are known, with the gradients that products have."""
    if not results:
        return None
    results = iter(results)

    def product(multiply, x, kernel):
        result = next(results)

        @custom_gradient
        def again(x, kernel):
            return ops.copy(result), lambda d: tuple(vjp(multiply, [x, kernel])[1](d))

        return again(x, kernel.value if isinstance(kernel, keras.Variable) else kernel)

    return product
