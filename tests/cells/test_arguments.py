"""A new argument that is not saved, or that no test gives another value, would pass unnoticed."""

import json

import numpy as np
import pytest

from cases import CASES, arguments, own_layer, varied
from keras_lstm_variants import CELLS, IMAGE_LAYERS, LAYERS

OF_KERAS = {"name", "dtype", "trainable"}  # which Keras saves, and every test gives
OF_LAYERS = {
    "activity_regularizer": "l2",
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "scan": "plain",
    "return_all_states": True,
    "right_padded": True,
}
NOT_SAVED = {"use_cudnn", "implementation"}  # of the machine; without a meaning here


def unsaved(layer, names):
    """The arguments that a layer made from a configuration would not be given."""
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    return names - config.keys()


@pytest.mark.parametrize("name", CELLS)
def test_every_argument_of_a_cell_is_saved_and_varied(name):
    takes = arguments(CELLS[name]) - {*CASES[name].refuses} - OF_KERAS
    if "blocks" in takes:
        takes.discard("units")  # follow from the blocks
    assert not unsaved(own_layer(name).cell, takes), "to be added to get_config"
    left = takes - varied(name).keys() - CASES[name].size.keys()
    assert not left, "to be added to `choices` of its case, or to `other_weights`"


@pytest.mark.parametrize("name", LAYERS)
def test_every_argument_of_a_layer_is_saved(name):
    takes = arguments(LAYERS[name]) - arguments(CELLS[name]) - OF_KERAS - NOT_SAVED
    usual, layer = own_layer(name).get_config(), own_layer(name, **OF_LAYERS)
    assert not unsaved(layer, takes | OF_LAYERS.keys()), "to be added to get_config"
    assert takes <= OF_LAYERS.keys(), "to be added to OF_LAYERS"
    for key in OF_LAYERS:
        assert layer.get_config()[key] != usual.get(key), f"{key} is forgotten"


def of_numpy(value):
    """A configuration whose integers are NumPy's."""
    if isinstance(value, dict):
        return {key: of_numpy(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(of_numpy, value))
    return np.int64(value) if type(value) is int else value


@pytest.mark.parametrize("name", LAYERS)
def test_integers_may_be_of_numpy(name):
    layer = own_layer(name)
    config = layer.get_config()
    given = {key: of_numpy(config[key]) for key in arguments(LAYERS[name]) & config.keys()}
    if "blocks" in given:
        given.pop("units", None)
    found = LAYERS[name](**given | {"name": layer.name}).get_config()
    assert json.dumps(found) == json.dumps(config)
    for wrong in True, np.True_, np.int64(0), 2.0:
        with pytest.raises(ValueError, match="must be"):
            LAYERS[name](**{**given, next(iter(CASES[name].size)): wrong})


def test_every_argument_of_a_layer_of_images_is_saved():
    for layer_class in IMAGE_LAYERS.values():
        takes = arguments(layer_class.cell_class) | arguments(layer_class)
        options = {"peepholes": ["i"], "peephole_initializer": "ones", **OF_LAYERS}
        options = {name: value for name, value in options.items() if name in takes}
        dimensions = int(layer_class.__name__[-2])  # ...2D
        layer = layer_class(3, (5, 3, 3)[:dimensions], **options)
        refused = {*layer.cell.refuses, "units"}  # as many as filters
        assert not unsaved(layer, takes - refused - OF_KERAS - NOT_SAVED)
        usual = layer_class(3, (3,) * dimensions).get_config()
        for key in ("kernel_size", *options):
            assert layer.get_config()[key] != usual.get(key), f"{key} is forgotten"


class Forgetful(LAYERS["lstm"].cell_class):
    """A cell with an argument that it does not save."""

    def __init__(self, units, *args, share=0.5, **kwargs):
        super().__init__(units, *args, **kwargs)
        self.share = share


def test_an_argument_that_is_not_saved_is_noticed():
    assert unsaved(Forgetful(3), arguments(Forgetful)) == {"share"}
