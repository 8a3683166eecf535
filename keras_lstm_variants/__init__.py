"""Gated recurrent cells for Keras 3: the equations of their papers, used as `keras.layers.LSTM` is.

Importing the package registers every class, which is all that `keras.models.load_model` needs.
"""

from . import cells, schemes
from .cells import *  # noqa: F403  every cell and layer, CELLS and LAYERS
from .cells.base import GatedCell
from .crf import CRF, Chain, CRFLoss
from .decoding import BestPath, Marginals, NBest, SpanMarginals
from .exporting import export
from .portability import compiled_inference
from .recording import record, sensitivity
from .recurrent import Recurrent

__version__ = "0.1.0"

__all__ = [
    *cells.__all__,
    "GatedCell",
    "Recurrent",
    "compiled_inference",
    "BestPath",
    "CRF",
    "CRFLoss",
    "Chain",
    "Marginals",
    "NBest",
    "SpanMarginals",
    "export",
    "record",
    "schemes",
    "sensitivity",
]
