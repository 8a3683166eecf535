"""Koutník et al., "A clockwork RNN", 2014."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ..recurrent import Recurrent
from .parts.ungated import UngatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ClockworkRNNCell(UngatedCell):
    r"""A simple RNN in groups of units; each group moves only when its clock ticks.

    .. math::

        h^k_t &= g(W^k x_t + \sum_{l \ge k} R^{kl} h^l_{t-1} + b^k) \quad
            \text{where } T_k \mid t - 1 \\
        h^k_t &= h^k_{t-1} \quad \text{elsewhere}

    for the groups k, the fastest first, of periods :math:`T_k`: all move at the first step. A group
    sees itself and the slower ones; what the recurrent kernel has from a faster to a slower group
    is not used. The state t counts the steps that were before; it is rounded, so that it may be any
    number.

    Args:
        units: Number of units.
        periods: The periods of the groups, which are of one size, shortest first. The paper has the
            powers of two.
        gradient: With `"truncated"`, error goes back in time only where a group rests.
    """

    state = ("h", "t")
    paper = "Koutník et al. 2014"
    second_opinion = "torch"
    refuses = ("recurrent_activation", "heads")

    def __init__(self, units, *args, periods: Sequence[int] = (1, 2), **kwargs):
        self.check_sizes(units=units)
        periods = list(periods)
        self.check_sizes(**{f"periods[{place}]": T for place, T in enumerate(periods)})
        if not periods or periods != sorted(periods):
            self.wrong("periods", "some positive integers, shortest first", periods)
        if units % len(periods):
            self.wrong("units", f"a multiple of the number of periods, {len(periods)}", units)
        super().__init__(units, *args, **kwargs)
        self.periods = periods

    def size_of(self, name):
        return 1 if name == "t" else self.units

    def groups(self):
        """The group of each unit."""
        return np.repeat(np.arange(len(self.periods)), self.units // len(self.periods))

    def recur(self, h, R):
        groups = self.groups()
        R = ops.convert_to_tensor(R)  # JAX's where takes no variable
        return super().recur(h, ops.where(groups[:, None] >= groups, R, 0.0))

    def step(self, net, h_prev, t_prev):
        periods = ops.cast(np.asarray(self.periods)[self.groups()], t_prev.dtype)
        ticks = ops.equal(ops.mod(ops.round(t_prev), periods), 0)
        h = ops.where(ticks, self.g(net.h), h_prev)
        t = t_prev + 1
        return h, t

    def get_config(self):
        return {**super().get_config(), "periods": self.periods}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ClockworkRNN(Recurrent):
    """Layer of `ClockworkRNNCell`."""

    cell_class = ClockworkRNNCell
