"""The command line: one line for each mistake, the right exit status, nothing half-written."""

import json
import statistics
import subprocess
import sys
from importlib.util import find_spec

import pytest

from keras_lstm_variants import CELLS, LAYERS
from pipelines.cli.main import app, fail
from pipelines.serving.taggers import load
from pipelines.serving.tagging import tag

HEAVY = {"tensorflow", "keras", "keras_tuner", "tensorflow_datasets", "numpy"}
IMPORTS = """
import sys
from pipelines.cli.main import run

sys.argv = ["lstm-variants", *sys.argv[1:]]
try:
    run()
finally:
    print(*(sorted({name.partition(".")[0] for name in sys.modules})))
"""
COMMANDS = [
    "bench",
    "cells",
    "config",
    "data",
    "evaluate",
    "export",
    "forecast",
    "init",
    "inspect",
    "probe",
    "report",
    "reproduce",
    "serve",
    "sweep",
    "tag",
    "train",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder in which commands run, so that whatever they write is seen."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["train", "--help"], ["data", "--help"], ["bench", "layers", "--help"]],
    ids=str,
)
def test_help_imports_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    help, modules = done.stdout.rstrip("\n").rsplit("\n", 1)
    assert "Usage" in help
    assert "pipelines" in modules.split() and "typer" in modules.split()
    assert not set(modules.split()) & HEAVY


def test_help_names_every_command(cli):
    outcome = cli("--help")
    assert outcome.status == 0
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names | {group.name for group in app.registered_groups} == set(COMMANDS)
    for name in COMMANDS:
        assert name in outcome.out


