"""What is shown of a sweep follows from its folder: no TensorFlow, and runs that are only files."""

import csv
import html
import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.config.schema import Experiment, Sweep
from pipelines.errors import InputError
from pipelines.scoring.metrics import scores
from pipelines.sweeping import effects, prose, report, results
from pipelines.sweeping.board import pareto
from pipelines.training import locks, runs

CELLS = {"gru": 0.9, "lstm": 0.7, "simple_rnn": 0.4}  # how often they find an entity
SEEDS = (1001, 1002, 1003, 1004, 1005)
SENTENCES = 120
HISTORY = "epoch\tloss\tdev\taccuracy\tseconds\ttokens_per_second\tcpu_seconds\tcompiled"
HISTORY += "\ttagging_cpu_seconds\tother_load\n"


def run_files(folder, values, chance, rng, splits=("dev", "test"), load=0.0):
    """A finished run as `train` and `evaluate` leave it."""
    folder.mkdir(parents=True)
    found = {split: tagged(rng, chance) for split in splits or ("dev",)}
    dev = scores(*found["dev"], "IOB2").f1
    experiment = {"data": {"train": "train.conll", "dev": "dev.conll"}}
    (folder / "config.json").write_text(json.dumps(experiment))
    of_data = {"sentences": SENTENCES, "tokens": 4 * SENTENCES, "sha256": ""}
    origin = {
        "python": "3.12.1", "packages": {"keras": "3.15.1"}, "backend": "tensorflow",
        "machine": {"processor": "A processor", "cores": 2}, "data": {"dev": of_data},
    }  # fmt: skip
    runs.write_json(folder / runs.ORIGIN, origin)
    usual = 3 if values["model.cell"] == "lstm" else 2
    rows = [(n, 1 / n, dev * n / 3, 0.9, 1.0, 9, usual + (n == 1), n == 1, 0.6, load)
            for n in (1, 2, 3)]  # fmt: skip
    lines = ("\t".join(str(float(cell)) for cell in row) for row in rows)
    (folder / runs.HISTORY).write_text(HISTORY + "".join(f"{line}\n" for line in lines))
    (folder / runs.MODEL).write_bytes(b"0" * 50_000)
    for split, (gold, predicted) in found.items() if splits else ():
        lines = []
        for one, other in zip(gold, predicted, strict=True):
            lines += [f"word\t{a}\t{b}" for a, b in zip(one, other, strict=True)] + [""]
        (folder / f"predictions.{split}.conll").write_text("".join(f"{x}\n" for x in lines))
        of = scores(gold, predicted, "IOB2")
        runs.write_json(
            folder / f"scores.{split}.json",
            {"scheme": "IOB2", "accuracy": of.accuracy, "total": of.total._asdict()},
        )
    runs.write_json(
        folder / runs.SCORES,
        {"measure": "f1", "dev": dev, "best_epoch": 3, "epochs": 3, "parameters": 1000,
         "seconds_per_epoch": 1.0, "tokens_per_second": 9.0},
    )  # fmt: skip


def tagged(rng, chance):
    gold = [["B-PER", "O", "B-LOC", "O"]] * SENTENCES
    predicted = [[tag if rng.random() < chance else "O" for tag in tags] for tags in gold]
    return gold, predicted


