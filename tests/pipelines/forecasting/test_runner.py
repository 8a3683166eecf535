"""A forecast as a run folder: what is in it, that it resumes, what it exports."""

import json
import os
import shutil
import signal
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread

from pipelines.errors import InputError
from pipelines.forecasting import net, runner
from pipelines.forecasting.plan import Request, contexts, plan
from pipelines.forecasting.series import read

pytestmark = pytest.mark.ci
OPTIONS = ["--column", "x", "--units", "4", "--units", "3", "--horizon", "2", "--window", "6",
           "--season", "8", "--epochs", "2", "--seeds", "2"]  # fmt: skip


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """A wave around 1000, with a hole in what is scored."""
    path = tmp_path_factory.mktemp("series") / "wave.csv"
    noise = np.random.default_rng(0).normal(size=90)
    values = 1000 + 50 * np.sin(2 * np.pi * np.arange(90) / 8) + 5 * noise
    rows = [f"{1900 + n},{value:.3f}" for n, value in enumerate(values)]
    rows[80] = "1980,"
    path.write_text("year,x\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def forecast(csv, tmp_path_factory, cli):
    """How a forecast ended, and its folder. Not to be written to."""
    folder = tmp_path_factory.mktemp("forecast") / "run"
    done = cli("forecast", csv, *OPTIONS, "--fill", "linear", "--out", folder, "--json",
                   "--export")  # fmt: skip
    assert done.status == 0, done.err
    return json.loads(done.out), folder


def test_the_folder_holds_every_training_and_what_they_say(forecast, csv):
    found, folder = forecast
    assert {path.name for path in folder.iterdir()} == {
        runner.CONFIG, runner.FITS, runner.FORECASTS, runner.FUTURE, runner.SCORES,
        runner.SERIES_PICTURE, runner.ERROR_PICTURE, runner.EXPORT,
    }  # fmt: skip
    assert [score["name"] for score in found["scores"]] == [
        "persistence", "seasonal naive", found["scores"][2]["name"], "lstm",
    ]  # fmt: skip
    of_file = json.loads((folder / runner.SCORES).read_text())
    assert of_file == {key: value for key, value in found.items() if key not in ("run", "export")}
    for picture in (runner.SERIES_PICTURE, runner.ERROR_PICTURE):
        image = imread(folder / picture)
        assert min(image.shape[:2]) > 300 and image.std() > 0.05


def test_scores_are_those_of_the_forecasts(forecast):
    found, folder = forecast
    table = np.genfromtxt(folder / runner.FORECASTS, names=True, delimiter="\t", dtype=None)
    assert list(table.dtype.names) == ["origin", "time", "step_ahead", "actual", "lstm1", "lstm2"]
    assert (table["time"] == 1900 + table["origin"] + table["step_ahead"]).all()
    hole = np.isnan(table["actual"])
    assert set(table["time"][hole]) == {1980}, "what was filled in is not scored"
    of_seeds = [np.sqrt(np.nanmean((table[f"lstm{n}"] - table["actual"]) ** 2)) for n in (1, 2)]
    np.testing.assert_allclose(found["scores"][-1]["rmse"]["value"], np.mean(of_seeds), rtol=1e-4)


@pytest.mark.nightly
def test_the_net_is_told_nothing_of_the_test_part(csv):
    series = read(str(csv), "x", None, "linear")
    request = Request(units=(2,), epochs=1, window=6, season=8)
    planned = plan(series, request)
    changed = series.values.copy()
    changed[planned.test :] *= 100
    fits = [
        net.fit("simple_rnn", 1, values, request, planned) for values in (series.values, changed)
    ]
    for one, other in zip(*(fit.model.get_weights() for fit in fits), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("relative", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_a_net_works_in_the_unit_of_the_series(csv, relative):
    """Another unit and another zero change nothing but the unit of the forecasts."""
    series = read(str(csv), "x", None, "linear")
    request = Request(units=(2,), epochs=1, window=6, season=8, relative=relative)
    given = []
    for values in (series.values, 0.1 * series.values + 7):
        planned = plan(series._replace(values=values), request)
        trained = net.fit("simple_rnn", 1, values, request, planned).model
        given.append(net.predict(trained, contexts(values, planned, 6)))
    np.testing.assert_allclose(given[1], 0.1 * given[0] + 7, rtol=1e-4)
    if relative:  # at a level that was never seen it forecasts as before
        beyond = net.predict(trained, contexts(values, planned, 6) + 1000)
        np.testing.assert_allclose(beyond - 1000, given[1], rtol=1e-3)


def test_a_run_that_was_interrupted_ends_as_it_would_have(forecast, csv, tmp_path, cli):
    _, folder = forecast
    again = tmp_path / "run"
    shutil.copytree(folder, again)
    shutil.rmtree(again / runner.EXPORT)
    for name in (runner.SCORES, runner.FUTURE, runner.FORECASTS, "fits/lstm-2.npz"):
        (again / name).unlink()
    (again / "fits" / ".lstm-2.npz.part").write_bytes(b"half")
    before = (again / "fits" / "lstm-1.npz").stat().st_mtime_ns
    arguments = [csv, *OPTIONS, "--fill", "linear", "--out", again, "--quiet"]
    assert cli("forecast", *arguments).status == 0
    assert (again / "fits" / "lstm-1.npz").stat().st_mtime_ns == before
    for name in (runner.SCORES, runner.FORECASTS, runner.FUTURE):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name
    outcome = cli("forecast", *arguments)
    assert (outcome.status, outcome.err) == (
        2, f"error: {again}: holds a finished run, which is never written again: use --out\n"
    )  # fmt: skip


@pytest.mark.nightly
def test_after_kill_9_the_same_command_goes_on(forecast, csv, tmp_path, start, cli):
    _, folder = forecast
    again = tmp_path / "run"
    arguments = [csv, *OPTIONS, "--fill", "linear", "--out", again]
    process = start("forecast", *arguments)
    deadline = time.monotonic() + 120
    while not (again / "fits" / "lstm-1.npz").exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (again / runner.SCORES).exists(), "it was killed too late to show anything"
    assert cli("forecast", *arguments, "--quiet").status == 0
    assert (again / runner.FORECASTS).read_bytes() == (folder / runner.FORECASTS).read_bytes()


def test_the_export_takes_and_gives_the_unit_of_the_series(forecast, csv):
    found, folder = forecast
    series = read(str(csv), "x", None, "linear")
    planned = plan(series, Request(window=6, season=8, horizon=2))
    loaded = tf.saved_model.load(str(folder / runner.EXPORT / "1"))
    seen = contexts(series.values, planned, 6)[..., None].astype("float32")
    with np.load(folder / "fits" / f"{found['best']}.npz") as fit:
        np.testing.assert_allclose(loaded.serve(seen), fit["forecasts"], rtol=1e-5)
    about = json.loads((folder / runner.EXPORT / "1" / "forecast.json").read_text())
    assert about["net"] == found["best"] and "last 6 values" in about["input"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cell", "lsmt"], "did you mean 'lstm'?"),
        ([], "year 1980"),
        (["--fill", "linear", "--horizon", "40"], "origins to test on"),
        (["--fill", "linear", "--column", "y"], "has no column 'y'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, csv, tmp_path, cli):
    given = ["--fill", "linear", *arguments] if "--cell" in arguments else arguments
    outcome = cli("forecast", csv, *given, "--out", tmp_path / "run")
    words = words if words != "year 1980" else "wave.csv:82: a value is missing in column 'x'"
    assert outcome.status == 2 and outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ") and words in line
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda run: run.write_text("x"), "cannot be used"),
        (lambda run: (run / "other").mkdir(parents=True), "exists and is no forecast"),
        (lambda run: (run.mkdir(), (run / runner.CONFIG).write_text('{"column": "z"}')),
         "holds another, unfinished run"),
        (lambda run: (run.mkdir(), (run / runner.CONFIG).write_text("[1]")),
         "holds another, unfinished run"),
    ],
)  # fmt: skip
def test_a_folder_of_something_else_is_not_touched(prepare, words, csv, tmp_path, cli):
    prepare(tmp_path / "run")
    before = sorted(tmp_path.rglob("*"))
    outcome = cli("forecast", csv, *OPTIONS, "--fill", "linear", "--out", tmp_path / "run")
    assert outcome.status == 2 and words in outcome.err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_loss_that_is_not_finite_is_told(csv, monkeypatch, tmp_path, cli):
    def wild(cell, request, planned):
        values = keras.Input((planned.window, 1))
        x = keras.layers.Dense(
            planned.horizon, kernel_initializer=keras.initializers.Constant(1e30)
        )
        return keras.Model(values, x(keras.layers.Flatten()(values)))

    monkeypatch.setattr(net, "build", wild)
    arguments = [csv, *OPTIONS, "--fill", "linear", "--out", tmp_path / "run"]
    outcome = cli("forecast", *arguments)
    assert outcome.status == 1 and "lstm, seed 1: the loss is not finite: epoch" in outcome.err
    assert not (tmp_path / "run" / runner.SCORES).exists()


@pytest.mark.parametrize("damaged", [runner.SCORES, "fits/*.keras"])
def test_what_is_damaged_is_not_exported(damaged, forecast, tmp_path):
    _, folder = forecast
    shutil.copytree(folder, tmp_path / "run", ignore=shutil.ignore_patterns(runner.EXPORT))
    for path in (tmp_path / "run").glob(damaged):
        path.write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        runner.export(tmp_path / "run")


def test_a_damaged_training_is_named(forecast, csv, tmp_path):
    _, folder = forecast
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / runner.SCORES).unlink()
    (first, *_) = sorted((tmp_path / "run" / runner.FITS).glob("*.npz"))
    first.write_bytes(b"PK damaged")
    config = json.loads((tmp_path / "run" / runner.CONFIG).read_text("utf-8"))
    fields = {name: config[name] for name in Request._fields}
    asked = Request(**{n: tuple(v) if isinstance(v, list) else v for n, v in fields.items()})
    series = read(str(csv), "x", None, "linear")
    with pytest.raises(InputError, match=f"{first.name}: is damaged: delete it"):
        runner.run(series, asked, tmp_path / "run")
