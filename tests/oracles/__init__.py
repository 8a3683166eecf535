"""The papers' equations in NumPy: one sequence, one step, one gate at a time.

Written from the papers; imports nothing from the package. W, R, b and p map a gate's name to its
weights: from x, from what is fed back, the bias, and the peepholes; what else a variant has comes
after these. Each function runs one sequence from the given states and returns h at every time step,
and the final states. `kept` is what recurrent dropout leaves of h, wherever a weight multiplies it.
"""

# ruff: noqa: F403

from .blocks import *
from .chung_2015 import *
from .continuous import *
from .conv_lstm import *
from .core import *
from .crf import *
from .gated import *
from .goodfellow_2016 import *
from .lstm_like import *
from .memory import *
from .normalised import *
from .origins import *
from .parallel import *
from .pascanu_2013 import *
from .projected import *
from .xlstm import *
