"""--json and --quiet, which every command has."""

import io
import json
import sys

import pytest
import typer

from pipelines import quiet
from pipelines.cli.main import app

# One answers until it is stopped, the other prints JSON and nothing else.
WITHOUT = {"serve", "config schema"}


def commands(group, before=""):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, {option for one in command.params for option in one.opts}


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.fixture
def repaired(tmp_path):
    """A file of which a conversion to IOB2 has something to say."""
    path = tmp_path / "odd.conll"
    path.write_text("Anna\tI-PER\nmet\tO\nBob\tB-PER\n", "utf-8")
    return path


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_takes_both(name):
    assert {"--json", "--quiet"} <= COMMANDS[name] or name in WITHOUT


def test_notes_are_printed_unless_one_is_quiet_and_the_result_always(repaired, tmp_path, cli):
    loud = cli("data", "convert", repaired, tmp_path / "a.conll", "--to", "IOB2")
    silent = cli("data", "convert", repaired, tmp_path / "b.conll", "--to", "IOB2", "--quiet")
    assert (loud.status, silent.status) == (0, 0)
    assert "odd.conll:1" in loud.err
    assert silent.err == ""
    assert silent.out == loud.out.replace("a.conll", "b.conll") != ""
    assert (tmp_path / "b.conll").read_bytes() == (tmp_path / "a.conll").read_bytes()
    # It holds for one command, not for those after it.
    assert cli("data", "convert", repaired, tmp_path / "c.conll", "--to", "IOB2").err == loud.err


def test_errors_are_printed_all_the_same(tmp_path, cli):
    outcome = cli("data", "convert", tmp_path / "none.conll", tmp_path / "out.conll", "--quiet")
    assert outcome.status == 2
    assert "none.conll" in outcome.err


@pytest.mark.parametrize("wanted", [True, False])
def test_who_is_quiet_shows_no_progress_to_a_terminal_either(wanted, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(quiet, "_quiet", False)
    quiet.be_quiet(wanted)
    assert quiet.shows_progress() is not wanted


def test_a_conversion_as_json(repaired, tmp_path, cli):
    target = tmp_path / "out.jsonl"
    outcome = cli("data", "convert", repaired, target, "--to", "IOBES", "--json")
    said = json.loads(outcome.out)
    assert outcome.err == ""
    assert said["file"] == str(target)
    assert (said["sentences"], said["tokens"]) == (1, 3)
    assert said["source"]["scheme"] == "IOB2"
    assert said["target"] == {"scheme": "IOBES", "format": "JSON lines"}
    assert "odd.conll:1" in said["notes"][0]["where"]


def test_a_first_configuration_as_json(tmp_path, cli):
    train = tmp_path / "train.conll"
    train.write_text("Anna\tB-PER\nmet\tO\n\n" * 20, "utf-8")
    outcome = cli("init", train, "--out", tmp_path / "my.toml", "--json")
    said = json.loads(outcome.out)
    assert outcome.err == ""
    assert said["file"] == str(tmp_path / "my.toml")
    assert said["files"]["train"] == [str(train)]
    assert sum(said["sentences"].values()) == 20


def test_the_keys_of_a_configuration_as_json(cli):
    keys = json.loads(cli("config", "keys", "model", "--json").out)["keys"]
    assert {key["section"] for key in keys} == {"model"}
    assert "units" in {key["name"].rpartition(".")[2] for key in keys}
