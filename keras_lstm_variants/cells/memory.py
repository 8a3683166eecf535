"""Cells with another memory: slow units, several lanes, or one found by search."""

import keras
from keras import ops

from ..recurrent import Recurrent
from .base import GatedCell, fresh


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
        **kwargs: The other arguments of `GatedCell`, without `recurrent_activation` and `heads`.
    """

    gates = ("a",)
    state = ("h",)
    paper = "Mikolov et al. 2014"
    refuses = ("recurrent_activation", "heads")

    def __init__(self, units, activation="sigmoid", *, context_units=40, alpha=0.95, **kwargs):
        self.refuse({"recurrent_activation"} & kwargs.keys())
        self.check_sizes(context_units=context_units)
        if not 0 <= alpha < 1:
            self.wrong("alpha", "at least zero and less than one", alpha)
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


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ArrayLSTMCell(GatedCell):
    r"""Each unit has several cell states with gates of their own, whose outputs are added.

    For each lane k,

    .. math::

        i^k_t &= \sigma(W^k_i x_t + R^k_i h_{t-1} + b^k_i) \\
        f^k_t &= \sigma(W^k_f x_t + R^k_f h_{t-1} + b^k_f) \\
        z^k_t &= g(W^k_z x_t + R^k_z h_{t-1} + b^k_z) \\
        c^k_t &= f^k_t \odot c^k_{t-1} + i^k_t \odot z^k_t \\
        o^k_t &= \sigma(W^k_o x_t + R^k_o h_{t-1} + b^k_o) \\
        h_t &= \sum_k o^k_t \odot h(c^k_t)

    With one lane this is `LSTMCell`. The columns of a gate, and the cell states, are those of the
    first lane, then those of the second, and so on.

    Args:
        units: Number of units of the output.
        lanes: Number of lanes, which is the number of cell states of a unit.
        **kwargs: The other arguments of `GatedCell`.
    """

    gates = ("i", "f", "z", "o")
    state = ("h", "c")
    paper = "Rocki 2016"
    second_opinion = "torch; onnxruntime LSTM"

    def __init__(self, units, *args, lanes=2, **kwargs):
        self.check_sizes(lanes=lanes)
        self.lanes = lanes  # before Keras' __init__, which asks for the sizes
        super().__init__(units, *args, **kwargs)

    def size_of(self, name):
        return self.units if name == "h" else self.lanes * self.units

    def sum_of_lanes(self, columns):
        return ops.sum(ops.reshape(columns, (-1, self.lanes, self.units)), axis=1)

    def step(self, net, h_prev, c_prev):
        i = self.sigma(net.i)
        f = self.sigma(net.f)
        z = self.g(net.z)
        c = f * c_prev + i * z
        o = self.sigma(net.o)
        h = self.sum_of_lanes(o * self.h(c))
        return h, c

    def get_config(self):
        return {**super().get_config(), "lanes": self.lanes}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class ArrayLSTM(Recurrent):
    """Layer of `ArrayLSTMCell`."""

    cell_class = ArrayLSTMCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NASCell(GatedCell):
    r"""Eight net inputs, combined in a tree that an architecture search has found.

    .. math::

        n_{k,t} &= W_k x_t + R_k h_{t-1} + b_k \quad \text{for } k \neq 3 \\
        n_{3,t} &= (W_3 x_t + b_3) \odot R_3 h_{t-1} \\
        l_{0,t} &= g(\sigma(n_{0,t}) \odot \max(0, n_{1,t})) \\
        l_{1,t} &= g(\sigma(n_{2,t}) + \max(0, n_{3,t})) \\
        l_{2,t} &= g(g(n_{4,t}) \odot \sigma(n_{5,t})) \\
        l_{3,t} &= \sigma(g(n_{6,t}) + \sigma(n_{7,t})) \\
        c_t &= g(l_{0,t} + c_{t-1}) \odot l_{1,t} \\
        h_t &= g(c_t \odot g(l_{2,t} + l_{3,t}))

    The cell of the neural architecture search, in the form of the authors' code. The equations have
    biases; the authors' have none unless told.
    """

    gates = ("n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7")
    state = ("h", "c")
    paper = "Zoph & Le 2017"
    second_opinion = "torchrecurrent"

    def net(self, of_x, h_prev, c_prev):
        of_x = self.split(of_x)
        of_h = self.split(self.recur(h_prev, self.recurrent_kernel))
        net = self.Net(*[k_x + k_h for k_x, k_h in zip(of_x, of_h, strict=True)])
        return net._replace(n3=of_x[3] * of_h[3])

    def step(self, net, h_prev, c_prev):
        l_0 = self.activation(self.sigma(net.n0) * self.rectified(net.n1))
        l_1 = self.activation(self.sigma(net.n2) + self.rectified(net.n3))
        l_2 = self.activation(self.g(net.n4) * self.sigma(net.n5))
        l_3 = self.recurrent_activation(self.g(net.n6) + self.sigma(net.n7))
        c = self.activation(l_0 + c_prev) * l_1
        h = self.activation(c * self.activation(l_2 + l_3))
        return h, c

    def rectified(self, net):
        return ops.relu(self.clip(net))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NAS(Recurrent):
    """Layer of `NASCell`."""

    cell_class = NASCell
