"""The whole way once, by the commands: data, training, scores, export, tags, server, pictures."""

import csv
import json
import shutil
import urllib.request
from pathlib import Path

TEXT = "Peter Lind works for Global Airways in London."


def test_files_are_checked_converted_and_scored(tiny, tmp_path, cli):
    data = tiny().data
    checked = cli("data", "check", data.train, data.dev, "--json")
    assert checked.status == 0 and not json.loads(checked.out)["has_errors"]
    other, back = tmp_path / "dev.jsonl", tmp_path / "dev.conll"
    assert cli("data", "convert", data.dev, other, "--to", "iobes").status == 0
    assert cli("data", "convert", other, back, "--to", "iob2").status == 0
    scored = cli("data", "score", data.dev, back, "--json")
    assert scored.status == 0, scored.err
    assert json.loads(scored.out)["total"]["f1"] == 1


def test_a_run_is_trained_scored_exported_and_its_export_tags_and_is_served(
    training, trained, exporting, exported, tiny, tmp_path, cli, start
):
    epochs = [line.split()[1] for line in training.err.splitlines() if line.startswith("epoch")]
    assert epochs == [str(n + 1) for n in range(tiny().training.epochs)]
    assert f"{trained}: dev entity F1" in training.out

    run = shutil.copytree(trained, tmp_path / "run")
    evaluated = cli("evaluate", run, "--json")
    assert evaluated.status == 0, evaluated.err
    assert 0.2 < json.loads(evaluated.out)["total"]["f1"] < 1

    assert exporting.out == f"{exported / '1'}\n"
    of_run, of_export = (cli("tag", model, TEXT) for model in (trained, exported))
    assert of_run == of_export and of_run.status == 0
    tagged = [line.split("\t") for line in of_run.out.splitlines() if line]
    assert [word for word, _ in tagged] == [*TEXT[:-1].split(), "."]
    assert tagged[0][1] == "B-PER" and tagged[2][1] == "O" and tagged[-2][1] == "B-LOC"

    server = start("serve", exported, "--port", 0)
    url = server.stdout.readline().split()[-1]
    body = json.dumps({"signature_name": "text", "instances": [TEXT]}).encode()
    with urllib.request.urlopen(url, body, timeout=60) as answer:
        [prediction] = json.load(answer)["predictions"]
    served = zip(prediction["tokens"], prediction["tags"], strict=True)
    assert list(map(list, served)) == tagged


def test_a_run_is_inspected(trained, tmp_path, cli):
    outcome = cli("inspect", trained, TEXT, "--out", tmp_path / "out", "--json")
    assert outcome.status == 0, outcome.err
    said = json.loads(outcome.out)
    assert (said["folder"], said["without_font"]) == (str(tmp_path / "out"), [])
    page = Path(said["page"]).read_text("utf-8")
    pictures = list((tmp_path / "out").glob("*.png"))
    assert pictures and page.count("data:image/png;base64,") == len(pictures)  # all in one file
    assert "Global" in page


def test_a_sweep_ranks_its_trials_and_exports_the_best(tiny_toml, tmp_path, cli):
    path = tmp_path / "sweep.toml"
    path.write_text(
        f'base = "{tiny_toml.as_posix()}"\n[sweep]\nmethod = "grid"\n'
        '[space]\n"training.learning_rate" = [0.05, 1e-6]\n'
    )
    quick = {"training.epochs": 3, "model.cell": "simple_rnn", "model.characters": "none"}
    changes = [part for key, value in quick.items() for part in ("--set", f"{key}={value}")]
    outcome = cli("sweep", path, "--out", tmp_path / "out", *changes)
    assert outcome.status == 0, outcome.err
    with (tmp_path / "out" / "leaderboard.tsv").open(encoding="utf-8") as table:
        rates = [row["training.learning_rate"] for row in csv.DictReader(table, delimiter="\t")]
    assert rates == ["0.05", "1e-06"]  # what hardly moves learns nothing
    assert cli("tag", tmp_path / "out" / "best", TEXT).status == 0