def make(folder, seeds=SEEDS, finals=True, chances=None, load=0.0, test=True):
    """The folder of a sweep over three cells and two sizes, one trial of which failed."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    chances = chances or CELLS
    base = {"data": {"train": "train.conll", "dev": "dev.conll", "test": "test.conll"}}
    config = Sweep(
        base=Experiment.model_validate(base),
        sweep={"method": "grid", "finals": {"of": "cell", "seeds": len(seeds), "test": test}
               if finals else None},
        space={"model.cell": list(chances), "model.units": [8, 16]},
    )  # fmt: skip
    runs.write_json(folder / results.SWEEP, config.model_dump())
    journal, number = [], 0
    for cell, chance in chances.items():
        for units in (8, 16):
            values, name = {"model.cell": cell, "model.units": units}, f"{number:04d}"
            journal.append({"phase": "search", "trial": name, "values": values})
            if (cell, units) == ("lstm", 16):
                reason = f"/home/anna/x: out of memory in {folder / 'trials' / name}\nand more"
                journal.append({"phase": "search", "trial": name, "reason": reason})
            else:
                better = chance + 0.02 * (units == 16)
                run_files(folder / "trials" / name, values, better, rng, splits=())
            number += 1
    settings, number = [], 0
    for cell, chance in chances.items() if finals else ():
        settings.append({"model.cell": cell, "model.units": 8})
        for seed in seeds:
            values, name = {**settings[-1], "training.seed": seed}, f"{number:04d}"
            journal.append({"phase": "final", "trial": name, "values": values})
            luck = chance + 0.01 * rng.normal()
            splits = ("dev", "test") if test else ("dev",)
            run_files(folder / "finals" / name, values, luck, rng, splits, load)
            number += 1
    if finals:
        runs.write_json(folder / results.CHOSEN, {"settings": settings})
    (folder / "journal.jsonl").write_text("".join(json.dumps(x) + "\n" for x in journal))
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished sweep and its report. Not to be written to."""
    folder = make(tmp_path_factory.mktemp("sweeps") / "which_cell")
    return folder, report.write(folder, over=True)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def text_of(page):
    text = html.unescape(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")))
    return re.sub(r"\s+", " ", text)


def test_settings_are_compared_on_test_over_seeds_and_sentences(finished):
    _, made = finished
    board = made.board
    assert (board.phase, board.split, board.sentences) == ("final", "test", SENTENCES)
    assert made.names == ["gru", "lstm", "simple_rnn"]
    assert made.names[board.reference] == "lstm" and board.of_baseline
    assert [row.group for row in board.rows] == ["a", "b", "c"]
    for row in board.rows:
        tests = [trial.test["total"]["f1"] for trial in row.setting.trials]
        assert row.test.mean == pytest.approx(np.mean(tests))
        assert row.test.low < row.test.mean < row.test.high
    better = board.rows[0].against
    means = [board.rows[n].test.mean for n in (0, 1)]
    assert better.difference == pytest.approx(means[0] - means[1]) and better.found


def test_the_verdict_says_what_was_found_in_two_sentences(finished):
    _, made = finished
    verdict = prose.verdict(made.board)
    assert re.fullmatch(
        r"gru has the best mean F1 on dev, [\d.]+ \([\d.]+ to [\d.]+\), and [\d.]+ \([^)]*\) on "
        r"test; it is [\d.]+ points above the baseline lstm on test "
        r"\(\+[\d.]+ points, \+[\d.]+ to \+[\d.]+, p < 0\.001 after Holm's correction\)\. "
        r"It is better than simple_rnn\.",
        verdict,
    )
    assert verdict in text_of(made.page)


def test_the_page_says_what_was_scored_on_what_and_what_it_took(finished):
    text = text_of(finished[1].page)
    assert "micro-averaged F1 of entities" in text
    assert f"compared on the {2 * SENTENCES} entities of test" in text
    spent = sum(n + 1 / 3 for n in (3, 2, 2)) * 3 * 5 + 3 * (2 * 7 / 3 + 3 + 1 / 3 + 2 * 7 / 3)
    assert f"Training all 21 runs took {spent / 60:.1f} minutes of CPU time." in text


def test_what_cannot_be_told_apart_is_not_ranked(tmp_path):
    made = report.read(make(tmp_path / "s", chances=dict.fromkeys(CELLS, 0.7)))
    assert {row.group for row in made.board.rows} == {"a"}
    assert "cannot be told apart" in prose.verdict(made.board)
    assert "better than" not in prose.verdict(made.board)


def test_one_seed_cannot_tell(tmp_path):
    made = report.write(make(tmp_path / "s", finals=False))
    assert made.board.phase == "search" and made.board.design is None
    assert "One seed cannot tell" in prose.verdict(made.board)
    assert [pair.found for pair in made.board.comparison.pairs] == [False] * 10
    assert "There were no finals" in text_of(made.page)


def test_few_seeds_are_said_to_be_few(tmp_path):
    chances = {"gru": 0.72, "lstm": 0.7}
    lines = prose.limits(report.read(make(tmp_path / "s", SEEDS[:3], chances=chances)).board)
    said = " ".join(lines)
    assert "With 3 seeds, 120 sentences and 1 comparison" in lines[0]
    assert re.search(r"To find 1 point as often (takes about \d+ seeds|no number of seeds)", said)
    assert "permutation test over 3 seeds alone cannot tell anything" in said
    assert re.search(r"is due to seeds and \d+ % to which sentences", said)


def test_the_leaderboard_has_intervals_groups_and_costs(finished):
    folder, made = finished
    rows = table(folder / "finals.tsv")
    assert [row["group"] for row in rows] == ["a", "b", "c"]
    first, row = rows[0], made.board.rows[0]
    assert float(first["p_holm"]) == pytest.approx(row.against.holm, rel=1e-4)
    assert float(first["dev_low"]) < float(first["dev"]) < float(first["dev_high"])
    assert (first["cpu_seconds_per_epoch"], first["compile_seconds"]) == ("2", "1")
    assert float(first["cpu_ms_per_sentence"]) == pytest.approx(1000 * 0.6 / SENTENCES)
    assert (first["megabytes"], first["beside_load"]) == ("0.05", "")
    assert "group" not in table(folder / "leaderboard.tsv")[0]  # the search was not compared


def test_the_tables_have_every_pair_run_epoch_and_value(finished):
    folder, made = finished
    pairs = table(folder / "comparisons.tsv")
    assert {(row["first"], row["second"]) for row in pairs} == {
        ("gru", "lstm"), ("gru", "simple_rnn"), ("lstm", "simple_rnn")}  # fmt: skip
    trials = table(folder / "trials.tsv")
    assert len(trials) == 6 + 15
    [failed] = [row for row in trials if row["status"] == "failed"]
    assert failed["reason"].endswith("and more") and "out of memory" in failed["reason"]
    assert len(table(folder / "curves.tsv")) == 3 * 20
    levels = {(row["key"], row["value"]) for row in table(folder / "effects.tsv")}
    assert levels == {("model.cell", cell) for cell in CELLS} | {
        ("model.units", "8"), ("model.units", "16")}  # fmt: skip


def test_marginal_means_are_of_all_trials_with_the_value(finished):
    folder, made = finished
    found = {effect.key: effect for effect in effects.effects(made.config, made.board.trials)}
    for level in found["model.cell"].levels:
        devs = [
            trial.dev
            for trial in made.board.trials
            if trial.phase == "search" and trial.cell == level.value and trial.dev is not None
        ]
        assert level.mean == pytest.approx(np.mean(devs)) and level.trials == len(devs)
    assert found["model.cell"].share > 0.9 > 0.5 > found["model.units"].share


def test_times_beside_other_load_are_marked(tmp_path, finished):
    made = report.write(make(tmp_path / "s", SEEDS[:2], load=0.5))
    assert all(row.cost.beside_load for row in made.board.rows)
    assert "2.00 *" in text_of(made.page) and "kept cores busy" in text_of(made.page)
    assert "2.00 *" not in text_of(finished[1].page)


def test_a_setting_is_on_the_front_unless_another_is_no_worse_in_both():
    assert pareto([(0.9, 10.0), (0.8, 5.0), (0.7, 6.0), (0.8, 7.0), (0.9, 10.0), (0.85, 10.0)]) == {
        0,
        1,
        4,
    }


def test_the_page_is_one_file_with_words_for_every_picture(finished):
    folder, made = finished
    page = made.page.read_text("utf-8")
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(pictures) == 2 + 1 + 2  # seeds, curves; costs that differ; effects
    for picture in pictures:
        parsed = ElementTree.fromstring(picture)
        assert parsed.get("role") == "img" and len(parsed.get("aria-label")) > 60
        places = [float(n) for n in re.findall(r'(?:cx|x1|y1|cy)="([^"]+)"', picture)]
        assert np.isfinite(places).all()
    assert not re.search(r'(src|href)="(https?:)?//', page)
    for file in re.findall(r'href="([\w.]+\.tsv)"', page):
        assert (folder / file).exists(), file


def test_the_page_says_nothing_of_the_machine_but_what_trained(finished):
    folder, made = finished
    page = made.page.read_text("utf-8")
    assert str(folder.parent) not in page and "/home/anna" not in page
    assert "out of memory" in page and "A processor" in page and "3.15.1" in page


def test_everything_is_escaped(tmp_path):
    made = report.write(make(tmp_path / "s<b>&", SEEDS[:2], chances={"<b>": 0.5, "lstm": 0.7}))
    page = made.page.read_text("utf-8")
    assert "<b>" not in page and "&lt;b&gt;" in page
    for picture in re.findall(r"<svg.*?</svg>", page, flags=re.S):
        ElementTree.fromstring(picture)


def test_the_configuration_on_the_page_is_that_of_the_sweep(finished, tmp_path):
    import tomllib

    from pipelines.sweeping.page import configuration

    _, made = finished
    base, sweep = configuration(made.config).split("# sweep.toml")
    read = tomllib.loads(sweep)
    assert Experiment.model_validate(tomllib.loads(base)) == made.config.base
    again = Sweep(base=made.config.base, sweep=read["sweep"], space=read["space"])
    assert again == made.config


def test_written_again_it_is_the_same(finished, tmp_path):
    folder, _ = finished
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    for path in [*copy.glob("*.tsv"), copy / "report.html"]:
        path.unlink()
    report.write(copy)
    for path in folder.glob("*.tsv"):
        assert (copy / path.name).read_text() == path.read_text()
    dates = re.compile(r"<time.*?</time>")
    pages = [dates.sub("", (f / "report.html").read_text()) for f in (folder, copy)]
    assert pages[0] == pages[1]


def test_while_finals_are_being_scored_their_other_runs_are_compared(tmp_path):
    folder = make(tmp_path / "s")
    (folder / "finals" / "0001" / "scores.test.json").unlink()
    board = report.read(folder).board
    assert board.sentences == SENTENCES
    assert [row.test.seeds for row in board.rows] == [4, 5, 5]
    assert board.rows[0].against.seeds == 4


def test_finals_without_test_are_compared_on_dev(tmp_path):
    board = report.read(make(tmp_path / "s", SEEDS[:3], test=False)).board
    assert (board.split, board.sentences) == ("dev", SENTENCES)
    assert all(row.test is None for row in board.rows)


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


def test_of_a_large_search_the_best_and_the_baseline_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.sweeping.board.MOST", 3)
    chances = {"gru": 0.9, "mgu": 0.8, "ugrnn": 0.7, "simple_rnn": 0.6, "lstm": 0.3}
    folder = make(tmp_path / "s", SEEDS[:2], finals=False, chances=chances)
    made = report.write(folder)
    assert len(made.board.rows) == 3 and made.board.hidden == 6
    assert made.board.rows[-1].setting.values["model.cell"] == "lstm"
    assert made.board.reference == 2 and made.board.of_baseline
    assert "6 more are in leaderboard.tsv" in text_of(made.page)
    assert len(table(folder / "leaderboard.tsv")) == 9 + 1


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
