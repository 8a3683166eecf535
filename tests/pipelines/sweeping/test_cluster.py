"""Sweeps on the machines of a Ray cluster: here, several that share this one."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from stand_ins import table, trials_of

from pipelines.config.sweep_loading import load_sweep
from pipelines.errors import InputError
from pipelines.sweeping import cluster, machine, search
from pipelines.sweeping.results import SWEEP, TRIALS
from pipelines.sweeping.search import run_sweep
from pipelines.training import runs

HERE = Path(__file__).parent
SPACE = '"model.units" = [2, 3, 4, 5]\n"training.seed" = [1, 2, 3]'


@pytest.fixture
def nodes(monkeypatch):
    """Starts a cluster of so many nodes with some cores each; all but the first may be killed."""
    testing = pytest.importorskip("ray.cluster_utils", reason="Ray is not installed")
    started = []
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")

    def start(count, cores=2):
        made = testing.Cluster(initialize_head=True, head_node_args={"num_cpus": cores})
        started.append(made)
        others = [made.add_node(num_cpus=cores) for _ in range(count - 1)]
        made.wait_for_nodes()
        return made, others

    yield start
    for made in started:
        made.shutdown()


@pytest.fixture
def light(monkeypatch):
    """Machines that train nothing, in no time."""
    import light_machine

    monkeypatch.setattr(cluster, "look", light_machine.look)
    monkeypatch.setattr(cluster, "trial", light_machine.trial)
    monkeypatch.setattr(search, "can_export", lambda: False)
    return light_machine


@pytest.mark.nightly
def test_a_node_that_is_lost_costs_no_trial(nodes, light, write_sweep, tmp_path):
    config, folder = load_sweep(write_sweep(SPACE)), tmp_path / "out"
    made, [victim] = nodes(2)
    lost = []

    def kill():
        while not lost:
            for path in folder.glob(f"*.{light.PLACES}"):
                name = path.name.split(".")[0].split("-")[1]
                finished = runs.is_finished(folder / TRIALS / name)
                begun = path.read_text().splitlines()
                if begun and begun[-1] == victim.node_id and not finished:
                    lost.append(name)
                    made.remove_node(victim, allow_graceful=False)
                    return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        result = run_sweep(config, folder, workers="ray", ray_address=made.address)
    finally:
        lost.append(None)
        thread.join()
    assert result.failed == [] and len(trials_of(result)) == 12
    places = (folder / f"{TRIALS}-{lost[0]}.{light.PLACES}").read_text().splitlines()
    assert len(places) == 2 and places[0] == victim.node_id != places[1]
    assert len(table(folder)) == 4 and all(row["runs"] == "3" for row in table(folder))
    assert not list(folder.glob(".ray-*"))


@pytest.mark.nightly
def test_a_machine_that_cannot_see_the_folder_is_named(nodes, light, write_sweep, tmp_path):
    made, _ = nodes(1)
    config = load_sweep(write_sweep(SPACE))

    def blind(place, token, answer):
        return machine.look(place, str(Path(token).with_name("elsewhere")), answer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "look", blind)
        with pytest.raises(InputError, match=r"does not see .*out: put it on a disk"):
            run_sweep(config, tmp_path / "out", workers="ray", ray_address=made.address)
    assert not (tmp_path / "out" / TRIALS).exists()


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_trials_are_those_of_one_machine(nodes, write_sweep, cli, tmp_path):
    made, _ = nodes(2, cores=1)
    path = write_sweep('"training.seed" = [1, 2]', epochs=2)
    there = ("--workers", "ray", "--ray-address", made.address)
    outcome = cli("sweep", path, "--out", tmp_path / "there", *there)
    assert outcome.status == 0, outcome.err
    assert cli("sweep", path, "--out", tmp_path / "here").status == 0
    for one, other in zip(table(tmp_path / "there"), table(tmp_path / "here"), strict=True):
        assert float(one["dev"]) == pytest.approx(float(other["dev"]), abs=1e-5)
        assert one["trials"] == other["trials"]


def test_without_a_cluster_it_says_how_to_start_one(write_sweep, cli, monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed")
    path = write_sweep(SPACE)

    def nowhere(*_, **__):
        raise ConnectionError("Could not find any running Ray instance")

    monkeypatch.setattr("ray.init", nowhere)
    out = path.parent / "nowhere"
    outcome = cli("sweep", path, "--out", out, "--workers", "ray", "--ray-address", "here:1")
    assert outcome.status == 2
    assert "no cluster at here:1" in outcome.err and "ray start --head" in outcome.err
    assert not (out / TRIALS).exists()


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'keras-lstm-variants\[ray\]'"):
        cluster.connect(None)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """What trials need of a machine, all of which this one has."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / SWEEP).write_text("{}")
    (tmp_path / "data.conll").write_text("")
    (tmp_path / "token").write_text("token")
    environment = {"KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow")}
    return {"folder": str(tmp_path), "working": str(tmp_path), "files": ["data.conll"],
            "versions": machine.versions(), "environment": environment}  # fmt: skip


def test_a_machine_that_has_all_is_not_complained_about(place, tmp_path):
    assert machine.look(place, str(tmp_path / "token"), str(tmp_path / "answer")) == ""
    assert (tmp_path / "answer").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"folder": "/nowhere/out"}, "does not see /nowhere/out: put it on a disk that all machines"),
     ({"files": ["data.conll", "more.conll"]}, "does not see more.conll: put it on a disk"),
     ({"versions": {"Python": "2.7"}}, f"has Python {sys.version.split()[0]}, and the sweep 2.7")],
    ids=str,
)  # fmt: skip
def test_what_a_machine_lacks_is_said_before_a_trial(changes, said, place, tmp_path):
    place = {**place, **changes}
    if "Python" in place["versions"]:
        place["versions"] = {**machine.versions(), **place["versions"]}
    assert said in machine.look(place, str(tmp_path / "token"), str(tmp_path / "answer"))
    fault, reason = machine.trial({}, place)
    assert said in fault and not reason
    assert fault.startswith("--workers: ray: ")


def test_another_folder_of_the_same_name_is_none(place, tmp_path):
    (tmp_path / "token").write_text("of another sweep")
    said = machine.look(place, str(tmp_path / "token"), str(tmp_path / "answer"))
    assert "does not see" in said
