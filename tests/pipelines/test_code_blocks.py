"""Every code block of the README and the documentation does what it says.

Python runs as it stands, all blocks of a document after each other. Configurations load. Of
commands, what they are called and their options exist; the quick ones run, in the order in which a
reader would type them, on small files of the names that the text uses.
"""

import re
import runpy
import shlex
import shutil
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from pipelines.cli.main import app
from pipelines.config.loading import experiment
from pipelines.config.sweep_loading import load_sweep

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"
# The README first: what its commands make, those of other pages use.
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "configs").rglob("*.md")),
    *sorted((ROOT / "docs").glob("*.rst")),
]
GENERATED = {"api.rst"}
SHELL = {"sh", "bash", "shell", "console"}
LANGUAGES = {"python", "toml", "testsetup", *SHELL}
NOT_CODE = {"text", "json", "none", "http"}  # what is printed, sent or received
OF_OTHERS = {"docker", "nginx", "yaml"}  # configurations of other programs
QUICK = {"cells", "data", "train", "evaluate", "export", "tag", "inspect"}
ASK_A_SERVER = {"docs/serving.rst"}  # run in serving/test_versions_served.py
OF_EXTRAS = {"sphinx": "docs"}
NOT_OURS = {"cd", "curl", "docker", "echo", "export", "git", "pre-commit", "ray"}  # not checked


class Block(NamedTuple):
    document: str
    line: int  # of its first line, from 1
    language: str
    text: str

    @property
    def place(self):
        return f"{self.document}:{self.line}"


def blocks_of_markdown(document, lines):
    start = language = None
    for number, line in enumerate(lines, 1):
        if not line.lstrip().startswith("```"):
            continue
        if start is None:
            start, language = number, line.strip(" `\n")
        else:
            yield Block(document, start + 1, language, "".join(lines[start : number - 1]))
            start = None


def blocks_of_rst(document, lines):
    for number, line in enumerate(lines, 1):
        directive = re.match(r"( *)\.\. (?:code-block:: *(\S*)|(testsetup)::)", line)
        literal = re.match(r"( *)(?!\.\. )(?:.*[^:])?::$", line)
        if not directive and not literal:
            continue
        indent = len((directive or literal)[1])
        language = (directive[2] or directive[3] or "") if directive else ""
        inside = []
        for other in lines[number:]:
            if other.strip() and len(other) - len(other.lstrip()) <= indent:
                break
            inside.append(other)
        while inside and (not inside[0].strip() or re.match(r" +:[\w-]+:", inside[0])):
            number += 1
            del inside[0]
        margin = min((len(one) - len(one.lstrip()) for one in inside if one.strip()), default=0)
        text = "".join(one[margin:] or "\n" for one in inside)
        yield Block(document, number + 1, language, text)


def blocks():
    for path in DOCUMENTS:
        if path.name not in GENERATED:
            lines = path.read_text("utf-8").splitlines(keepends=True)
            read = blocks_of_markdown if path.suffix == ".md" else blocks_of_rst
            yield from read(str(path.relative_to(ROOT)), lines)


BLOCKS = list(blocks())


def of(*languages):
    return [block for block in BLOCKS if block.language in languages]


def each(chosen):
    return pytest.mark.parametrize("block", chosen, ids=lambda block: block.place)


class Command(NamedTuple):
    words: list[str]
    place: str


def commands(block):
    """The commands of a shell block, with lines and pipes taken apart."""
    text = re.sub(r"\\\n|(?<=\|)\s*\n", lambda match: " ", block.text)
    for number, line in enumerate(text.splitlines(), block.line):
        reader = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
        reader.commenters = "#"
        words, is_file = [], False
        for word in [*reader, ";"]:
            if word and set(word) <= set("|&;<>"):
                if words:
                    yield Command(words, f"{block.document}:{number}")
                words, is_file = [], set(word) <= set("<>")
            elif is_file:
                is_file = False
            elif words or not re.match(r"[A-Z_]+=", word):
                words.append(word)


def test_every_block_says_its_language():
    known = LANGUAGES | NOT_CODE | OF_OTHERS
    without = [block.place for block in BLOCKS if block.language not in known]
    assert not without, f"none of {', '.join(sorted(known))}"
    assert {"python", "toml", "sh"} <= {block.language for block in BLOCKS}


@pytest.fixture
def stand_in(tmp_path, monkeypatch, tiny_toml):
    """Puts small files where a command looks for those of the reader."""
    monkeypatch.chdir(tmp_path)

    def put(words):
        for word in words:
            path = Path(word)
            if path.exists() or path.is_absolute():
                continue
            if path.suffix == ".conll":
                split = next((name for name in ("train", "dev") if name in path.stem), "test")
                shutil.copy(DATA / f"tiny.{split}.conll", path)
            if path.suffix == ".toml":
                text = tiny_toml.read_text("utf-8")
                path.write_text(text.replace("epochs = 8", "epochs = 2"), "utf-8")

    return put


