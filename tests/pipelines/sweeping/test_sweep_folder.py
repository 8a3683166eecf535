"""Commands that read the folder of a sweep, whatever is in it, and without TensorFlow."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from made_sweeps import SEEDS, make, text_of
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.errors import InputError
from pipelines.sweeping import report, results
from pipelines.training import locks


def test_an_empty_sweep_has_a_page(tmp_path):
    folder = make(tmp_path / "s", finals=False)
    (folder / "journal.jsonl").unlink()
    made = report.write(folder)
    assert "No run has finished yet" in text_of(made.page)


def test_its_state_is_finished_running_or_stopped(tmp_path, finished):
    folder, made = finished
    assert made.status.state == "finished"
    other = make(tmp_path / "s", SEEDS[:2])
    assert report.read(other).status.state == "stopped"
    with locks.writing(other):
        running = report.read(other).status
    assert running.state == "running" and running.writer["pid"] == os.getpid()
    assert running.finished == 5 + 6 and running.failed == 1
    # Extended after its end, it is not finished any more.
    report.write(other, over=True)
    line = {"phase": "search", "trial": "0009", "values": {"model.cell": "gru", "model.units": 9}}
    with (other / "journal.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
        file.write(json.dumps({"phase": "search", "trial": "0009", "reason": "bad luck"}) + "\n")
    assert report.read(other).status.state == "stopped"


def test_the_commands_read_the_folder(finished, tmp_path):
    folder, made = finished
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    said = CliRunner().invoke(app, ["sweep", "--status", str(copy)])
    assert said.exit_code == 0, said.output
    assert said.output.startswith("finished: 20 of 21 runs finished, 1 failed")
    assert "gru has the best mean F1" in said.output
    said = CliRunner().invoke(app, ["report", str(copy), "--json"])
    found = json.loads(said.output)
    assert found["settings"][0]["group"] == "a" and found["baseline"] == "lstm"
    assert found["page"] == str(copy / "report.html") and (copy / "report.html").exists()


def test_a_folder_that_is_no_sweep_is_refused(tmp_path):
    for command in (["report", str(tmp_path)], ["sweep", "--status", str(tmp_path)]):
        said = CliRunner().invoke(app, command)
        assert isinstance(said.exception, InputError)
        assert "not a sweep's folder" in str(said.exception)
    assert list(tmp_path.iterdir()) == []


def test_reading_a_sweep_takes_no_tensorflow(finished):
    folder, _ = finished
    code = (
        "import sys; from pathlib import Path; from pipelines.cli import sweep_report;"
        f"sweep_report.print_status(Path({str(folder)!r}), False);"
        "assert not {'tensorflow', 'keras', 'keras_tuner'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.nightly
def test_tensorboard_has_the_trials_with_their_hyperparameters(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2
    from tensorflow import make_ndarray

    from pipelines.sweeping import logs

    folder = make(tmp_path / "s", SEEDS[:2])
    written = logs.write(folder)

    def events(of):
        return EventAccumulator(str(of), size_guidance={"tensors": 0}).Reload()

    def hparams(of, tag):
        found = events(of).SummaryMetadata(tag).plugin_data.content
        return plugin_data_pb2.HParamsPluginData.FromString(found)

    space = hparams(written, "_hparams_/experiment").experiment
    assert [info.name for info in space.hparam_infos] == ["model.cell", "model.units"]
    assert [info.name.tag for info in space.metric_infos] == ["dev", "test"]
    trials = [trial for trial in report.read(folder).board.trials if trial.scores]
    assert len(list(written.glob("*-*"))) == len(trials)
    for trial in trials[::4]:
        of = written / f"{trial.phase}-{trial.name}"
        session = hparams(of, "_hparams_/session_start_info").session_start_info.hparams
        assert session["model.cell"].string_value == trial.cell
        assert session["model.units"].number_value == trial.values["model.units"]
        shown = events(of)
        assert [event.step for event in shown.Tensors("epoch_dev")] == [1, 2, 3]
        [dev] = shown.Tensors("dev")
        assert make_ndarray(dev.tensor_proto) == pytest.approx(trial.dev, rel=1e-6)
    before = sorted(written.rglob("*"))
    logs.write(folder)
    assert sorted(written.rglob("*")) == before  # each once


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("sweep.json", b'{"base": '),
        ("finals.json", b"[]"),
        ("ended.json", b""),
        ("trials/0000/history.tsv", b"epoch\tloss\n1\tx\n"),
        ("trials/0000/origin.json", b'{"data": {"dev": {"sentences": 0}}}'),
        ("finals/0000/scores.test.json", b'{"accuracy": 1.0, "total": {"f1": NaN}}'),
        ("finals/0000/predictions.test.conll", b"a\tO\n"),
        ("finals/0000/predictions.dev.conll", b"a\tO\tO\n\n"),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_written(tmp_path, file, content):
    make(tmp_path / "sweep", seeds=SEEDS[:1])
    path = tmp_path / "sweep" / file
    path.write_bytes(content)
    before = {p: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()}
    # One run alone cannot tell which of several that differ is damaged.
    where = f"{path.parent}|{path.name}|{path.parent.parent}: runs were scored on"
    with pytest.raises(InputError, match=where) as error:
        report.write(tmp_path / "sweep")
    assert len(str(error.value).splitlines()) == 1
    assert {p: p.read_bytes() for p in before} == before
    assert not (tmp_path / "sweep" / report.REPORT).exists()


def test_a_sweep_of_another_version_is_not_called_none(tmp_path):
    make(tmp_path / "sweep", seeds=SEEDS[:1])
    path = tmp_path / "sweep" / results.SWEEP
    path.write_text(json.dumps({**json.loads(path.read_text()), "since": 9}))
    with pytest.raises(InputError, match=r"sweep.json: damaged, or of another version: since: "):
        results.load(tmp_path / "sweep")
