"""What is shown of a sweep follows from its folder: no TensorFlow, and runs that are only files."""

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from made_sweeps import CELLS, SEEDS, SENTENCES, make, table, text_of

from pipelines.config.schema import Experiment
from pipelines.config.sweep_schema import Sweep
from pipelines.sweeping import effects, prose, report
from pipelines.sweeping.board import pareto


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
