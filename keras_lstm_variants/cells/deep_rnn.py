"""Pascanu et al., "How to construct deep recurrent neural networks", 2013: four ways to be deep."""

import keras

from ..recurrent import Recurrent
from .parts.base import fresh
from .parts.ungated import UngatedCell

PAPER = "Pascanu et al. 2013"


class Deep(UngatedCell):
    """A simple RNN with further layers.

    Args:
        units: Number of units of every layer.
        depth: Number of layers.
        recurrent_initializer: Initializer of R and of the matrices between layers.
        bias_initializer: Initializer of the biases of all layers.
    """

    paper = PAPER
    refuses: tuple[str, ...] = (*UngatedCell.refuses, "heads")

    def __init__(self, units, *args, depth: int = 2, **kwargs):
        self.check_sizes(depth=depth)
        self.depth = depth  # before Keras' __init__, which asks for the states
        super().__init__(units, *args, **kwargs)

    def add_layers(self, numbers, kind):
        """Makes U_l and d_l of the numbered layers."""
        layers = []
        for number in numbers:
            U = self.add_recurrent_kernel(
                (self.units, self.units),
                fresh(self.recurrent_initializer),
                f"{kind}_kernel_{number}",
            )
            d = self.add_further_bias(f"{kind}_bias_{number}") if self.use_bias else None
            layers.append((U, d))
        return layers

    def add_further_bias(self, name):
        return self.add_weight(
            (self.units,),
            fresh(self.bias_initializer),
            name=name,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )

    def through(self, a, layer):
        """The net input a U_l + d_l of a layer."""
        U, d = layer
        net = self.dot(a, U)
        return net if d is None else net + d

    def get_config(self):
        return {**super().get_config(), "depth": self.depth}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepTransitionRNNCell(Deep):
    r"""A simple RNN with several layers from one step to the next: DT-RNN.

    .. math::

        a^1_t &= g(W x_t + R h_{t-1} + b) \\
        a^l_t &= g(U^l a^{l-1}_t + d^l) \qquad l = 2 \dots L \\
        h_t &= a^L_t

    :math:`U^l` is the weight `transition_kernel_l`, :math:`d^l` is `transition_bias_l`, L is
    `depth`. With a depth of one it is `SimpleRNNCell`.
    """

    second_opinion = "torch RNNCell"

    def build(self, input_shape):
        super().build(input_shape)
        self.transition = self.add_layers(range(2, self.depth + 1), "transition")

    def step(self, net, h_prev):
        a = [self.g(net.h)]
        for layer in self.transition:
            a.append(self.g(self.through(a[-1], layer)))
        h = a[-1]
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepTransitionRNN(Recurrent):
    """Layer of `DeepTransitionRNNCell`."""

    cell_class = DeepTransitionRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepTransitionShortcutRNNCell(Deep):
    r"""`DeepTransitionRNN` with a way past its layers: DT(S)-RNN.

    .. math::

        a^1_t &= g(W x_t + R h_{t-1} + b) \\
        a^l_t &= g(U^l a^{l-1}_t + d^l) \qquad l = 2 \dots L - 1 \\
        h_t &= g(U^L a^{L-1}_t + d^L + V h_{t-1})

    Weights as in `DeepTransitionRNNCell`; V is the weight `shortcut_kernel`.
    """

    second_opinion = "torch RNNCell"

    def __init__(self, units, *args, depth: int = 2, **kwargs):
        if depth == 1:
            self.wrong("depth", "at least 2, since there is nothing to pass by", depth)
        super().__init__(units, *args, depth=depth, **kwargs)

    @classmethod
    def net_fields(cls):
        return ("h", "shortcut")

    def build(self, input_shape):
        super().build(input_shape)
        self.transition = self.add_layers(range(2, self.depth + 1), "transition")
        self.shortcut_kernel = self.add_recurrent_kernel(
            (self.units, self.units), fresh(self.recurrent_initializer), "shortcut_kernel"
        )

    def net(self, of_x, h_prev):
        net = of_x + self.recur(h_prev, self.recurrent_kernel)
        return self.Net(net, self.dot(h_prev, self.shortcut_kernel))

    def step(self, net, h_prev):
        *transition, last = self.transition
        a = [self.g(net.h)]
        for layer in transition:
            a.append(self.g(self.through(a[-1], layer)))
        h = self.g(self.through(a[-1], last) + net.shortcut)
        return (h,)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepTransitionShortcutRNN(Recurrent):
    """Layer of `DeepTransitionShortcutRNNCell`."""

    cell_class = DeepTransitionShortcutRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepOutputRNNCell(Deep):
    r"""A simple RNN with several layers from its state to its output: DO-RNN.

    .. math::

        h_t &= g(W x_t + R h_{t-1} + b) \\
        y^l_t &= g(U^l y^{l-1}_t + d^l) \qquad l = 1 \dots L, \; y^0_t = h_t

    The output is :math:`y^L_t`, and h is fed back. :math:`U^l` is the weight `output_kernel_l`,
    :math:`d^l` is `output_bias_l`, L is `depth`.
    """

    state = ("y", "h")
    second_opinion = "torch"

    def build(self, input_shape):
        super().build(input_shape)
        self.output_layers = self.add_layers(range(1, self.depth + 1), "output")

    def feedback(self, y_prev, h_prev):
        return h_prev

    def step(self, net, y_prev, h_prev):
        h = self.g(net.h)
        y: list = []
        for layer in self.output_layers:
            y.append(self.g(self.through(y[-1] if y else h, layer)))
        return y[-1], h


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class DeepOutputRNN(Recurrent):
    """Layer of `DeepOutputRNNCell`."""

    cell_class = DeepOutputRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class StackedRNNCell(Deep):
    r"""Simple RNNs upon each other, in one cell: sRNN.

    .. math:: h^l_t = g(W^l h^{l-1}_t + R^l h^l_{t-1} + b^l) \qquad l = 1 \dots L, \; h^0_t = x_t

    The output is :math:`h^L_t`; the states are :math:`h^L, \dots, h^1`. The weights of the layers
    above the first are `kernel_l`, `recurrent_kernel_l` and `bias_l`. The same as simple RNN layers
    upon each other, but for recurrent dropout, whose mask the layers share.
    """

    second_opinion = "torch"

    def __init__(self, units, *args, depth: int = 2, **kwargs):
        self.check_sizes(depth=depth)
        self.state = self.fed_back = tuple(f"h_{number}" for number in range(depth, 0, -1))
        super().__init__(units, *args, depth=depth, **kwargs)

    @classmethod
    def net_fields(cls):
        return ("h_1", "above")

    def build(self, input_shape):
        super().build(input_shape)
        self.layers_above = []
        for number in range(2, self.depth + 1):
            W = self.add_weight(
                (self.units, self.units),
                fresh(self.kernel_initializer),
                name=f"kernel_{number}",
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )
            R = self.add_recurrent_kernel(
                (self.units, self.units),
                fresh(self.recurrent_initializer),
                f"recurrent_kernel_{number}",
            )
            b = self.add_further_bias(f"bias_{number}") if self.use_bias else None
            self.layers_above.append((W, R, b))

    def net(self, of_x, *hs_prev):
        *hs_above, h_1 = hs_prev
        above = []
        for (_, R, b), h_prev in zip(self.layers_above, reversed(hs_above), strict=True):
            above.append(self.through(h_prev, (R, b)))
        return self.Net(of_x + self.recur(h_1, self.recurrent_kernel), above)

    def step(self, net, *hs_prev):
        h = [self.g(net.h_1)]
        for (W, _, _), net_h in zip(self.layers_above, net.above, strict=True):
            h.append(self.g(self.dot(h[-1], W) + net_h))
        return tuple(reversed(h))


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class StackedRNN(Recurrent):
    """Layer of `StackedRNNCell`."""

    cell_class = StackedRNNCell
