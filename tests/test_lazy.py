"""Importing: what it costs, and that Keras knows every class afterwards, in whatever order."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import keras_lstm_variants
from keras_lstm_variants import CELLS, IMAGE_LAYERS, LAYERS, cells, lazy

ROOT = Path(keras_lstm_variants.__file__).parents[1]
MODULES = sorted(lazy.modules(keras_lstm_variants.__path__, "keras_lstm_variants."))


def in_a_fresh_process(code):
    """What the code prints, as JSON."""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def ours():
    """The classes that Keras knows by our name."""
    known = keras.saving.get_custom_objects()
    return {name for name in known if name.startswith("keras_lstm_variants>")}


@pytest.fixture(scope="module")
def every_class():
    for module in MODULES:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:  # fused kernels, which are of JAX's backend
            if error.name != "jax":
                raise
    assert len(ours()) > 2 * len(LAYERS)
    return ours()


def test_names_and_schemes_cost_neither_keras_nor_tensorflow():
    modules, names, seconds = in_a_fresh_process(
        "import json, sys, time\n"
        "import keras_lstm_variants, keras_lstm_variants.schemes\n"
        "from keras_lstm_variants import CELLS, IMAGE_LAYERS, LAYERS, schemes\n"
        "assert 'lstm' in CELLS and 'lsmt' not in LAYERS and 'CRF' in dir(keras_lstm_variants)\n"
        "repr(CELLS)\n"
        "print(json.dumps([list(sys.modules), [*LAYERS, *IMAGE_LAYERS], time.process_time()]))"
    )
    assert "keras_lstm_variants.schemes" in modules
    assert not {"keras", "tensorflow", "jax", "torch"} & {*modules}
    assert names == [*LAYERS, *IMAGE_LAYERS]
    assert seconds < 1  # of the CPU, Python itself included; Keras takes several


ORDERS = [
    "import keras_lstm_variants; import keras",
    *(
        pytest.param(order, marks=pytest.mark.nightly)
        for order in (
            "import keras; import keras_lstm_variants",
            "from keras_lstm_variants import CRF",
            "from keras_lstm_variants import *",
            "from keras_lstm_variants import schemes; schemes.SCHEMES; import keras",
            "import keras_lstm_variants; keras_lstm_variants.CELLS['lstm']",
            "import keras_lstm_variants; import tensorflow",
            "import tensorflow; import keras_lstm_variants; tensorflow.keras.layers",
            "import keras_lstm_variants; import pipelines.tagger.model",
            # One of ours imports Keras, and others need it.
            "import keras_lstm_variants.backend",
            "import keras_lstm_variants.catalogue",
            "import keras_lstm_variants.crf",
            "import keras_lstm_variants.decoding",
            "import keras_lstm_variants.kernel",
            "import keras_lstm_variants.portability",
            "import keras_lstm_variants.recurrent",
            "import keras_lstm_variants.scan",
            "import keras_lstm_variants.cells.parts.base",
            "from keras_lstm_variants.cells import LSTM",
            "from keras_lstm_variants.cells.linear_recurrence import SRU",
        )
    ),
]


@pytest.mark.parametrize("order", ORDERS)
def test_keras_knows_every_class_once_it_is_imported(order, every_class, tmp_path):
    model = keras.Sequential([keras.Input((3, 2)), LAYERS["peephole_lstm"](4)])
    model.save(tmp_path / "model.keras")
    known = in_a_fresh_process(
        f"{order}\n"
        "import json, keras\n"
        "names = list(keras.saving.get_custom_objects())\n"
        f"model = keras.models.load_model({str(tmp_path / 'model.keras')!r})\n"
        "import keras_lstm_variants\n"
        "assert type(model.layers[0]) is keras_lstm_variants.PeepholeLSTM\n"
        "print(json.dumps(names))"
    )
    assert every_class <= {*known}


def test_every_registered_class_is_exported(every_class):
    names = {name.partition(">")[2] for name in every_class}
    assert names <= {*keras_lstm_variants.EXPORTS}


@pytest.mark.parametrize("table, ending", [(LAYERS, ""), (CELLS, "Cell")])
def test_the_tables_are_dicts(table, ending):
    assert len(table) == len(cells.TABLE) and list(table) == list(cells.TABLE)
    assert dict(table) == {**table} == table
    for (name, thing), value in zip(table.items(), table.values(), strict=True):
        assert thing is value is table[name] is table.get(name)
        assert name in table and isinstance(thing, type)
        module, _, layer = cells.TABLE[name].partition(":")
        assert thing.__name__ == layer + ending
        assert thing.__module__ == f"keras_lstm_variants.cells.{module}"
        assert getattr(keras_lstm_variants, thing.__name__) is thing
    with pytest.raises(KeyError, match="lsmt"):
        table["lsmt"]
    assert table.get("lsmt") is None


@pytest.mark.parametrize("module", [keras_lstm_variants, cells])
def test_an_unknown_name_is_an_attribute_error_that_suggests_the_nearest(module):
    wrong = "PeepholeLSMT"
    with pytest.raises(AttributeError, match=f"no attribute '{wrong}'") as error:
        getattr(module, wrong)
    assert error.value.obj is module and error.value.name == wrong
    assert {*module.__all__} <= {*dir(module)}
