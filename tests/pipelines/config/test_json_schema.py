"""The JSON Schema: every key is described, and what it allows is what configurations may say."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from keras_lstm_variants import CELLS
from pipelines.config.json_schema import json_schema, keys
from pipelines.config.loading import load
from pipelines.config.schema import Experiment
from pipelines.errors import InputError

CONFIGS = Path(__file__).parents[3] / "configs"
FILES = sorted(CONFIGS.rglob("*.toml"))
GOOD = '[data]\ntrain = "train.conll"\n'
SWEEP = 'base = "base.toml"\n[sweep]\nmethod = "grid"\n[space]\n'


def faults(text, kind="experiment"):
    """The dotted places that the schema finds something wrong with."""
    found = Draft202012Validator(json_schema(kind)).iter_errors(tomllib.loads(text))
    return {".".join(map(str, error.path)) for error in found}


def described(schema, where=""):
    """Every property of a schema, wherever it is: (its place, its description)."""
    for name, value in schema.get("properties", {}).items():
        yield f"{where}{name}", value.get("description", "")
        yield from described(value, f"{where}{name}.")
    for name, value in schema.get("$defs", {}).items():
        yield from described(value, f"{where}{name}.")


@pytest.mark.parametrize("kind", ["experiment", "forecast", "sweep"])
def test_the_schema_is_one_and_describes_every_key_in_a_sentence(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    found = dict(described(schema))
    assert len(found) > 20
    for where, description in found.items():
        assert description.endswith("."), where
        assert description[0].isupper() or description[0] in "\"'", where


@pytest.mark.parametrize("kind", ["experiment", "forecast", "sweep"])
def test_no_part_of_the_schema_allows_unknown_keys(kind):
    schema = json_schema(kind)
    for part in (schema, *schema["$defs"].values()):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False, part["description"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_configuration_fits_its_schema(file):
    kind = {"sweeps": "sweep", "forecasting": "forecast"}.get(file.parent.name, "experiment")
    assert faults(file.read_text("utf-8"), kind) == set()


def test_the_resolved_configuration_of_a_run_fits(tmp_path):
    values = Experiment.model_validate(tomllib.loads(GOOD)).model_dump_json()
    Draft202012Validator(json_schema()).validate(json.loads(values))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (GOOD + "min_cuont = 3\n", "data"),
        (GOOD + "[trainig]\nepochs = 3\n", ""),
        (GOOD + "[training]\nepochs = 2.5\n", "training.epochs"),
        (GOOD + "[training]\nepochs = 0\n", "training.epochs"),
        (GOOD + "[model]\ndropout = 1.0\n", "model.dropout"),
        (GOOD + '[model]\ncell = "lsmt"\n', "model.cell"),
        (GOOD + '[model]\ncharacters = "cn"\n', "model.characters"),
        (GOOD + '[model]\nfeatures = ["case"]\n', "model.features.0"),
        ("[data]\ntrain = [3]\n", "data.train"),
        ("[model]\nunits = 3\n", ""),
    ],
)
def test_what_training_refuses_the_schema_refuses(text, where, tmp_path):
    (tmp_path / "experiment.toml").write_text(text)
    with pytest.raises(InputError):
        load(tmp_path / "experiment.toml")
    assert faults(text) == {where}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (SWEEP + '"model.cell" = ["gru", "lsmt"]\n', "space.model.cell"),
        (SWEEP + '"model.cel" = ["gru"]\n', "space"),
        (SWEEP + '"model.units" = []\n', "space.model.units"),
        (SWEEP + '"model.units" = { min = 1 }\n', "space.model.units"),
        (SWEEP, "space"),
        (SWEEP.replace("grid", "gird") + '"model.units" = [1]\n', "sweep.method"),
        (SWEEP.replace('base = "base.toml"', "") + '"model.units" = [1]\n', ""),
    ],
)
def test_what_sweeps_refuse_the_schema_refuses(text, where):
    assert faults(text, "sweep") == {where}


@pytest.mark.parametrize(
    "line",
    [
        '"model.cell" = ["gru", "lstm"]',
        '"model.units" = { min = 50, max = 200, step = 50 }',
        '"model.cell_options.use_bias" = [true, false]',
    ],
)
def test_what_sweeps_take_the_schema_takes(line):
    assert faults(f"{SWEEP}{line}\n", "sweep") == set()


def test_a_preset_of_cells_needs_no_space():
    text = 'base = "base.toml"\n[sweep]\nmethod = "grid"\ncells = "core"\n'
    assert faults(text + '[sweep.finals]\nof = "cell"\n', "sweep") == set()
    assert faults(text.replace("core", "cure"), "sweep") == {"sweep.cells"}
    assert faults(text.replace('cells = "core"', ""), "sweep") == {""}


def test_a_run_to_start_from_is_enough():
    assert faults('[start]\nrun = "runs/my"\n') == set()


def test_every_cell_is_offered():
    assert json_schema()["$defs"]["Model"]["properties"]["cell"]["enum"] == list(CELLS)


def test_keys_have_the_defaults_that_training_has():
    experiment = Experiment.model_validate(tomllib.loads(GOOD))
    shown = {(key.section, key.name): key.default for key in keys()}
    for section in Experiment.model_fields:
        for name, value in getattr(experiment, section):
            if (section, name) == ("data", "train"):
                continue
            text = shown[section, name]
            assert (tomllib.loads(f"x = {text}")["x"] if text else None) == value


def test_the_command_prints_the_schema(cli):
    assert json.loads(cli("config", "schema", "sweep").out) == json_schema("sweep")
    assert json.loads(cli("config", "schema").out) == json_schema()
    shown = cli("config", "keys", "start").out
    assert "vocabulary" in shown and "learning_rate" not in shown
    assert cli("config", "schema", "experment").status == 2
