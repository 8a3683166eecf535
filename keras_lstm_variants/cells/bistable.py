"""Vecoven, Ernst & Drion, "A bio-inspired bistable recurrent cell [...]", 2021.

A unit whose :math:`a_t` is above one has two stable states, and falls into one of them by itself.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.partly_connected import PartlyConnected


class Bistable(PartlyConnected):
    """A GRU whose candidate sees each unit's own state only, up to twofold; the gate c is its u."""

    gates = ("a", "c", "z")
    of_x = ("a", "c", "z")
    of_h = ("a", "c")
    biased = ("a", "c", "z")
    state = ("h",)
    paper = "Vecoven, Ernst & Drion 2021"
    second_opinion = "torchrecurrent"

    def step(self, net, h_prev):
        a = 1 + self.g(net.a)
        c = self.sigma(net.c)
        z = self.g(net.z + a * h_prev)
        h = c * h_prev + (1 - c) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class BRCCell(Bistable):
    r"""A GRU whose units see only themselves, which lets each of them have two stable states.

    .. math::

        a_t &= 1 + g(W_a x_t + r_a \odot h_{t-1} + b_a) \\
        c_t &= \sigma(W_c x_t + r_c \odot h_{t-1} + b_c) \\
        z_t &= g(W_z x_t + a_t \odot h_{t-1} + b_z) \\
        h_t &= c_t \odot h_{t-1} + (1 - c_t) \odot z_t

    The bistable recurrent cell. Its recurrent kernel is the two vectors r.

    Args:
        units: Number of units.
        recurrent_initializer: Initializer of the vectors r; without one, ones as in the authors'
            code.
    """

    refuses = ("heads",)

    def __init__(self, units, *args, recurrent_initializer="ones", **kwargs):
        super().__init__(units, *args, recurrent_initializer=recurrent_initializer, **kwargs)

    def recurrent_shape(self):
        return (self.units * len(self.of_h),)

    def recur(self, h, R):
        return ops.concatenate([h, h], axis=-1) * R


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class BRC(Recurrent):
    """Layer of `BRCCell`."""

    cell_class = BRCCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NBRCCell(Bistable):
    r"""`BRC` whose gates see all units, and so choose who has two stable states.

    .. math::

        a_t &= 1 + g(W_a x_t + R_a h_{t-1} + b_a) \\
        c_t &= \sigma(W_c x_t + R_c h_{t-1} + b_c) \\
        z_t &= g(W_z x_t + a_t \odot h_{t-1} + b_z) \\
        h_t &= c_t \odot h_{t-1} + (1 - c_t) \odot z_t

    The recurrently neuromodulated bistable cell.
    """


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NBRC(Recurrent):
    """Layer of `NBRCCell`."""

    cell_class = NBRCCell
