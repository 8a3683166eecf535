"""A tiny tagger, trained and exported once for all tests; the command line in several ways."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

import browser as browsers
import pipelines

DATA = Path(__file__).parent.parent / "data"
TINY = """
[data]
train = "{data}/tiny.train.conll"
dev = "{data}/tiny.dev.conll"
test = "{data}/tiny.test.conll"
min_count = 1

[model]
units = 8
layers = 1
embedding = 8
dropout = 0.1
recurrent_dropout = 0.0
decoder = "softmax"
character_units = 30

[training]
epochs = 8
batch_size = 4
learning_rate = 0.05
"""


class Outcome(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session", autouse=True)
def surroundings(tmp_path_factory):
    """Prepared data sets go to a temporary folder and not home, in every process started here."""
    data_dir = str(tmp_path_factory.mktemp("tensorflow_datasets"))
    source = str(Path(pipelines.__file__).parent.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", data_dir)
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        patch.setenv("KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "tensorflow"))
        patch.setenv("PYTHONPATH", source, prepend=os.pathsep)
        # Unlike the other tests, these train, which takes longer than to compile well.
        flags = "KERAS_LSTM_VARIANTS_CXXFLAGS"
        patch.setenv(flags, os.environ.get(flags, "").replace("-O0", "-O1"))
        if constants := sys.modules.get("tensorflow_datasets.core.constants"):
            patch.setattr(constants, "DATA_DIR", data_dir)  # read from the environment on import
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder for this session, the same in all processes of pytest -n."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def once(shared):
    """Makes something for all processes of the session: once(name, make) -> what make() returned.

    The first process to ask for it makes it while the others wait. It has to fit into JSON.
    """

    def made(name, make):
        note = shared / f"{name}.json"
        with FileLock(shared / f"{name}.lock"):
            if not note.exists():
                note.write_text(json.dumps(make()))
            return json.loads(note.read_text())

    return made


@pytest.fixture(scope="session")
def tiny_toml(shared, once):
    """A configuration file that trains a tiny tagger in a second."""
    path = shared / "tiny.toml"
    once("tiny", lambda: path.write_text(TINY.format(data=DATA.as_posix())))
    return path


@pytest.fixture(scope="session")
def tiny(tiny_toml):
    """Makes the tiny experiment, with some keys set to other values: tiny(**{"model.units": 4})."""
    from pipelines.config.loading import load, vary

    return lambda **changes: vary(load(tiny_toml), changes)


@pytest.fixture(scope="session")
def training(shared, once, tiny_toml):
    """How `lstm-variants train` of the tiny experiment ended."""
    out = shared / "runs" / "run"
    return Outcome(*once("training", lambda: command("train", tiny_toml, "--out", out)))


@pytest.fixture(scope="session")
def trained(shared, training):
    """The run folder of the tiny experiment. Not to be written to."""
    assert training.status == 0, training.err
    return shared / "runs" / "run"


@pytest.fixture(scope="session")
def exporting(shared, once, trained):
    """How `lstm-variants export` of the trained run ended."""
    return Outcome(*once("exporting", lambda: command("export", trained, shared / "exported")))


@pytest.fixture(scope="session")
def exported(shared, exporting):
    """The export of the trained run. Not to be written to."""
    assert exporting.status == 0, exporting.err
    return shared / "exported"


@pytest.fixture
def with_bias(trained, tmp_path):
    """Makes a copy of the trained run in which the bias of the scores is a number: with_bias(nan).

    Beyond 1e29 the number is finite, and the probabilities that it gives are not.
    """

    def of(number):
        import keras

        from pipelines.training import runs

        run = shutil.copytree(trained, tmp_path / f"bias-{number}")
        model = keras.models.load_model(run / runs.MODEL, compile=False)
        bias = model.get_layer("scores").bias
        bias.assign([number] * bias.shape[0])
        model.save(run / runs.MODEL)
        return run

    return of


def command(*arguments, stdin=b""):
    """Runs a command of `lstm-variants` in this process."""
    from pipelines.cli.main import run

    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["lstm-variants", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            run()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
    return Outcome(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def cli():
    """Runs a command of `lstm-variants` in this process: cli("cells", "gru") -> Outcome."""
    return command


@contextlib.contextmanager
def processes():
    """Starts commands of `lstm-variants` in processes of their own, and ends them."""
    command = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]
    started = []

    def start(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([*command, *map(str, arguments)], **pipes))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            with process:  # closes its pipes
                process.kill()


@pytest.fixture
def start():
    """Starts a command of `lstm-variants` in a process that ends with the test."""
    with processes() as started:
        yield started


@pytest.fixture(scope="module")
def start_for_module():
    """Starts a command of `lstm-variants` in a process that ends with the tests of the module."""
    with processes() as started:
        yield started


@pytest.fixture
def killed_in_training():
    """Kills a process that trains, as the system does, when its run has some epochs."""
    from pipelines.training import runs

    def kill(process, folder):
        """The number of epochs that the run had, at least 3."""
        file, deadline = folder / runs.HISTORY, time.monotonic() + 120

        def epochs():
            return len(file.read_text().splitlines()) - 1 if file.exists() else 0

        while epochs() < 3:
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not runs.is_finished(folder)
        return epochs()

    return kill


@pytest.fixture
def contents():
    """Everything in a folder: path -> bytes and time of writing."""

    def of(folder):
        return {
            path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            if path.is_file()
            else None
            for path in folder.rglob("*")
        }

    return of


@pytest.fixture(scope="session")
def started_browser():
    if (path := browsers.binary()) is None:
        pytest.skip(f"none of {', '.join(browsers.NAMES)} is installed")
    made = browsers.Browser(path)
    yield made
    made.close()


@pytest.fixture
def browser(started_browser):
    """A browser with a page; see tests/browser.py. What went wrong before the test is forgotten."""
    started_browser.problems.clear()
    return started_browser


@pytest.fixture
def unused_port():
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
