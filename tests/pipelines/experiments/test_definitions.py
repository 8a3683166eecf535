"""Definitions that could not be run, told apart or found would be noticed late."""

from dataclasses import replace

import numpy as np
import pytest

import keras_lstm_variants as library
from pipelines.errors import InputError
from pipelines.experiments import rows, summary
from pipelines.experiments.catalogue import ALL, EXPERIMENTS, named
from pipelines.experiments.checklist import POINTS
from pipelines.experiments.definition import Expected, Result
from pipelines.experiments.rows import Row
from pipelines.experiments.runner import Trial, parts, plan
from pipelines.experiments.verdicts import verdicts

TRAINED = [one for one in EXPERIMENTS.values() if not one.compute]
COMPUTED = [one for one in EXPERIMENTS.values() if one.compute]


@pytest.mark.parametrize("experiment", TRAINED, ids=lambda one: one.name)
@pytest.mark.parametrize("quick", [True, False])
def test_every_protocol_can_be_followed(experiment, quick):
    for arm in experiment.nets(quick):
        protocol = experiment.protocol(arm, quick)
        assert protocol.check % protocol.batch == 0, "whole mini-batches between two tests"
        assert protocol.budget >= protocol.check
        assert protocol.loss == "squared" or arm.net.output != "linear"
        assert arm.net.output == "softmax" or protocol.loss == "squared" or experiment.needs_file
        if not experiment.needs_file:
            batch = arm.task.batch(np.random.default_rng(0), 2)
            assert batch.y.shape == (2, arm.task.longest, arm.task.outputs)
            assert arm.task.correct(batch, batch.y).shape == (2,)


@pytest.mark.parametrize("quick", [True, False])
def test_every_trial_has_a_file_of_its_own(quick, tmp_path):
    trials = plan(list(EXPERIMENTS.values()), [], 2, quick)
    paths = [trial.path(tmp_path) for trial in trials]
    assert len({*paths}) == len(paths)


def test_what_a_trial_is_about_is_in_its_definition():
    order = EXPERIMENTS["temporal-order"]
    trials = [*plan([order], [], 1, True), *plan([order], [], 1, False)]
    assert len({trial.definition() for trial in trials}) == len(trials)
    assert [one.definition() for one in plan([order], [], 1, True)] == [
        trial.definition() for trial in trials[:2]
    ]


@pytest.mark.parametrize("arms, seeds, processes", [(1, 5, 4), (3, 2, 2), (5, 3, 1), (2, 1, 16)])
def test_seeds_of_an_arm_stay_together_and_no_process_idles(arms, seeds, processes):
    order = EXPERIMENTS["temporal-order"]
    trials = [
        Trial(order, replace(order.arms[0], label=str(arm)), seed, True)
        for arm in range(arms)
        for seed in range(seeds)
    ]
    found = parts(trials, processes)
    assert sorted(n for part in found for n in part) == list(range(arms * seeds))
    assert all(len({trials[n].label for n in part}) == 1 for part in found)
    assert len(found) >= min(processes, len(trials))
    if arms >= 2 * processes:
        assert len(found) == arms


def test_a_computation_is_found():
    for experiment in COMPUTED:
        module, _, function = experiment.compute.partition(":")
        assert module in ("theory", "memories", "two_paths") and function.isidentifier()


def test_every_point_of_the_notes_has_its_row_and_answers_that_exist():
    lengths = {"0": 20, "1": 12, "2": 8, "3": 18, "4": 17}
    numbers = [f"{note}.{n}" for note, count in lengths.items() for n in range(1, count + 1)]
    assert [point.number for point in POINTS] == numbers
    named_by = {number for one in EXPERIMENTS.values() for number in one.answers}
    assert named_by <= set(numbers)
    public = {*library.EXPORTS.places, "LAYERS"}
    for point in POINTS:
        for answer in point.answers:
            if not answer.startswith("lstm-variants "):
                package, _, name = answer.partition(".")
                assert package == "pipelines" or name.rpartition(".")[2] in public
    unanswered = [p.number for p in POINTS if not p.answers and not p.experiments]
    assert unanswered == [p.number for p in POINTS if not p.runs] == ["3.18"]


def test_other_cells_take_the_place_of_one_of_the_same_width():
    (trial,) = plan([EXPERIMENTS["temporal-order"]], ["gru"], 1, True)
    assert trial.arm.net.cell == "gru" and trial.arm.net.options == {"units": 4}
    own = plan([EXPERIMENTS["temporal-order"]], ["lstm_1997"], 1, True)
    assert own[0].arm.net.options["cells_per_block"] == 2
    lags = plan([EXPERIMENTS["largest-lag"]], ["mgu"], 1, True)
    assert [trial.label for trial in lags][:2] == ["mgu, lag 5", "mgu, lag 10"]


