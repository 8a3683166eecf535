"""Versions come, are replaced and go; models made of text files, no TensorFlow."""

import threading
from collections import Counter
from contextlib import ExitStack

import pytest

from pipelines.errors import InputError
from pipelines.serving.failures import Failure
from pipelines.serving.models import Models
from pipelines.serving.versions import RETRIES, RETRY, Config, Loaded, Parts, Policy, State


class Shelf:
    """Folders of versions, each a file `content`; what is loaded from them, and what is gone."""

    def __init__(self, base):
        self.base = base
        self.now = 0.0
        self.loads = Counter()
        self.gone = []
        parts = Parts(
            self.load,
            self.folders,
            lambda: self.now,
            threading.Condition(),
            unloaded=lambda loaded: self.gone.append(loaded.call("", [])),
        )
        self.models = Models(parts)

    def load(self, path):
        self.loads[path.name] += 1
        content = (path / "content").read_text()
        if content == "bad":
            raise InputError(f"{path}: bad")
        if content == "bug":
            raise RuntimeError
        return Loaded(lambda signature, rows: content, {})

    @staticmethod
    def folders(base):
        return {int(p.name): p for p in base.glob("*") if p.name.isdigit()} if base.exists() else {}

    def put(self, number, content="good", model="m"):
        folder = self.base / model / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "content").write_text(content)

    def take(self, number, model="m"):
        (self.base / model / str(number) / "content").unlink()
        (self.base / model / str(number)).rmdir()

    def config(self, name="m", policy=Policy(), labels=()):  # noqa: B008  a constant
        return Config(name, self.base / name, policy, labels)

    def serve(self, *numbers, **options):
        for number in numbers:
            self.put(number)
        self.models.configure([self.config(**options)])

    def newest(self, *which):
        with self.models.held("m", *which) as version:
            return version.number

    def states(self, model="m"):
        return {v.number: v.state for v in self.models.status(model)}


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def failure(ask, *which):
    with pytest.raises(Failure) as caught:
        ask(*which)
    return str(caught.value)


@pytest.mark.parametrize(
    ("policy", "there"),
    [
        (Policy(), {10}),
        (Policy(latest=2), {9, 10}),
        (Policy(latest=0), {2, 9, 10}),
        (Policy(specific=(2, 10, 77)), {2, 10}),
    ],
)
def test_the_policy_says_which_versions_are_there(policy, there, shelf):
    shelf.serve(2, 9, 10, policy=policy)  # by number, not by letter
    assert shelf.states() == dict.fromkeys(there, State.AVAILABLE)
    assert [v.number for v in shelf.models.status("m")] == sorted(there, reverse=True)
    assert shelf.newest() == 10


def test_a_new_version_takes_over_when_it_is_loaded_and_the_old_one_goes(shelf):
    shelf.serve(1)
    shelf.put(2)
    assert shelf.newest() == 1  # nobody has looked
    shelf.models.look()
    assert shelf.newest() == 2
    assert shelf.states() == {2: State.AVAILABLE, 1: State.END}
    assert len(shelf.gone) == 1
    shelf.models.look()
    assert shelf.loads == {"1": 1, "2": 1}
    shelf.take(1)
    shelf.models.look()
    assert shelf.states() == {2: State.AVAILABLE}  # what is over and gone is not listed for ever


def test_the_old_version_stays_while_the_new_one_is_being_loaded(shelf):
    shelf.serve(1)
    seen = []
    load = shelf.load
    parts = shelf.models._parts._replace(
        load=lambda path: seen.append((shelf.newest(), shelf.states())) or load(path)
    )
    shelf.models._models["m"]._parts = parts
    shelf.put(2)
    shelf.models.look()
    assert seen == [(1, {2: State.LOADING, 1: State.AVAILABLE})]


def test_a_version_goes_only_when_the_last_request_lets_go_of_it(shelf):
    shelf.serve(1)
    shelf.put(2)
    with ExitStack() as request:
        version = request.enter_context(shelf.models.held("m"))
        look = threading.Thread(target=shelf.models.look)
        look.start()
        look.join(0.3)
        assert look.is_alive() and version.loaded and not shelf.gone
        assert version.state is State.UNLOADING
        assert shelf.newest() == 2  # others are not held up
        assert "Specific(m, 1)" in failure(shelf.newest, 1)
    look.join(10)
    assert not look.is_alive() and shelf.gone == ["good"] and version.loaded is None


