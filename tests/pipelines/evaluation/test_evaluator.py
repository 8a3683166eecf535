"""A run is scored on a split of its data, and on nothing else."""

import json
import re
import shutil

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError
from pipelines.evaluation.evaluator import evaluate
from pipelines.training import runs
from pipelines.training.trainer import train

pytestmark = pytest.mark.ci  # newcomers evaluate once, in test_journey.py


@pytest.mark.parametrize("split", [pytest.param("train", marks=pytest.mark.nightly), "dev", "test"])
def test_a_run_is_scored_on_a_split_and_its_predictions_are_beside_it(
    split, trained, tiny, tmp_path
):
    run = shutil.copytree(trained, tmp_path / "run")
    result = evaluate(run, split, batch_size=5).scores
    gold = read(getattr(tiny().data, split)).sentences
    text = (run / f"predictions.{split}.conll").read_text("utf-8")
    rows = [[line.split("\t") for line in part.split("\n")] for part in text.split("\n\n")[:-1]]
    assert [[row[:2] for row in part] for part in rows] == [
        [list(pair) for pair in zip(s.tokens, s.tags, strict=True)] for s in gold
    ]
    right = [row[1] == row[2] for part in rows for row in part]
    assert result.accuracy == pytest.approx(sum(right) / len(right))
    assert json.loads((run / f"scores.{split}.json").read_text())["total"]["f1"] == result.f1
    if split == "dev":
        assert result.f1 == runs.scores(trained)["dev"]
    assert (run / runs.SCORES).read_bytes() == (trained / runs.SCORES).read_bytes()


@pytest.mark.nightly
def test_gold_tags_in_another_scheme_score_as_the_same_entities(tmp_path, tiny):
    for split in ("train", "test"):
        (tmp_path / split).write_text("a\tO\nb\tB-X\nc\tE-X\nd\tS-Y\n\n" * 10)
    files = {f"data.{split}": str(tmp_path / split) for split in ("train", "test")}
    run = tmp_path / "run"
    result = train(
        tiny(**files, **{"data.dev": None, "model.cell": "simple_rnn", "training.epochs": 12}), run
    )
    assert result["dev"] == 1
    assert evaluate(run).scores.f1 == 1
    first = (run / "predictions.test.conll").read_text().split("\n\n")[0]
    assert first == "a\tO\tO\nb\tB-X\tB-X\nc\tI-X\tI-X\nd\tB-Y\tB-Y"


def test_a_split_that_the_data_lack_is_refused(trained):
    with pytest.raises(InputError, match="no split 'tset', only train, dev, test"):
        evaluate(trained, "tset")


@pytest.mark.parametrize("split", ["train", "dev"])
def test_a_run_is_not_scored_beside_other_sentences_than_it_was_trained_beside(
    split, trained, tmp_path
):
    run = shutil.copytree(trained, tmp_path / "run")
    origin = json.loads((run / runs.ORIGIN).read_text())
    origin["data"][split]["sha256"] = "of other sentences"
    (run / runs.ORIGIN).write_text(json.dumps(origin))
    with pytest.raises(InputError, match=f"tiny.{split}.conll: has changed since .* {split} "):
        evaluate(run)
    assert not (run / "scores.test.json").exists()


@pytest.mark.parametrize(
    ("bias", "words"),
    [(float("nan"), r"model.keras: has NaN or infinity in scores/bias: train"),
     (1e38, r"its scores of .*tiny\.test\.conll:\d+ are not finite")],
)  # fmt: skip
def test_a_run_whose_scores_are_not_finite_has_no_f1(bias, words, with_bias, cli, contents):
    run = with_bias(bias)
    before = contents(run)
    outcome = cli("evaluate", run)
    assert outcome.status == 2 and outcome.out == ""
    [line] = outcome.err.splitlines()
    assert re.match(rf"error: {re.escape(str(run))}.*{words}", line)
    assert contents(run) == before