@pytest.mark.parametrize(
    "names, cells, said",
    [
        (["temporal-ordr"], [], "did you mean temporal-order"),
        (["qqqqq"], [], "lists them"),
        (["chorales"], [], "needs data"),
        (["path-sums"], ["lstm"], "has no cell"),
        (["temporal-order"], ["lstn"], "no such cell: did you mean lstm"),
        (["noise-free-2a"], ["gru"], "is about lstm_1997_input_gate, memoryless only"),
    ],
)
def test_what_cannot_be_reproduced_is_refused(names, cells, said):
    with pytest.raises(InputError, match=said):
        plan(named(names), cells, None, True)


def test_all_are_those_that_need_no_file():
    names = [one.name for one in EXPERIMENTS.values() if not one.needs_file]
    assert [one.name for one in named([ALL])] == names and "chorales" not in names


# Of Brown, Cai & DasGupta 2001, and by hand: for all of n, n / (n + z^2).
@pytest.mark.parametrize(
    "solved, trials, low, high",
    [(5, 5, 0.5655, 1.0), (0, 5, 0.0, 0.4345), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_of_a_rate_is_that_of_wilson(solved, trials, low, high):
    results = {n: Result({}, n < solved) for n in range(trials)}
    (row,) = rows.rows({"a": results})
    np.testing.assert_allclose(row.interval, (low, high), atol=6e-5)


def test_a_row_is_the_median_of_its_seeds():
    results = {
        0: Result({"error": 1.0}, True, 300),
        1: Result({"error": 2.0}, True, 100),
        2: Result({"error": 6.0, "more": 4.0}, False, None, note="diverged"),
    }
    (row,) = rows.rows({"net": results})
    assert (row.trials, row.solved, row.sequences, row.least, row.most) == (3, 2, 200, 100, 300)
    assert row.measures == {"error": 2.0, "more": 4.0} and row.notes == ["diverged"]


def test_the_largest_lag_is_the_last_before_the_first_failure():
    solved = {5: (1, 1), 10: (1, 0), 20: (0, 0), 50: (1, 1), 100: (0, 0)}
    results = {
        f"lstm, lag {lag}": {n: Result({}, bool(one)) for n, one in enumerate(seeds)}
        for lag, seeds in solved.items()
    }
    tables = summary.tables(EXPERIMENTS["largest-lag"], results, quick=True)
    (table,) = [table for table in tables if "how far" in table.title]
    assert table.rows == [["lstm", "5", "10"]]


def row(arm, solved=0, trials=3, sequences=None, **measures):
    return Row(arm, trials, solved, None, sequences, None, None, measures, [])


@pytest.mark.parametrize(
    "expected, found, holds",
    [
        (Expected("a"), [row("a", 2)], True),
        (Expected("a"), [row("a", 1, 2)], False),  # half of the seeds say neither
        (Expected("a", solves=False), [row("a", 1, 2)], False),
        (Expected("a", solves=False), [row("a", 1)], True),
        (Expected("a", less="nats", than="b"), [row("a", nats=8.5), row("b", nats=9.0)], True),
        (Expected("a", less="nats", than="b"), [row("a", nats=9.0), row("b", nats=9.0)], False),
        (Expected("a", less="nats", than="b"), [row("a", nats=9.0), row("b")], False),
        # What most seeds solve needs fewer than what they do not, however soon one seed was.
        (
            Expected("a", less="sequences", than="b"),
            [row("a", 3, sequences=900), row("b", 1, sequences=100)],
            True,
        ),
        (Expected("a", less="sequences", than="b"), [row("a", 0), row("b", 0)], False),
    ],
)
def test_what_is_expected_is_compared_with_what_was_found(expected, found, holds):
    (verdict,) = verdicts(replace(EXPERIMENTS["bptt"], expected=(expected,)), found)
    assert verdict.holds is holds
    assert not verdicts(replace(EXPERIMENTS["bptt"], expected=(expected,)), [row("c", 3)])


@pytest.mark.parametrize("experiment", TRAINED, ids=lambda one: one.name)
def test_expectations_are_of_arms_that_there_are(experiment):
    labels = {arm.label for quick in (True, False) for arm in experiment.nets(quick)}
    named = {one.arm for one in experiment.expected} | {one.than for one in experiment.expected}
    assert experiment.expected and named - {""} <= labels


def test_what_is_published_stands_beside_ours():
    order = EXPERIMENTS["temporal-order"]
    ours, published = summary.tables(order, {"lstm_1997": {0: Result({}, True, 4000)}}, True)
    assert ours.rows[0][:4] == ["lstm_1997", "1/1", "21% to 100%", "4,000"]
    assert published.rows[0] == [
        "lstm_1997",
        "31,390 sequences; 1 of 2,560 wrong",
        "Hochreiter & Schmidhuber 1997",
        "read",
    ]
