"""Cells whose state is linear in the last one: their layers can compute all steps at once."""

from keras import ops

from ... import scan
from ...calls import in_two_halves, why_plain
from ...recurrent import Recurrent
from .from_input import FromInput

BLOCK = 8  # steps that are computed one after the other, for all blocks at once
LEVELS = 7  # of blocks of blocks, where the number of steps is unknown: 8^7 is two million steps


class ParallelCell(FromInput):
    """A cell that keeps a share of h_{t-1} and adds to it, both by x_t alone.

    Call arguments:
        inputs: x_t, of shape (batch, features), or all steps, of shape (batch, steps, features).
        states: h_{t-1}, in a list.
        training: Whether dropout is on.

    Returns:
        h_t, and the list of the states at t. For all steps, `kept_and_new` of each.
    """

    state = ("h",)
    equations = ("kept_and_new", "step")

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.supports_masking = True  # of all steps; the layer heeds the mask

    def kept_and_new(self, net):
        """What h_{t-1} is multiplied with, and what is added to it."""
        raise NotImplementedError(f"{type(self).__name__} does not define kept_and_new().")

    def step(self, net, h_prev):
        kept, new = self.kept_and_new(net)
        h = kept * h_prev + new
        return (h,)

    @in_two_halves
    def call(self, inputs, states=None, training=False, of_x=None, h_mask=None):
        if len(inputs.shape) == 2:
            return super().call(inputs, states, training, of_x, h_mask)
        x_mask = self.get_dropout_mask(inputs[:, 0]) if training else None
        x = inputs if x_mask is None else inputs * x_mask[:, None]
        return self.kept_and_new(self.net(self.net_of_x(x)))


class Parallel(Recurrent):
    """A layer that computes all steps at once where its loop is not compiled.

    On a CPU, one step after the other takes less time if the loop is compiled. Where the number of
    steps is unknown when TensorFlow traces the layer, it takes up to two million. `unroll` changes
    nothing.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if plain := why_plain(self):
            self.why_not_compiled = self.why_not_cudnn = plain
            return scan.keras_loop(self, sequences, initial_state, mask, training)
        return scan.inner_loop(self, sequences, initial_state, mask, training, at_once)


def at_once(layer, x, first, mask, h_mask, training):
    """The outputs at all steps and the last states, or those of all steps."""
    kept, new = layer.cell(x, first, training=False)
    if mask is not None:
        kept, new = ops.where(mask, kept, 1.0), ops.where(mask, new, 0.0)
    states = all_steps(kept, new, first[0])
    return states, [states if layer.return_all_states else states[:, -1]]


def all_steps(kept, new, h_first):
    """h_t = kept_t h_{t-1} + new_t for all t, of shape (batch, steps, units)."""
    started = ops.concatenate([(kept[:, 0] * h_first + new[:, 0])[:, None], new[:, 1:]], axis=1)
    return from_zero(kept, started)


def from_zero(kept, new, levels=LEVELS):
    """The same with a first h of zero.

    The steps stand in blocks. All blocks take their first step together, then their second, and so
    on, each as if it started from zero; what they then lack is their first h, times all that they
    keep. These first h follow from the whole blocks, which are the steps of a shorter sequence.
    (`keras.ops.associative_scan` gives the same, but not for an unknown number of steps.)
    """
    steps, units = ops.shape(kept)[1], kept.shape[-1]
    if levels == 0 or (isinstance(steps, int) and steps == 1):
        return ops.reshape(new, (-1, 1, units))  # one step; if there are more, the sizes do not fit
    blocks = (steps + BLOCK - 1) // BLOCK

    def by_step(x):
        padding = ops.zeros((ops.shape(x)[0], blocks * BLOCK - steps, units), dtype=x.dtype)
        x = ops.concatenate([x, padding], axis=1)
        return ops.unstack(ops.reshape(x, (-1, blocks, BLOCK, units)), BLOCK, axis=2)

    (all_kept, *kept), (h, *new) = by_step(kept), by_step(new)
    so_far = [(all_kept, h)]
    for kept_t, new_t in zip(kept, new, strict=True):
        all_kept, h = kept_t * all_kept, kept_t * h + new_t
        so_far.append((all_kept, h))
    last = from_zero(all_kept, h, levels - 1)
    first = ops.concatenate([ops.zeros_like(last[:, :1]), last[:, :-1]], axis=1)
    h = ops.stack([all_kept * first + h for all_kept, h in so_far], axis=2)
    return ops.reshape(h, (-1, blocks * BLOCK, units))[:, :steps]
