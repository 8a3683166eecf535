"""Cells whose state is complex, each number of it turned and shrunk by itself.

Orvieto et al., "Resurrecting recurrent neural networks for long sequences", 2023; Smith, Warrington
& Linderman, "Simplified state space layers for sequence modeling", 2023. Both papers stand such a
recurrence between layers that mix the units; here is the recurrence, from x to y.
"""

import math

import keras
import numpy as np
from keras import ops

from ..backend import outside_of_graphs
from ..checks import positive
from .parts.base import fresh
from .parts.from_input import FromInput
from .parts.parallel import COMPLEX, AtOnce, Parallel, held, recurrence


class Diagonal(AtOnce):
    """A cell whose complex state is multiplied by a diagonal matrix at each step.

    Args:
        units: Number of units of the output y.
        state_units: Number of complex numbers of the state; as many as units, if not given.
    """

    gates = ("B_re", "B_im", "D")
    biased = ("D",)
    state = ("y", "re", "im")
    refuses = (*FromInput.refuses, "activation", "recurrent_activation")
    equations = ("turned", "step", "read")

    def __init__(self, units, *args, state_units: int | None = None, **kwargs):
        if state_units is not None:
            self.check_sizes(state_units=state_units)
        self.state_units = units if state_units is None else state_units
        super().__init__(units, *args, **kwargs)
        if without := sorted(set(self.gate_bias) - {*self.biased}):
            raise ValueError(f"{type(self).__name__}: gate {without[0]!r} has no bias.")

    def size_of(self, name):
        return self.units if name in ("y", "D") else self.state_units

    def initial_biases(self, gates):
        return super().initial_biases(self.biased)

    def build(self, input_shape):
        super().build(input_shape)
        with outside_of_graphs():
            first = self.first_numbers()
        for name, values in first.items():
            setattr(self, name, self.add_weight((self.state_units,), given(values), name=name))
        shape = self.state_units, self.units
        self.C_re, self.C_im = (
            self.add_weight(
                shape,
                fresh(self.kernel_initializer),
                name=name,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )
            for name in ("C_re", "C_im")
        )

    def first_numbers(self):
        """The weights of the diagonal, by name, at the start."""
        raise NotImplementedError(f"{type(self).__name__} does not define first_numbers().")

    def drawn(self):
        """A number between zero and one for each of the state."""
        drawn = keras.initializers.RandomUniform(1e-6, 1 - 1e-6)((self.state_units,))
        return ops.convert_to_numpy(drawn).astype("float64")

    def net_of_x(self, x):
        B_re, B_im, D = self.split(self.dot(x, self.kernel))
        return B_re, B_im, D if self.bias is None else D + self.bias

    def net(self, of_x, *states):
        return self.Net(*map(self.clip, of_x))

    def turned(self, net):
        """What the state is multiplied with, and what is added to it: real and imaginary parts."""
        raise NotImplementedError(f"{type(self).__name__} does not define turned().")

    def read(self, net, re, im):
        """y_t"""
        return self.dot(re, self.C_re) - self.dot(im, self.C_im) + net.D

    def step(self, net, y_prev, re_prev, im_prev):
        (kept_re, kept_im), (new_re, new_im) = self.turned(net)
        re = kept_re * re_prev - kept_im * im_prev + new_re
        im = kept_im * re_prev + kept_re * im_prev + new_im
        y = self.read(net, re, im)
        return y, re, im

    def all_steps(self, net, first, seen, every):
        kept, new = self.turned(net)
        kept = [a + ops.zeros_like(b) for a, b in zip(kept, new, strict=True)]
        re, im = recurrence(kept, new, first[1:], seen, COMPLEX)
        y = held(self.read(net, re, im), first[0], seen)
        return y, [y, re, im] if every else [y[:, -1], re[:, -1], im[:, -1]]

    def get_config(self):
        return {**super().get_config(), "state_units": self.state_units}