def documents_in_python():
    for document in sorted({block.document for block in of("python")} - ASK_A_SERVER):
        # check_cell takes half a minute, what is trained or exported not much less.
        long = ("crf", "newer_cells", "python", "training", "your_own_cell")
        nightly = [f"docs/{name}.rst" for name in long]
        tier = {"README.md": (), **dict.fromkeys(nightly, pytest.mark.nightly)}
        yield pytest.param(document, marks=tier.get(document, pytest.mark.ci))


@pytest.mark.parametrize("document", [*documents_in_python()])
def test_the_examples_in_python_run_as_they_stand(document, tmp_path, stand_in):
    stand_in(["my.toml"])
    code = ""
    for block in of("python", "testsetup"):
        if block.document == document:  # with the lines that it has there, for tracebacks
            code += "\n" * (block.line - 1 - code.count("\n")) + block.text
    example = tmp_path / f"{Path(document).stem}.py"
    example.write_text(code, "utf-8")
    runpy.run_path(str(example), run_name="example")


@each(of("toml"))
def test_configurations_load(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = tomllib.loads(block.text)
    if "start" in values:  # what a run has of itself
        run = Path(values["start"]["run"])
        run.mkdir(parents=True)
        (run / "config.json").write_text('{"data": {"train": "train.conll"}}')
    text = block.text
    if "base" not in values and "sweep" in values:  # a section of a sweep
        head, tail = (
            'base = "my.toml"\n[sweep]\nmethod = "grid"\n',
            '[space]\n"training.seed" = [1, 2]',
        )
        text = f"{head}{text}\n{tail}\n"
        values = tomllib.loads(text)
    if "base" not in values:
        experiment({"data": {"train": "train.conll"}, **values})
        return
    (tmp_path / values["base"]).write_text('[data]\ntrain = "train.conll"\ntest = "test.conll"\n')
    (tmp_path / "sweep.toml").write_text(text)
    load_sweep(tmp_path / "sweep.toml")


def check_ours(words):
    command = get_command(app)
    while getattr(command, "commands", None):
        name, *words = words
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
    command.make_context(command.name, list(words))


def check_pip(words):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in words[1:]:
        if match := re.match(r"(?:\.|keras-lstm-variants)\[(.*)\]", requirement):
            assert set(match[1].split(",")) <= set(extras["optional-dependencies"])


def check_python(words):
    if words[0] == "-m":
        if words[1] in OF_EXTRAS and find_spec(words[1]) is None:
            pytest.skip(f"{words[1]} is of the extra {OF_EXTRAS[words[1]]}")
        assert find_spec(words[1]), f"there is no module {words[1]!r}"
    else:
        assert (ROOT / words[0]).is_file()


@each(of(*SHELL))
def test_every_command_exists_with_its_options(block, pytestconfig):
    for (name, *words), place in commands(block):
        print(f"{place}: {name} {' '.join(words)}")
        if name == "lstm-variants":
            check_ours(words)
        elif name == "pip":
            check_pip(words)
        elif name in ("python", "bash"):
            check_python(words)
        elif name == "pytest":
            for word in words:
                if word.startswith("-"):
                    pytestconfig.getoption(word.partition("=")[0])
                elif "/" in word:
                    assert (ROOT / word).exists()
        else:
            assert name in NOT_OURS, f"{name!r} has no check here"


def test_every_command_named_in_the_text_exists():
    top = get_command(app).commands
    named = {
        (path.name, name)
        for path in DOCUMENTS
        for name in re.findall(r"lstm-variants ([a-z]+)", path.read_text("utf-8"))
    }
    assert named and {name for _, name in named} <= set(top), named


@pytest.mark.nightly
def test_the_quick_commands_run_in_the_order_of_the_text(cli, stand_in, trained):
    ran = set()
    for block in of(*SHELL):
        for (name, *words), place in commands(block):
            if name != "lstm-variants" or words[0] not in QUICK:
                continue
            if words[0] == "inspect" and any(word.endswith(".keras") for word in words):
                continue  # of the reader's own; test_models has some
            if any((ROOT / word).is_file() for word in words) or "sweeps/" in " ".join(words):
                continue  # on real data, which takes minutes
            if words[:2] != ["data", "convert"]:
                stand_in(words)
            else:
                stand_in(words[2:3])
            for word in words[1:]:  # runs that the reader has
                if words[0] != "train" and word.startswith("runs/") and not Path(word).exists():
                    shutil.copytree(trained, word)
            place_of_out = 1 + words.index("--out") if "--out" in words else 2
            made = [words[place_of_out]] if words[0] == "export" or "--out" in words else []
            if words[0] == "train" and not made:
                made = [f"runs/{Path(words[1]).stem}"]
            for folder in made:  # another page may have made it before
                shutil.rmtree(folder, ignore_errors=True)
            outcome = cli(*words)
            assert outcome.status == 0, f"{place}: {outcome.err}"
            ran.add(words[0])
    assert ran >= {"data", "train", "evaluate", "export", "tag", "inspect"}
