"""Gated recurrent cells for Keras 3: the equations of their papers, used as `keras.layers.LSTM` is.

Importing the package registers every class, which is all that `keras.models.load_model` needs. It
does not import Keras: see `keras_lstm_variants.lazy`.
"""

from typing import Any

from . import cells
from .cells import CELLS, IMAGE_LAYERS, LAYERS, TIMED_LAYERS
from .lazy import Lazy, attribute, register_with_keras

__version__ = "0.1.0"

EXPORTS = Lazy(
    {name: f"cells.{place}" for name, place in cells.EXPORTS.places.items()}
    | {
        "Beside": "cells.parts.timed:Beside",
        "BestPath": "decoding:BestPath",
        "CRF": "crf:CRF",
        "CRFAccuracy": "crf_accuracy:CRFAccuracy",
        "CRFLoss": "crf_loss:CRFLoss",
        "Chain": "crf:Chain",
        "AttentionDecoder": "attention:AttentionDecoder",
        "BahdanauAttentionCell": "attention:BahdanauAttentionCell",
        "LuongAttentionCell": "attention:LuongAttentionCell",
        "GriffinBlock": "blocks:GriffinBlock",
        "MLSTMBlock": "blocks:MLSTMBlock",
        "SLSTMBlock": "blocks:SLSTMBlock",
        "GatedCell": "cells.parts.base:GatedCell",
        "Marginals": "decoding:Marginals",
        "NBest": "decoding:NBest",
        "Recurrent": "recurrent:Recurrent",
        "Reading": "reading:Reading",
        "SpanMarginals": "decoding:SpanMarginals",
        "chrono": "initial_biases:chrono",
        "convert_weights": "migration:convert_weights",
        "export": "exporting:export",
        "portable": "portability:portable",
        "probe": "probing:probe",
        "reach": "probing:reach",
        "readings": "reading:readings",
        "record": "recording:record",
        "saturation": "probing:saturation",
        "schemes": "schemes:",
        "sensitivity": "recording:sensitivity",
    },
    __name__,
)
__all__ = ["CELLS", "IMAGE_LAYERS", "LAYERS", "TIMED_LAYERS", *EXPORTS]


def __getattr__(name: str) -> Any:
    return attribute(__name__, EXPORTS, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})


register_with_keras(EXPORTS)