FILES = {
    "good.toml": '[data]\ntrain = "good.conll"\ndev = "dev.conll"\n[training]\nepochs = 1\n',
    "typo.toml": '[data]\ntrain = "good.conll"\nmin_cuont = 3\n',
    "cell.toml": '[data]\ntrain = "good.conll"\n[model]\ncell = "lsmt"\n',
    "blocks.toml": '[data]\ntrain = "good.conll"\ndev = "dev.conll"\n'
    '[model]\ncell = "lstm_1997"\nunits = 5\n',
    "nothing.toml": '[data]\ntrain = "nothing.conll"\n',
    "columns.toml": '[data]\ntrain = "columns.conll"\n',
    "missing.toml": '[data]\ntrain = "missing.conll"\n',
    "sweep.toml": 'base = "good.toml"\n[sweep]\nmethod = "grid"\n[space]\n"model.cel" = ["gru"]\n',
    "good.conll": "a\tO\nb\tB-X\n\n" * 10,
    "dev.conll": "b\tB-X\nc\tO\n\n" * 3,
    "nothing.conll": "",
    "columns.conll": "a\tO\nb\tB-X\n\n" * 10 + "c\n",
}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train no.toml", "no.toml: no such file"),
        ("train typo.toml", "typo.toml:3: data.min_cuont: unknown key; did you mean 'min_count'?"),
        ("train cell.toml", "cell.toml:4: model.cell: unknown 'lsmt'"),
        ("train blocks.toml", "5 units"),
        ("train missing.toml", "missing.conll: no such file"),
        ("train nothing.toml", "nothing.conll: is empty"),
        ("train columns.toml", "columns.conll:31: 1 columns instead of 2"),
        ("train good.toml --set training.epochs", "--set training.epochs"),
        ("train good.toml --set model.units=0", "model.units"),
        ("train good.toml --set model.units=3000000 --out huge", "not enough memory (OOM when"),
        ("train good.toml --out good.conll/run", "good.conll/run: cannot be written"),
        ("train good.toml --out good.conll", "good.conll: cannot be written"),
        ("sweep no.toml", "no.toml: no such file"),
        ("sweep good.toml", "good.toml: base"),
        ("sweep sweep.toml", "sweep.toml:5: model.cel: unknown key; did you mean 'cell'?"),
        ("evaluate no", "no: not a run folder"),
        ("evaluate RUN --split tset", "no split 'tset'"),
        ("export no out", "no: not a run folder"),
        ("export RUN EXPORT", "1: exists"),
        ("export RUN good.conll", "good.conll: cannot be written"),
        ("export RUN good.conll/out", "good.conll/out: cannot be written"),
        ("export RUN out --version 0", "version"),
        ("export RUN out --format h5", "--format"),
        ("export RUN EXPORT --format onnx", "1: exists"),
        pytest.param(
            *("export RUN good.conll --format onnx", "good.conll: cannot be written"),
            marks=pytest.mark.skipif(find_spec("tf2onnx") is None, reason="needs the extra onnx"),
        ),
        ("export RUN out --format litert --batch-size 0", "--batch-size"),
        ("tag no text", "no: neither a run nor an export"),
        ("tag RUN a\udcffb", "not UTF-8"),
        ("inspect no text", "no: not a run folder"),
        ("inspect RUN text --out good.conll", "good.conll: exists"),
        ("inspect RUN a\udcffb", "not UTF-8"),
        ("inspect RUN", "TEXT"),
        ("serve no", "no: neither a run nor an export"),
        ("serve EXPORT --port 70000", "port"),
        ("serve EXPORT --deadline inf", "--deadline"),
        ("serve EXPORT --receive nan", "--receive"),
        ("serve EXPORT --host 203.0.113.1 --port 0", "cannot listen"),
        ("data check no.conll", "no.conll"),
        ("data check no/no.conll", "no/no.conll: no such file"),
        ("data check no_such_data_set", "no_such_data_set"),
        ("data check nothing.conll", "nothing.conll: is empty"),
        ("data check good.conll good.conll good.conll good.conll", "4 files"),
        ("data check good.conll --tag-column 7", "no column 7"),
        ("bench layers --cell lsmt", "no cell 'lsmt': did you mean"),
        ("bench layers --cell gru --shape 1,2,3", "--shape 1,2,3: want four positive numbers"),
        ("bench layers --cell gru --shape 1,2,0,4", "--shape 1,2,0,4: want four positive numbers"),
        ("bench layers --cell gru --shape 1,2,three,4", "--shape 1,2,three,4: want four"),
        ("bench layers --cell memory_block_lstm --shape 1,2,3,5", "5 units cannot stand in blocks"),
        ("bench layers --cell gru --directions 3", "--directions"),
        ("bench layers --cell gru --threads 100000", "--threads 100000: this machine has"),
        ("bench layers --cell gru --json no/out.json", "no/out.json: cannot be written"),
        ("bench layers --cell gru --markdown .", ".: is a folder"),
        ("bench pipeline no.toml", "no.toml: no such file"),
        ("bench pipeline missing.toml", "missing.conll: no such file"),
        ("bench serve no", "no: neither a run nor an export"),
        ("data convert no.conll out.conll", "no.conll: no such file"),
        ("data convert good.conll dev.conll", "dev.conll: exists"),
        ("data convert columns.conll out.conll", "columns.conll:31: 1 columns instead of 2"),
        ("data convert good.conll out.conll --to BOI", "unknown scheme 'BOI'"),
        ("data convert good.conll out.conll --separator ;", "--separator"),
        ("data score good.conll", "one column of tags"),
        ("data score good.conll dev.conll", "dev.conll:1: 'b' stands where good.conll:1 has 'a'"),
        ("data score good.conll good.conll --train no.conll", "no.conll: no such file"),
        ("data score good.conll good.conll --samples 0", "--samples"),
        ("reproduce temporal-ordr", "no experiment 'temporal-ordr': did you mean temporal-order?"),
        ("reproduce temporal-order --cell lstn", "--cell lstn: no such cell: did you mean lstm?"),
        ("reproduce path-sums --cell lstm", "path-sums computes something that has no cell"),
        ("reproduce chorales", "chorales: needs data"),
        ("reproduce chorales --data no.json", "no.json: cannot be read: No such file"),
        ("reproduce path-sums --out good.conll", "cannot be made: Not a directory"),
        ("reproduce path-sums --markdown no/page.md", "no/page.md: cannot be written"),
        ("reproduce path-sums --seeds 0", "--seeds"),
        ("trian good.toml", "trian"),
        ("data chekc good.conll", "chekc"),
        ("train good.toml --ouch out", "--ouch"),
        ("train", "config"),
        ("export RUN", "directory"),
        ("export RUN out --version one", "--version"),
    ],
)
def test_a_mistake_is_one_line_and_status_two_and_leaves_nothing_behind(
    command, words, here, cli, trained, exported, contents
):
    for name, text in FILES.items():
        (here / name).write_text(text)
    places = {"RUN": str(trained), "EXPORT": str(exported)}
    before = contents(here), contents(trained), contents(exported)
    outcome = cli(*(places.get(word, word) for word in command.split()))
    assert outcome.status == 2
    *before_it, line = outcome.err.splitlines()
    assert line.startswith("error: ") and words in line
    # What the data are is said before a folder turns out to be no place for a run; no more.
    assert all(told.startswith(("train: ", "dev: ", "tags: ")) for told in before_it)
    assert outcome.out == ""
    assert (contents(here), contents(trained), contents(exported)) == before


