"""Sweeps of forecasts: what they refuse, how skill is drawn anew, and one from beginning to end."""

import json
import shutil

import numpy as np
import pytest
from stand_ins import Killed

from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping import report, results, search
from pipelines.sweeping.comparison import compare
from pipelines.sweeping.resampling import SKILL, resample

BASE = """
[series]
file = "wave.csv"
column = "x"
window = 6
dev = 0.3
[model]
units = 3
[training]
epochs = 2
learning_rate = 0.02
"""
SWEEP = 'base = "base.toml"\n[sweep]\nmethod = "grid"\n'
CELLS = '[space]\n"model.cell" = ["simple_rnn", "lstm"]\n'
FINALS = "[sweep.finals]\nof = 'cell'\nseeds = 2\ntest = true\n"


@pytest.fixture
def write(tmp_path):
    def to(text, base=BASE):
        noise = np.random.default_rng(0).normal(size=90)
        values = 10 + 5 * np.sin(2 * np.pi * np.arange(90) / 8) + noise
        rows = [f"{1900 + n},{value:.3f}" for n, value in enumerate(values)]
        (tmp_path / "wave.csv").write_text("year,x\n" + "\n".join(rows) + "\n")
        (tmp_path / "base.toml").write_text(base)
        (tmp_path / "sweep.toml").write_text(text)
        return tmp_path / "sweep.toml"

    return to


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SWEEP.replace("grid", "hyperband") + CELLS, "sweep.method: hyperband is for taggers"),
        (SWEEP + "[sweep.stopping]\n" + CELLS, "sweep.stopping: is for taggers"),
        (
            SWEEP + "[sweep.budget]\nequal = 'seconds'\nseconds = 3\n" + CELLS,
            "sweep.budget.equal: seconds are for taggers",
        ),
        (SWEEP + CELLS + '"series.horizon" = [1, 2]\n', "what is forecast is the same"),
        (SWEEP + CELLS + '"training.epochs" = [1, 2]\n', "varies for taggers only"),
        (SWEEP + CELLS + '"model.decoder" = ["crf"]\n', "model.decoder: unknown key"),
        (SWEEP + CELLS.replace("lstm", "lsmt"), "model.cell: unknown 'lsmt'"),
    ],
)
def test_what_is_for_taggers_or_changes_what_is_scored_is_refused_in_a_line(write, text, said):
    with pytest.raises(InputError, match=said) as found:
        load_sweep(write(text))
    assert "\n" not in str(found.value)
    assert "sweep.toml" in str(found.value)


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (("wave.csv", "none.csv"), "none.csv: no such file"),
        (('column = "x"', 'column = "z"'), "no column 'z'; its columns are year, x, y"),
        (('column = "x"', ""), "the columns x, y: choose one with series.column"),
        (('column = "x"', 'column = "y"'), '`series.fill = "linear"` or `series.fill = '),
        (("window = 6", "window = 80"), "wave.csv: x: 90 steps leave 0 windows of 80"),
        (("dev = 0.3", "dev = 0.99"), "another series.window, series.horizon or series.test"),
        (("dev = 0.3", "dev = 1"), "series.dev: input should be less than 1"),
        (("units = 3", "units = 0"), "model.units: input should be greater than or equal to 1"),
        (("[series]", '[data]\ntrain = "x"\n[series]'), "data: unknown key"),
    ],
)
def test_a_series_of_which_nothing_can_be_learned_is_refused_in_a_line(
    write, tmp_path, cli, base, said
):
    assert base[0] in BASE
    path = write(SWEEP + CELLS, BASE.replace(*base))
    lines = (tmp_path / "wave.csv").read_text().splitlines()
    more = [f"{line},{n if n != 40 else ''}" for n, line in enumerate(lines[1:])]
    (tmp_path / "wave.csv").write_text("\n".join([lines[0] + ",y", *more]) + "\n")
    before = sorted(tmp_path.iterdir())
    done = cli("sweep", path, "--out", tmp_path / "out")
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert said in line
    assert sorted(tmp_path.iterdir()) == before


def test_a_data_set_keeps_its_name_and_a_file_is_that_beside_the_base(write):
    path = write(SWEEP + CELLS)
    assert load_sweep(path).base.series.file == str(path.parent / "wave.csv")
    path = write(SWEEP + CELLS, BASE.replace("wave.csv", "sunspots"))
    assert load_sweep(path).base.series.file == "sunspots"


def test_skill_is_that_of_the_errors_and_may_be_below_0():
    own, other = np.array([4.0, 0.0, 5.0]), np.array([1.0, 1.0, 2.0])
    found = resample([[np.stack([own, other], axis=-1)]], 50, measure=SKILL)
    assert found.scores[0, 0] == pytest.approx(1 - np.sqrt(9 / 4))
    assert found.gold is None
    worse = compare(resample([[np.stack([own, other], -1)] * 3], 50, measure=SKILL)).estimates[0]
    assert worse.mean < 0
    assert worse.low is not None
    assert worse.low < worse.mean