def given(values):
    return lambda shape, dtype=None: ops.convert_to_tensor(values, dtype)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LRUCell(Diagonal):
    r"""A linear recurrence of complex numbers, each with a decay and a frequency of its own.

    .. math::

        \lambda &= e^{-e^\nu + i e^\theta} \\
        s_t &= re_t + i \, im_t = \lambda \odot s_{t-1} + e^\gamma \odot (B x_t) \\
        y_t &= \operatorname{Re}(C s_t) + D x_t + b

    The linear recurrent unit. :math:`\lambda` starts anywhere on a ring of the complex plane, and
    :math:`\gamma` so that s keeps the size of its input. B and D are the columns of the kernel. The
    paper, which writes x for s and u for x, has no bias, and a D that may be diagonal.

    Args:
        units: Number of units of the output y.
        state_units: Number of complex numbers of the state s; as many as units, if not given.
        r_min: The smallest absolute value of :math:`\lambda` at the start.
        r_max: The largest one, at most one.
        max_phase: The largest angle of :math:`\lambda` at the start.
    """

    paper = "Orvieto et al. 2023"
    second_opinion = "LRU-pytorch"

    def __init__(
        self,
        units,
        *args,
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        **kwargs,
    ):
        if not 0 <= r_min < r_max <= 1:
            self.wrong("r_min and r_max", "0 <= r_min < r_max <= 1", (r_min, r_max))
        self.check_number("max_phase", max_phase, "a positive number", positive)
        super().__init__(units, *args, **kwargs)
        self.r_min = r_min
        self.r_max = r_max
        self.max_phase = max_phase

    def first_numbers(self):
        squared = self.r_min**2 + self.drawn() * (self.r_max**2 - self.r_min**2)
        return {
            "nu": np.log(-0.5 * np.log(squared)),
            "theta": np.log(self.max_phase * self.drawn()),
            "gamma": 0.5 * np.log1p(-squared),
        }

    def turned(self, net):
        length, angle, size = ops.exp(-ops.exp(self.nu)), ops.exp(self.theta), ops.exp(self.gamma)
        kept = [length * ops.cos(angle), length * ops.sin(angle)]
        return kept, [size * net.B_re, size * net.B_im]

    def get_config(self):
        own = {"r_min": self.r_min, "r_max": self.r_max, "max_phase": self.max_phase}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class LRU(Parallel):
    """Layer of `LRUCell`, which can compute all steps at once."""

    cell_class = LRUCell


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class S5Cell(Diagonal):
    r"""A linear system in continuous time, with complex states and a step of its own for each.

    .. math::

        \Lambda &= -e^\alpha + i \omega \\
        \bar \Lambda &= e^{\Lambda \Delta} \\
        s_t &= re_t + i \, im_t = \bar \Lambda \odot s_{t-1}
            + \Lambda^{-1} (\bar \Lambda - 1) \odot (B x_t) \\
        y_t &= 2 \operatorname{Re}(C s_t) + D x_t + b

    The simplified state space layer. Each state stands for itself and its conjugate, hence the 2.
    :math:`\Lambda` starts with the eigenvalues of the normal part of HiPPO-LegS, as in the paper,
    whose B and C start as random matrices in the basis of its eigenvectors; here they are random
    in any basis. In the weights, :math:`\alpha` is called `decay`, :math:`\omega` is `frequency`
    and :math:`\log \Delta` is `log_step`. B and D are the columns of the kernel. The paper has no
    bias, a D that is diagonal, and a real part of :math:`\Lambda` that may become positive.

    Args:
        units: Number of units of the output y.
        state_units: Number of complex numbers of the state s, half the paper's P; as many as
            units, if not given.
        step_min: The shortest step :math:`\Delta` at the start.
        step_max: The longest one.
    """

    paper = "Smith, Warrington & Linderman 2023"
    # No second opinion: s5-pytorch has it, but has not been compared.

    def __init__(self, units, *args, step_min: float = 0.001, step_max: float = 0.1, **kwargs):
        if not 0 < step_min <= step_max:
            self.wrong("step_min and step_max", "0 < step_min <= step_max", (step_min, step_max))
        super().__init__(units, *args, **kwargs)
        self.step_min = step_min
        self.step_max = step_max

    def first_numbers(self):
        low, high = np.log(self.step_min), np.log(self.step_max)
        return {
            "decay": np.full(self.state_units, math.log(0.5)),
            "frequency": hippo_frequencies(self.state_units),
            "log_step": low + self.drawn() * (high - low),
        }

    def turned(self, net):
        step, decay, frequency = ops.exp(self.log_step), -ops.exp(self.decay), self.frequency
        length, angle = ops.exp(decay * step), frequency * step
        kept_re, kept_im = length * ops.cos(angle), length * ops.sin(angle)
        # (kept - 1) / Lambda
        size = decay * decay + frequency * frequency
        in_re = ((kept_re - 1) * decay + kept_im * frequency) / size
        in_im = (kept_im * decay - (kept_re - 1) * frequency) / size
        new_re = in_re * net.B_re - in_im * net.B_im
        new_im = in_im * net.B_re + in_re * net.B_im
        return [kept_re, kept_im], [new_re, new_im]

    def read(self, net, re, im):
        return 2 * (self.dot(re, self.C_re) - self.dot(im, self.C_im)) + net.D

    def get_config(self):
        return {**super().get_config(), "step_min": self.step_min, "step_max": self.step_max}


def hippo_frequencies(count):
    """The positive imaginary parts of the eigenvalues of HiPPO-LegS without its low-rank part.

    The real parts are all -1/2: the matrix is -1/2 and an antisymmetric one.
    """
    i, j = np.mgrid[: 2 * count, : 2 * count]
    root = np.sqrt((2 * i + 1) * (2 * j + 1)) / 2
    return np.sort(np.linalg.eigvalsh(1j * np.where(i > j, -root, np.where(i < j, root, 0.0))))[
        count:
    ]


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class S5(Parallel):
    """Layer of `S5Cell`, which can compute all steps at once."""

    cell_class = S5Cell