def test_several_mistakes_are_a_line_each(here, cli):
    (here / "bad.toml").write_text('[data]\ntrain = "x"\nmin_count = 0\n[model]\nunits = 0\n')
    outcome = cli("train", "bad.toml")
    assert outcome.status == 2
    assert [line[:17] for line in outcome.err.splitlines()] == [
        "error: bad.toml:3", "error: bad.toml:5"]  # fmt: skip


@pytest.mark.parametrize("status", [1, 2])
def test_failing_says_error_before_every_line_and_exits(status, capsys):
    with pytest.raises(SystemExit) as caught:
        fail("one\ntwo", status)
    assert caught.value.code == status
    assert capsys.readouterr() == ("", "error: one\nerror: two\n")


def test_nothing_to_do_shows_the_help(cli):
    for arguments in ((), ("data",), ("bench",)):
        outcome = cli(*arguments)
        assert outcome.status == 2
        assert "Usage" in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("a\tO\nb\tB-X\n\nc\tO\n", 0, "nothing wrong"),
        ("a\tO\nb\tB-X\n\nc\tO\nd\tI-X\n", 0, "1 warning"),
        ("a\tO\nb\tB-X\n\n" * 3 + "c\n", 1, "check.conll:10: error: 1 columns instead of 2"),
        ("", 2, "check.conll: is empty"),
    ],
)
def test_the_status_of_a_check_says_whether_there_are_errors(text, status, words, here, cli):
    (here / "check.conll").write_text(text)
    outcome = cli("data", "check", "check.conll")
    assert outcome.status == status
    assert words in (outcome.err if status == 2 else outcome.out)
    if status < 2:
        outcome = cli("data", "check", "check.conll", "--json")
        assert outcome.status == status
        assert json.loads(outcome.out)["has_errors"] == bool(status)


def test_what_a_conversion_did_and_could_not_keep_is_said(here, cli):
    (here / "in.conll").write_text("a\tB-X\n\n" * 9 + "b\tO\nc\tI-X\n\n" * 30 + "-DOCSTART- O\n")
    outcome = cli("data", "convert", "in.conll", "out.jsonl", "--to", "iobes", "--scheme", "bio")
    assert outcome.status == 0
    assert outcome.out == (
        "out.jsonl: 39 sentences, 69 tokens: IOB2 in CoNLL columns -> IOBES in JSON lines\n"
    )
    first, *_, last = outcome.err.splitlines()
    assert first.startswith("in.conll:20: warning: I-X after O: in IOB2 an entity opens with B-X")
    assert last == "and 11 more warnings"
    assert (here / "out.jsonl").read_text().count("S-X") == 39


def test_files_are_checked_as_train_dev_and_test(here, cli):
    for name, word in (("a", "one"), ("b", "two"), ("c", "one")):
        (here / name).write_text(f"{word}\tB-X\nthing\tO\n")
    outcome = cli("data", "check", "a", "b", "c", "--json")
    report = json.loads(outcome.out)
    assert list(report["splits"]) == ["train", "dev", "test"]
    [fault] = report["faults"]
    assert fault["where"] == "c:1" and "train" in fault["message"]


