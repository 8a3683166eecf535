"""Cells that are steps of differential equations.

Chang et al., "AntisymmetricRNN: a dynamical system view on recurrent neural networks", 2019; Rusch
& Mishra, "Coupled oscillatory recurrent neural network (coRNN)", 2021; Rusch et al., "Long
expressive memory for sequence modeling", 2022.
"""

import keras
from keras import ops

from ..recurrent import Recurrent
from .parts.base import GatedCell, fresh
from .parts.partly_connected import PartlyConnected
from .parts.ungated import UngatedCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class AntisymmetricRNNCell(GatedCell):
    r"""Steps of a stable flow: gate and candidate share a matrix, antisymmetric but for diffusion.

    .. math::

        M &= R - R^\top - \gamma I \\
        u_t &= \sigma(W_u x_t + M h_{t-1} + b_u) \\
        z_t &= g(W_z x_t + M h_{t-1} + b_z) \\
        h_t &= h_{t-1} + \epsilon \, u_t \odot z_t

    Args:
        units: Number of units.
        epsilon: :math:`\epsilon`, the length of a step.
        gamma: :math:`\gamma`, the strength of the diffusion. The paper chooses both by task.
    """

    gates = ("u", "z")
    state = ("h",)
    paper = "Chang et al. 2019"
    second_opinion = "torchrecurrent"

    def __init__(self, units, *args, epsilon: float = 0.01, gamma: float = 0.01, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.epsilon = epsilon
        self.gamma = gamma

    def recurrent_shape(self):
        return self.units, self.units

    def recur(self, h, R):
        M = R - ops.swapaxes(R, -1, -2) - self.gamma * ops.eye(R.shape[-1], dtype=R.dtype)
        of_h = super().recur(h, M)
        return ops.concatenate([of_h, of_h], axis=-1)

    def step(self, net, h_prev):
        u = self.sigma(net.u)
        z = self.g(net.z)
        h = h_prev + self.epsilon * u * z
        return (h,)

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon, "gamma": self.gamma}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class AntisymmetricRNN(Recurrent):
    """Layer of `AntisymmetricRNNCell`."""

    cell_class = AntisymmetricRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CoRNNCell(UngatedCell):
    r"""No gates: units are damped oscillators, which the input and the other units drive.

    .. math::

        z_t &= z_{t-1} + dt \, (g(W x_t + R y_{t-1} + U z_{t-1} + b) - \gamma y_{t-1}
            - \epsilon z_{t-1}) \\
        y_t &= y_{t-1} + dt \, z_t

    The coupled oscillatory RNN. y are the places of the oscillators and the output, z their
    velocities. U is the weight `velocity_kernel`.

    Args:
        units: Number of units.
        dt: dt, the length of a step.
        gamma: :math:`\gamma`, how strongly a unit is pulled back to zero.
        epsilon: :math:`\epsilon`, how strongly it is damped. The paper chooses all three by task.
        implicit: Damp by :math:`\epsilon z_t` in place of :math:`\epsilon z_{t-1}`.
        recurrent_dropout: Share of :math:`y_{t-1}` that is dropped in training where R multiplies
            it; the same components at all steps of a call.
    """

    gates = ("z",)
    state = ("y", "z")
    fed_back = ("y",)
    paper = "Rusch & Mishra 2021"
    second_opinion = "torchrecurrent"
    refuses = ("recurrent_activation",)

    def __init__(
        self,
        units,
        *args,
        dt: float = 0.1,
        gamma: float = 1.0,
        epsilon: float = 1.0,
        implicit: bool = False,
        **kwargs,
    ):
        super().__init__(units, *args, **kwargs)
        self.dt = dt
        self.gamma = gamma
        self.epsilon = epsilon
        self.implicit = implicit

    def build(self, input_shape):
        super().build(input_shape)
        self.velocity_kernel = self.add_recurrent_kernel(
            (self.units, self.units), fresh(self.recurrent_initializer), "velocity_kernel"
        )

    def net(self, of_x, y_prev, z_prev):
        (net,) = super().net(of_x, y_prev, z_prev)
        return self.Net(net + self.recur(z_prev, self.velocity_kernel))

    def step(self, net, y_prev, z_prev):
        z = z_prev + self.dt * (self.g(net.z) - self.gamma * y_prev)
        z = self.damped(z, z_prev)
        y = y_prev + self.dt * z
        return y, z

    def damped(self, z, z_prev):
        if self.implicit:  # what z_t = z - dt epsilon z_t comes to
            return z / (1 + self.dt * self.epsilon)
        return z - self.dt * self.epsilon * z_prev

    def get_config(self):
        return {
            **super().get_config(),
            "dt": self.dt,
            "gamma": self.gamma,
            "epsilon": self.epsilon,
            "implicit": self.implicit,
        }


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CoRNN(Recurrent):
    """Layer of `CoRNNCell`."""

    cell_class = CoRNNCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LEMCell(PartlyConnected):
    r"""Two states, each with a gate that says how long a step it takes.

    .. math::

        d_t &= dt \, \sigma(W_d x_t + R_d y_{t-1} + b_d) \\
        d'_t &= dt \, \sigma(W_{d'} x_t + R_{d'} y_{t-1} + b_{d'}) \\
        z_t &= (1 - d_t) \odot z_{t-1} + d_t \odot g(W_z x_t + R_z y_{t-1} + b_z) \\
        y_t &= (1 - d'_t) \odot y_{t-1} + d'_t \odot g(W_y x_t + U z_t + b_y)

    Long expressive memory. In the weights d and d' are called `dt` and `dt_bar`. U is the weight
    `memory_kernel`. It multiplies no state of the step before, so recurrent dropout and truncation
    leave it alone.

    Args:
        units: Number of units.
        dt: dt, the longest step.
    """

    gates = ("dt", "dt_bar", "z", "y")
    of_x = ("dt", "dt_bar", "z", "y")
    of_h = ("dt", "dt_bar", "z")
    biased = ("dt", "dt_bar", "z", "y")
    state = ("y", "z")
    fed_back = ("y",)
    paper = "Rusch et al. 2022"
    second_opinion = "torchrecurrent"

    def __init__(self, units, *args, dt: float = 1.0, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.dt = dt

    def build(self, input_shape):
        super().build(input_shape)
        self.memory_kernel = self.add_recurrent_kernel(
            (self.units, self.units), fresh(self.recurrent_initializer), "memory_kernel"
        )

    def step(self, net, y_prev, z_prev):
        d = self.dt * self.sigma(net.dt)
        d_bar = self.dt * self.sigma(net.dt_bar)
        z = (1 - d) * z_prev + d * self.g(net.z)
        y = (1 - d_bar) * y_prev + d_bar * self.g(net.y + self.recur(z, self.memory_kernel))
        return y, z

    def get_config(self):
        return {**super().get_config(), "dt": self.dt}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LEM(Recurrent):
    """Layer of `LEMCell`."""

    cell_class = LEMCell