@pytest.mark.parametrize("content", ["bad", "bug"])
def test_a_version_that_cannot_be_loaded_leaves_the_old_one_there(content, shelf):
    shelf.serve(1)
    shelf.put(2, content)
    shelf.models.look()
    assert shelf.newest() == 1
    assert shelf.states() == {2: State.END, 1: State.AVAILABLE}
    status = shelf.models.status("m", 2)[0]
    assert (status.code, bool(status.error)) == ("INVALID_ARGUMENT", True)
    assert not shelf.gone


def test_a_bad_version_is_tried_again_when_its_files_change_or_some_times_later(shelf):
    shelf.serve(1)
    shelf.put(2, "bad")
    for _ in range(3):
        shelf.models.look()
    assert shelf.loads["2"] == 1
    for _ in range(2 * RETRIES):
        shelf.now += RETRY
        shelf.models.look()
    assert shelf.loads["2"] == 1 + RETRIES
    shelf.put(2, "better")
    shelf.models.look()
    assert shelf.newest() == 2 and shelf.models.status("m", 2)[0].code == "OK"


def test_a_folder_that_is_empty_or_gone_changes_nothing(shelf):
    shelf.serve(1)
    shelf.take(1)
    shelf.models.look()
    assert shelf.newest() == 1
    (shelf.base / "m").rmdir()
    shelf.models.look()
    assert shelf.newest() == 1 and not shelf.models.missing


def test_a_version_that_was_taken_back_gives_way_to_the_one_before(shelf):
    shelf.serve(1, 2)
    shelf.take(2)
    shelf.models.look()
    assert shelf.newest() == 1 and shelf.states() == {1: State.AVAILABLE}


def test_labels_name_versions(shelf):
    shelf.serve(1, 2, policy=Policy(latest=0), labels=(("old", 1), ("none", 7)))
    assert shelf.newest(None, "old") == 1
    assert [v.number for v in shelf.models.status("m", None, "old")] == [1]
    assert failure(shelf.newest, None, "new") == "Unrecognized servable version label: new"
    assert "Specific(m, 7)" in failure(shelf.newest, None, "none")


def test_a_new_configuration_replaces_the_old_one_as_a_whole(shelf):
    shelf.serve(1, 2)
    shelf.put(5, model="other")
    both = [shelf.config("other"), shelf.config(policy=Policy(specific=(1,)))]
    shelf.models.configure(both)
    assert shelf.models.names == ["other", "m"]
    assert shelf.newest() == 1 and shelf.states() == {2: State.END, 1: State.AVAILABLE}
    shelf.models.configure(both[:1])
    assert shelf.models.names == ["other"]
    assert failure(shelf.newest) == "Servable not found for request: Latest(m)"
    assert failure(shelf.models.status, "m") == "Could not find any versions of model m"
    assert shelf.loads == {"1": 1, "2": 1, "5": 1} and len(shelf.gone) == 2


def test_a_name_may_move_to_another_folder(shelf):
    shelf.serve(1)
    shelf.put(4, "moved", model="other")
    shelf.models.configure([shelf.config("other")._replace(name="m")])
    assert shelf.newest() == 4 and shelf.states() == {4: State.AVAILABLE}
    assert shelf.gone == ["good"]


@pytest.mark.parametrize("content", ["bad", None])
def test_a_configuration_that_cannot_be_served_changes_nothing(content, shelf):
    shelf.serve(1)
    shelf.put(3, model="fine")
    if content:
        shelf.put(2, content, model="other")
    configs = [shelf.config("fine"), shelf.config("other")]
    with pytest.raises(InputError, match="^other: .*(bad|neither a run nor an export)"):
        shelf.models.configure(configs)
    assert shelf.models.names == ["m"] and shelf.newest() == 1
    assert len(shelf.gone) == 1  # what was loaded for nothing


def test_versions_that_the_policy_names_and_the_folder_has_not_are_named(shelf):
    with pytest.raises(InputError, match=r"has versions \[1\], and not \[3\]"):
        shelf.serve(1, policy=Policy(specific=(3,)))


def test_folders_are_watched_until_the_end(shelf):
    shelf.serve(1)
    looked, again = threading.Event(), threading.Event()

    def also():
        if again.is_set():
            looked.set()
        raise_once = not again.is_set()
        again.set()
        if raise_once:
            raise OSError  # is logged, and no end

    shelf.put(2)
    shelf.models.watch(0.01, also)
    assert looked.wait(10)
    for _ in range(1000):
        if shelf.newest() == 2:
            break
        threading.Event().wait(0.01)
    assert shelf.newest() == 2
    shelf.models.stop()
    shelf.models._watcher.join(10)
    assert not shelf.models._watcher.is_alive()
