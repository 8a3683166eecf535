"""Mikolov et al., "Learning longer memory in recurrent neural networks", 2014."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SCRNCell(GatedCell):
    r"""No gates: a simple RNN beside slow context units, whose rate of change is fixed.

    .. math::

        s_t &= (1 - \alpha) B x_t + \alpha s_{t-1} \\
        a_t &= g(W x_t + R a_{t-1} + P s_t + b) \\
        h_t &= (a_t, s_t)

    The structurally constrained recurrent network. The output has `units + context_units` units:
    the paper reads its outputs from both, :math:`U a_t + V s_t`. The equations have a bias; the
    paper writes none. B is the weight `context_kernel`, P is `context_to_hidden_kernel`.

    Args:
        units: Number of hidden units a.
        activation: g, the logistic function as in the paper.
        context_units: Number of context units s.
        alpha: :math:`\alpha`, what the context units keep at each step.
    """

    gates = ("a",)
    state = ("h",)
    paper = "Mikolov et al. 2014"
    # No second opinion: torchrecurrent feeds the output layer's y back, not the hidden units.
    refuses = ("recurrent_activation", "heads")

    def __init__(
        self,
        units,
        activation="sigmoid",
        *,
        context_units: int = 40,
        alpha: float = 0.95,
        **kwargs,
    ):
        self.check_sizes(context_units=context_units)
        must_be = "at least zero and less than one"
        self.check_number("alpha", alpha, must_be, lambda alpha: 0 <= alpha < 1)
        self.context_units = context_units  # before Keras' __init__, which asks for the sizes
        super().__init__(units, activation, **kwargs)
        self.alpha = alpha

    def size_of(self, name):
        return self.units + self.context_units if name == "h" else self.units

    @classmethod
    def net_fields(cls):
        return ("a", "s")

    def build(self, input_shape):
        super().build(input_shape)
        shapes = {
            "context_kernel": (input_shape[-1], self.context_units),
            "context_to_hidden_kernel": (self.context_units, self.units),
        }
        self.B, self.P = (
            self.add_weight(
                shape,
                fresh(self.kernel_initializer),
                name=name,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )
            for name, shape in shapes.items()
        )

    def net_of_x(self, x):
        return super().net_of_x(x), self.dot(x, self.B)

    def net(self, of_x, h_prev):
        a_x, s = of_x
        a_prev = h_prev[:, : self.units]
        return self.Net(a=a_x + self.recur(a_prev, self.recurrent_kernel), s=s)

    def step(self, net, h_prev):
        s_prev = h_prev[:, self.units :]
        s = (1 - self.alpha) * net.s + self.alpha * s_prev
        a = self.g(net.a + self.dot(s, self.P))
        h = ops.concatenate([a, s], axis=-1)
        return (h,)

    def get_config(self):
        own = {"context_units": self.context_units, "alpha": self.alpha}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SCRN(Recurrent):
    """Layer of `SCRNCell`."""

    cell_class = SCRNCell
