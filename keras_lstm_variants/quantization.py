"""Why nothing of this library is quantized, and what of it could be but for this."""

from typing import Any, NoReturn

import keras


def not_quantized(layer: keras.Layer) -> str:
    return (
        f"{type(layer).__name__} is not quantized and stays as it is: as in Keras, recurrent "
        "layers have no products of integers."
    )


class Linear(keras.layers.Dense):
    """A product within a layer of this library, which stays as it is when a model is quantized.

    Keras' own would become one of integers, of which the configuration of the layer around it knows
    nothing: such a model could be saved, but never loaded.
    """

    def quantize(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuses; `keras.Model.quantize` then warns and leaves it as it is."""
        raise NotImplementedError(
            f"{self.path} is not quantized and stays as it is: it is a part of a layer, which "
            "would not be loaded with it."
        )