def test_neighbouring_origins_are_drawn_together():
    """Errors that are alike for ten origins on end: single draws make the mean look too sure."""
    own = np.repeat(np.random.default_rng(0).uniform(0.2, 2, 12), 10)
    counts = [[np.stack([own, np.ones(120)], axis=-1)]]
    single, blocks = (resample(counts, 800, measure=SKILL, block=b).samples for b in (1, 10))
    assert blocks.std() > 2 * single.std()


def test_draws_in_which_nothing_was_observed_have_no_skill():
    """Of a series with a hole errors there are 0, of the forecast and of the other one."""
    own, other = np.zeros(60), np.zeros(60)
    own[:6], other[:6] = 4.0, 1.0
    found = resample([[np.stack([own, other], axis=-1)]], 400, measure=SKILL, block=10)
    assert 200 < len(found.samples) < 400  # without one of the blocks that have any
    np.testing.assert_allclose(found.samples, 1 - 2)


def whole_sweep(write):
    return write(SWEEP + "[sweep.budget]\nequal = 'weights'\n" + FINALS + CELLS)


@pytest.mark.ci
def test_a_sweep_ranks_cells_by_their_skill_on_test_and_exports_the_best_net(
    write, tmp_path, cli, monkeypatch, contents
):
    path, folder = whole_sweep(write), tmp_path / "out"
    done = cli("sweep", path, "--out", folder, "--quiet")
    assert done.status == 0, done.err
    assert "best net, exported" in done.out
    trials = results.read(folder)
    assert [trial.phase for trial in trials].count("final") == 4
    for trial in trials:
        assert len(trial.history) == trial.scores["epochs"]
        assert (trial.test is not None) == (trial.phase == "final")
    board = report.read(folder).board
    assert (board.measure, board.split, board.sentences) == ("skill", "test", 30)
    for row in board.rows:
        means = np.mean([trial.test["skill"] for trial in row.setting.trials])
        assert row.test.mean == pytest.approx(means)
    page = (folder / "report.html").read_text()
    assert "blocks of neighbouring origins" in page.lower()
    assert "sentence" not in page.split("<h2>Method</h2>")[1]
    assert json.loads((folder / "best" / "1" / "forecast.json").read_text())["column"] == "x"
    assert "variance_of_origins" in (folder / "comparisons.tsv").read_text()
    shutil.rmtree(folder / "best")
    monkeypatch.setattr(search, "can_export", lambda: False)
    again = cli("sweep", path, "--out", folder, "--quiet")
    assert again.out.splitlines()[-1].endswith("KERAS_BACKEND=tensorflow exports the best net")
    refused = cli("sweep", path, "--out", tmp_path / "board", "--tensorboard")
    assert refused.status == 2
    assert "--tensorboard: is for sweeps of taggers" in refused.err
    # Trials on other data could not be compared with these.
    before, wave = contents(folder), tmp_path / "wave.csv"
    wave.write_text(wave.read_text().replace("1950,", "1950,9"))
    for sweep in path.read_text(), path.read_text().replace('"lstm"]', '"lstm", "gru"]'):
        path.write_text(sweep)
        refused = cli("sweep", path, "--out", folder, "--quiet")
        assert (refused.status, refused.out) == (2, "")
        assert "wave.csv: has changed since" in refused.err
        assert contents(folder) == before


@pytest.mark.nightly
def test_a_sweep_that_is_killed_ends_as_it_would_have(write, tmp_path, monkeypatch):
    from pipelines.forecasting import trial

    path, folder, fit, calls = whole_sweep(write), tmp_path / "killed", trial.net.fit, []

    def killed(*arguments):
        calls.append(arguments[:2])
        if len(calls) in (2, 5):  # a trial of the search, and the second one of the finals
            arguments[-1][0].on_epoch_end(0, {"loss": 9.0, "val_loss": 9.0})
            raise Killed
        return fit(*arguments)

    monkeypatch.setattr(trial.net, "fit", killed)
    for _ in range(2):
        with pytest.raises(Killed):
            search.run_sweep(load_sweep(path), folder)
    monkeypatch.setattr(trial.net, "fit", fit)
    search.run_sweep(load_sweep(path), folder)
    assert len([*folder.glob("*/*/model.keras")]) == 6
    whole = tmp_path / "whole"
    search.run_sweep(load_sweep(path), whole)
    again, once = results.read(folder), results.read(whole)
    assert [(t.values, t.dev, t.test) for t in again] == [(t.values, t.dev, t.test) for t in once]
    for one, other in zip(again, once, strict=True):
        curves = [[row["dev"] for row in trial_.history] for trial_ in (one, other)]
        assert curves[0] == pytest.approx(curves[1])
