"""Peepholes: the weights from the cell states of a block to its gates."""

from collections.abc import Iterable

import keras
from keras import ops

from ...arguments import Initializer
from .base import GatedCell, fresh


class Peepholes(GatedCell):
    """A cell whose gates see the cell state.

    With a truncated gradient no error flows through peepholes into the cell state (Gers,
    Schraudolph & Schmidhuber 2002). With `clip_net_gradient` they are clipped as in RNNLIB: the
    derivative that flows from the output gate into the cell state of the same step is not.

    Args:
        peephole_initializer: Initializer of the peephole weights. With `"zeros"` the cell starts as
            the same cell without peepholes.
        peepholes: The gates that have peepholes, such as `("i", "f")`; all that can if not given.
    """

    peepholes: tuple[str, ...] = ("i", "f", "o")

    def __init__(
        self,
        *args,
        peephole_initializer: Initializer = "glorot_uniform",
        peepholes: Iterable[str] | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.peephole_initializer = keras.initializers.get(peephole_initializer)
        if peepholes is not None:
            if not set(peepholes) <= set(self.peepholes):
                self.wrong("peepholes", f"some of {self.peepholes}", peepholes)
            self.peepholes = tuple(gate for gate in self.peepholes if gate in peepholes)

    def peephole_shape(self):
        return (self.units,)

    def build(self, input_shape):
        super().build(input_shape)
        self.add_peepholes()

    def add_peepholes(self):
        """Makes p_i, p_f and p_o, as far as the cell has them."""
        for gate in self.peepholes:
            weight = self.add_weight(
                self.peephole_shape(), fresh(self.peephole_initializer), name=f"peephole_{gate}"
            )
            setattr(self, f"p_{gate}", weight)

    # Clipping applies to some terms of a gate's net input only, so it is applied to these terms and
    # not to the sum.

    def net(self, x, *states):
        return self.Net(*map(self.clip, super().net(x, *states)))

    def sigma(self, net):
        return self.recurrent_activation(net)

    def g(self, net):
        return self.activation(net)

    def peep(self, gate, c):
        """What a gate sees of the cell states; nothing without a peephole."""
        if gate not in self.peepholes:
            return 0.0
        return self.clip(self.seen(getattr(self, f"p_{gate}"), self.cut(c)))

    def peep_new(self, gate, c):
        """The same for a gate that sees the states of its own step."""
        if gate not in self.peepholes or self.clip_net_gradient is None:
            return self.peep(gate, c)
        c_value, p_value = map(ops.stop_gradient, (c, getattr(self, f"p_{gate}")))
        return self.peep(gate, c_value) + self.seen(p_value, self.cut(c) - c_value)

    def seen(self, p, c):
        return p * c

    def get_config(self):
        return {
            **super().get_config(),
            "peephole_initializer": keras.initializers.serialize(self.peephole_initializer),
            "peepholes": list(self.peepholes),
        }
