"""How many tags of the best path are right: a metric for `compile`."""

from typing import Any

import keras
import numpy as np
from keras import ops

from .arguments import DType
from .backend import Tensor
from .chains import parts
from .crf_loss import in_float32
from .decoding import BestPath
from .labels import chain_of, labels_of, weights_of


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CRFAccuracy(keras.metrics.Metric):
    """The share of steps at which the best path of a chain has the right tag.

    Steps count, not sequences or batches; those that the mask of the chain leaves out do not. A
    sequence whose scores are no numbers has no path: its steps are wrong. The counts are exact
    however many there are. `metrics=["accuracy"]` is Keras' own, which can make nothing of a
    chain::

        model.compile("adam", CRFLoss(), metrics=[CRFAccuracy()])

    Args:
        name: As for `keras.metrics.Metric`.
        dtype: Likewise; no half precision.

    Call arguments:
        y_true: As for `CRFLoss`, like what is refused.
        y_pred: What a `Chain` or a `CRF` gives.
        sample_weight: As for `CRFLoss`: of sequences, (batch, 1), or of steps.

    Returns:
        From 0 to 1; 0 before there was a step.
    """

    def __init__(self, name: str = "crf_accuracy", dtype: DType = None) -> None:
        super().__init__(name=name, dtype=in_float32(dtype))
        self.best_path = BestPath()
        self.right = Sum(self, "right")
        self.all = Sum(self, "all")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        of = "CRFAccuracy"
        chain, is_chain = chain_of(of, y_pred, self.dtype)
        _, real, _ = parts(chain)
        path, are_tags = labels_of(of, y_true, real, chain.shape[-1] - 1)
        weights, fit = weights_of(of, sample_weight, real, self.dtype)
        right = ops.cast(self.best_path.call(chain) == path, self.dtype)
        legal = ops.all(are_tags & is_chain & fit)
        for number, of_steps in ((self.right, right * weights), (self.all, weights)):
            number.add(ops.where(legal, ops.sum(of_steps), np.nan))

    def result(self) -> Tensor:
        return ops.divide_no_nan(self.right.value(), self.all.value())


class Sum:
    """A sum of which no 1 is lost, however large it grows: beyond 2^24 a float32 takes none.

    What rounding takes from the sum is summed up, too (Knuth 1969, 4.2.2, theorem C).
    """

    def __init__(self, metric: Any, name: str) -> None:
        self.total = metric.add_variable((), "zeros", name=name)
        self.lost = metric.add_variable((), "zeros", name=f"{name}_lost")

    def add(self, number: Tensor) -> None:
        before = ops.convert_to_tensor(self.total)
        after = before + number
        taken = after - before
        lost = (before - (after - taken)) + (number - taken)
        self.total.assign(after)
        self.lost.assign(self.lost + lost)

    def value(self) -> Tensor:
        return self.total + self.lost
