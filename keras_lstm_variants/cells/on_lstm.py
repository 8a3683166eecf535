"""Shen et al., "Ordered neurons: integrating tree structures into recurrent neural networks".

At ICLR 2019.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ONLSTMCell(GatedCell):
    r"""An LSTM whose cells stand in an order: how long one keeps its state rises with its place.

    .. math::

        f'_t &= \mathrm{cumax}(W_{f'} x_t + R_{f'} h_{t-1} + b_{f'}) \\
        i'_t &= 1 - \mathrm{cumax}(W_{i'} x_t + R_{i'} h_{t-1} + b_{i'}) \\
        \omega_t &= f'_t \odot i'_t \\
        f_t &= \sigma(W_f x_t + R_f h_{t-1} + b_f) \odot \omega_t + (f'_t - \omega_t) \\
        i_t &= \sigma(W_i x_t + R_i h_{t-1} + b_i) \odot \omega_t + (i'_t - \omega_t) \\
        z_t &= g(W_z x_t + R_z h_{t-1} + b_z) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot z_t \\
        o_t &= \sigma(W_o x_t + R_o h_{t-1} + b_o) \\
        h_t &= o_t \odot h(c_t)

    Ordered neurons. cumax is the running sum of the softmax, so the master forget gate
    :math:`f'_t` rises from cell to cell and the master input gate :math:`i'_t` falls. In the
    weights they are called `master_f` and `master_i`.

    Args:
        units: Number of cells.
        levels: How many numbers a master gate has. Each holds for `units / levels` neighbouring
            cells, the chunk size of the paper. As many as units if not given.
    """

    gates = ("i", "f", "z", "o", "master_f", "master_i")
    state = ("h", "c")
    paper = "Shen et al. 2019"
    # No second opinion: no library has gates that sum up.
    refuses = ("heads",)

    def __init__(self, units, *args, levels: int | None = None, **kwargs):
        levels = units if levels is None else levels
        self.check_sizes(units=units, levels=levels)
        if units % levels:
            self.wrong("units", f"a multiple of levels, which is {levels}", units)
        self.levels = levels  # before Keras' __init__, which asks for the sizes
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.levels if name in ("master_f", "master_i") else self.units

    def cumax(self, net):
        """The running sum of the softmax, each number for a chunk of neighbouring cells."""
        rising = ops.cumsum(ops.softmax(self.clip(net), axis=-1), axis=-1)
        # Not ops.repeat: XLA cannot compile its gradient inside the loop over time.
        chunks = ops.stack([rising] * (self.units // self.levels), axis=-1)
        return ops.reshape(chunks, (-1, self.units))

    def step(self, net, h_prev, c_prev):
        master_f = self.cumax(net.master_f)
        master_i = 1 - self.cumax(net.master_i)
        overlap = master_f * master_i
        f = self.sigma(net.f) * overlap + (master_f - overlap)
        i = self.sigma(net.i) * overlap + (master_i - overlap)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = o * self.h(c)
        return h, c

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ONLSTM(Recurrent):
    """Layer of `ONLSTMCell`."""

    cell_class = ONLSTMCell
