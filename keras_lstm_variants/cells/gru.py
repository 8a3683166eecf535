"""Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, two versions.

The first version of the paper (arXiv 1406.1078v1) applies the reset gate after the recurrent
product, the last one (v3) before it. In both, the update gate keeps the old state.
"""

import keras
import numpy as np

from ..recurrent import Recurrent, of_cell
from .parts.base import GatedCell
from .parts.reset_before import ResetBefore


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRUCell(GatedCell):
    r"""No cell state, two gates; the reset gate acts after the recurrent product.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(W_z x_t + b_z + r_t \odot (R_z h_{t-1} + b'_z)) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The same as `keras.layers.GRUCell`, weights included: the bias has two rows, for W x and for R
    h. An update gate u of one keeps the old state. z is the candidate; other papers write z for the
    update gate.
    """

    gates = ("u", "r", "z")
    state = ("h",)
    cudnn_layer = keras.layers.GRU
    reset_after = True  # which that layer asks the cell
    already = {**GatedCell.already, "reset_after": True}
    advice = {"reset_after": "GRUResetBefore has the reset gate before the recurrent product"}
    paper = "Cho et al. 2014, first version"
    second_opinion = "Keras; torch; onnxruntime GRU"

    @classmethod
    def net_fields(cls):
        return ("u", "r", "z_x", "z_h")

    def add_bias(self, values, name="bias"):
        return super().add_bias(np.stack([values, np.full_like(values, np.nan)]), name)

    def biases(self):
        return None if self.bias is None else self.bias[0]

    def net(self, of_x, h_prev):
        of_h = self.recur(h_prev, self.recurrent_kernel)
        if self.bias is not None:
            of_h = of_h + self.bias[1]
        (u_x, r_x, z_x), (u_h, r_h, z_h) = self.split(of_x), self.split(of_h)
        return self.Net(u=u_x + u_h, r=r_x + r_h, z_x=z_x, z_h=z_h)

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        r = self.sigma(net.r)
        z = self.g(net.z_x + r * net.z_h)
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRU(Recurrent):
    """Layer of `GRUCell`."""

    cell_class = GRUCell
    reset_after = of_cell("reset_after")


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRUResetBeforeCell(ResetBefore):
    r"""No cell state, two gates; the reset gate acts before the recurrent product.

    .. math::

        u_t &= \sigma(W_u x_t + R_u h_{t-1} + b_u) \\
        r_t &= \sigma(W_r x_t + R_r h_{t-1} + b_r) \\
        z_t &= g(W_z x_t + R_z (r_t \odot h_{t-1}) + b_z) \\
        h_t &= u_t \odot h_{t-1} + (1 - u_t) \odot z_t

    The same as `keras.layers.GRUCell(reset_after=False)`, weights included.
    """

    gates = ("u", "r", "z")
    reset_after = False
    already = {**GatedCell.already, "reset_after": False}
    advice = {"reset_after": "GRU has the reset gate after the recurrent product"}
    paper = "Cho et al. 2014, last version"
    second_opinion = "Keras; onnxruntime GRU; torchrecurrent"

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        r = self.sigma(net.r)
        z = self.candidate(net, r)
        h = u * h_prev + (1 - u) * z
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class GRUResetBefore(Recurrent):
    """Layer of `GRUResetBeforeCell`."""

    cell_class = GRUResetBeforeCell
    reset_after = of_cell("reset_after")
