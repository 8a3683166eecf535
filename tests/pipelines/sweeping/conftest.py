"""Fixtures shared by the tests of searches."""

import pytest
from made_sweeps import make
from stand_ins import StandIn


@pytest.fixture(scope="module")
def write_sweep(tmp_path_factory, tiny_toml):
    """Writes a sweep over the tiny experiment, smaller still."""

    def to(space, method="grid", trials=None, epochs=5):
        folder = tmp_path_factory.mktemp("sweeps")
        smaller = 'units = 4\ncell = "simple_rnn"\ncharacters = "none"'
        base = tiny_toml.read_text().replace("units = 8", smaller)
        (folder / "base.toml").write_text(base.replace("epochs = 8", f"epochs = {epochs}"))
        count = f"trials = {trials}\n" if trials else ""
        path = folder / "sweep.toml"
        path.write_text(
            f'base = "base.toml"\n[sweep]\nmethod = "{method}"\n{count}[space]\n{space}\n'
        )
        return path

    return to


@pytest.fixture
def stand_in(monkeypatch):
    """Runs are trained by a `StandIn`, and not exported."""
    from pipelines.sweeping import taggers

    made = StandIn()
    monkeypatch.setattr(taggers, "train", made.train)
    monkeypatch.setattr(taggers, "export", lambda run, directory, version=1: None)
    return made


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished sweep and its report. Not to be written to."""
    from pipelines.sweeping import report

    folder = make(tmp_path_factory.mktemp("sweeps") / "which_cell")
    return folder, report.write(folder, over=True)