def test_what_an_experiment_trains_on_is_checked_as_it_is_read(here, cli):
    (here / "a.conll").write_text("Bonn\tB-X\n\n" * 7)
    (here / "b.conll").write_text("Rome\tB-X\n\n" * 8)
    (here / "my.toml").write_text(
        '[data]\ntrain = ["a.conll", "b.conll"]\nfolds = 5\nfold = 1\ndev_share = 0.5\n'
    )
    report = json.loads(cli("data", "check", "my.toml", "--json").out)
    sizes = [(name, split["sentences"]) for name, split in report["splits"].items()]
    assert sizes == [("train", 6), ("dev", 6), ("test", 3)]
    assert "[data]" in cli("data", "check", "my.toml", "--tag-column", "1").err


def test_the_catalogue_names_every_cell_and_its_layer(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    outcome = cli("cells")
    assert outcome.status == 0
    for name in CELLS:
        assert name in outcome.out and LAYERS[name].__name__ in outcome.out


def test_a_cell_is_shown_with_its_file_and_an_unknown_one_named(cli):
    outcome = cli("cells", "janet")
    assert outcome.status == 0 and "\nsource: keras_lstm_variants/cells/" in outcome.out
    outcome = cli("cells", "jannet")
    assert outcome.status == 2
    assert outcome.err == (
        "error: cells: there is no cell 'jannet': did you mean 'janet'? "
        "(`lstm-variants cells` lists them)\n"
    )


@pytest.mark.nightly
def test_a_run_is_trained_scored_exported_and_tags(here, cli, tiny_toml, monkeypatch):
    overrides = ["--set", "training.epochs=2", "--set", "model.cell=gru"]
    overrides += ["--set", "model.characters=none"]
    outcome = cli("train", tiny_toml, *overrides)
    run = here / "runs" / "tiny"
    assert outcome.status == 0
    assert "runs/tiny: dev entity F1" in outcome.out
    assert json.loads((run / "config.json").read_text())["model"]["cell"] == "gru"
    epochs = [line for line in outcome.err.splitlines() if line.startswith("epoch")]
    assert [line.split()[1] for line in epochs] == ["1", "2"]

    outcome = cli("evaluate", run, "--json")
    assert outcome.status == 0
    assert json.loads(outcome.out) == json.loads((run / "scores.test.json").read_text())
    assert "LOC" in cli("evaluate", run).out

    other = here / "runs" / "other"
    assert (
        cli("train", tiny_toml, *overrides, "--set", "training.seed=2", "--out", other).status == 0
    )
    outcome = cli("evaluate", run, other, "--json")
    scores = [json.loads((folder / "scores.test.json").read_text()) for folder in (run, other)]
    f1 = [of_run["total"]["f1"] for of_run in scores]
    assert json.loads(outcome.out) == {
        "runs": {str(run): scores[0], str(other): scores[1]},
        "measure": "f1",
        "mean": statistics.fmean(f1),
        "deviation": statistics.stdev(f1),
    }
    monkeypatch.setenv("COLUMNS", "300")  # the names of folders are long
    lines = cli("evaluate", run, other).out.splitlines()
    assert [line.split()[:2] for line in lines if str(here) in line] == [
        [str(run), f"{100 * f1[0]:.2f}"], [str(other), f"{100 * f1[1]:.2f}"]]  # fmt: skip
    mean = f"{100 * statistics.fmean(f1):.2f} ± {100 * statistics.stdev(f1):.2f}"
    mean = f"mean ± sd of 2 runs {mean}"
    assert lines[-1].split() == mean.split()
    assert cli("evaluate", run, "nowhere").status == 2
    assert cli("evaluate", run, "runs/tiny").err == "error: evaluate: the same run is given twice\n"

    outcome = cli("export", run, "served", "--version", "7")
    assert (outcome.status, outcome.out.strip()) == (0, "served/7")
    of_run, of_export = (cli("tag", model, "Anna lives in Rome.") for model in (run, "served"))
    assert of_run == of_export
    assert of_run.status == 0
    assert [line.split("\t")[0] for line in of_run.out.splitlines()] == [
        "Anna", "lives", "in", "Rome", ".", ""]  # fmt: skip


def lines_of(sentences):
    return "".join(
        "".join(f"{word}\t{tag_}\n" for word, tag_ in zip(s.tokens, s.tags, strict=True)) + "\n"
        for s in sentences
    )


@pytest.mark.nightly
def test_lines_of_text_are_sentences_wherever_they_come_from(cli, exported):
    lines = ["Peter Lind works for Acme.", "It rained."]
    expected = lines_of(tag(load(exported), lines))
    assert cli("tag", exported, "\n".join(lines)).out == expected
    for end in ("\n", "\r\n"):
        outcome = cli("tag", exported, "-", stdin=end.join(lines).encode())
        assert (outcome.status, outcome.out) == (0, expected)


@pytest.mark.ci
def test_the_same_text_is_the_same_sentences_from_the_line_and_from_a_pipe(cli, exported):
    text = "It\u2028rained\x0bin\x85Rome\x1c."
    typed, piped = cli("tag", exported, text), cli("tag", exported, "-", stdin=text.encode())
    assert typed == piped
    assert typed.out.count("\n\n") == 1


@pytest.mark.ci
def test_tagged_sentences_can_be_had_as_json(cli, exported):
    outcome = cli(
        "tag", exported, "-", "--json", stdin="It rained\n\n(in 日本)\n\t it rained \n".encode()
    )
    found = [json.loads(line) for line in outcome.out.splitlines()]
    assert [sentence["tokens"] for sentence in found] == [
        ["It", "rained"], [], ["(", "in", "日", "本", ")"], ["it", "rained"]]  # fmt: skip
    assert "日" in outcome.out
    assert [sentence["line"] for sentence in found] == [1, 2, 3, 4]
    assert (found[2]["starts"], found[2]["ends"]) == ([0, 1, 4, 5, 6], [1, 3, 5, 6, 7])
    assert (found[3]["starts"], found[3]["ends"]) == ([2, 5], [4, 11]), (
        "whitespace before it counts"
    )
    for sentence in found:
        assert len(sentence["tags"]) == len(sentence["scores"]) == len(sentence["tokens"])
        assert all(
            entity.keys() == {"type", "start", "end", "text"} for entity in sentence["entities"]
        )


@pytest.mark.ci
def test_words_that_are_split_already_stay_whole(cli, exported):
    outcome = cli("tag", exported, "It (rained).", "--split")
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == ["It", "(rained).", ""]


@pytest.mark.ci
def test_text_that_is_not_utf_8_is_refused_with_its_line(cli, exported):
    outcome = cli("tag", exported, "-", stdin=b"It rained\n\xff\xfe\nIt rained\n")
    assert outcome.status == 2
    assert outcome.err == "error: standard input:2: not UTF-8\n"


def test_an_interruption_is_status_130(cli, tiny_toml, here, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.training.trainer.train", interrupted)
    outcome = cli("train", tiny_toml)
    assert outcome.status == 130
    assert "Traceback" not in outcome.err and outcome.err.startswith("runs/tiny: stopped")
    monkeypatch.setattr("pipelines.evaluation.evaluator.evaluate", interrupted)
    assert cli("evaluate", "run") == (130, "", "")


def test_a_cell_can_be_had_as_json(cli):
    done = cli("cells", "peephole_lstm", "--json")
    assert done.err == ""
    assert json.loads(done.out)["entry"]["layer"] == "PeepholeLSTM"
    assert {entry["name"] for entry in json.loads(cli("cells", "--json").out)["cells"]} >= {*CELLS}


@pytest.mark.nightly
def test_results_are_one_json_object_and_quiet_says_nothing_else(here, cli, tiny_toml):
    short = ["--set", "training.epochs=1", "--json", "--quiet"]
    done = cli("train", tiny_toml, "--out", "run", *short)
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == {
        "run": "run",
        **json.loads((here / "run/scores.json").read_text()),
    }

    done = cli("export", "run", "tagger", "--json")
    assert json.loads(done.out)["export"] == "tagger/1" and (here / "tagger/1").is_dir()

    space = '[sweep]\nmethod = "grid"\n[space]\n"model.units" = [4, 8]\n'
    (here / "sweep.toml").write_text(f'base = "{tiny_toml}"\n{space}')
    done = cli("sweep", "sweep.toml", "--out", "sweep", *short)
    assert (done.status, done.err) == (0, "")
    found = json.loads(done.out)
    assert {s["values"]["model.units"] for s in found["settings"]} == {4, 8}
    assert found["exported"] == "sweep/best" and found["best"]["scores"]["epochs"] == 1
