"""What the README shows is so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from pipelines.config.loading import experiment

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_examples_in_python_run_as_they_stand():
    example = "".join(blocks("python"))
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_configuration_of_the_example_is_valid():
    example, sweep = map(tomllib.loads, blocks("toml"))
    assert experiment(example).model.cell == "peephole_lstm"
    assert set(sweep) == {"base", "sweep", "space"}


def test_every_command_that_it_names_exists():
    from pipelines.cli.main import app

    commands = {command.callback.__name__ for command in app.registered_commands}
    commands |= {group.name for group in app.registered_groups}
    named = set(re.findall(r"lstm-variants (\w+)", README))
    assert named and named <= commands, named - commands


def test_the_table_of_scores_is_the_one_that_was_made():
    page = (Path(__file__).parent.parent / "benchmarks" / "SCORES.md").read_text("utf-8")
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert "\n".join(table) in README
