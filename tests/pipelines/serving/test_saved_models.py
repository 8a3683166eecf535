"""What stands in the folders of versions: which of them count, and requests to warm up with."""

from pathlib import Path

import pytest
import tensorflow as tf

from pipelines.errors import InputError
from pipelines.serving import loading, warm_up
from pipelines.serving.taggers import Tagger, newest_version

TAGGER = Tagger(lambda tensor: {}, lambda tensor: {})


@pytest.fixture
def recorded(tmp_path):
    """A file of six requests."""
    file = tmp_path / "requests"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in warm_up.records(["a", "b"]):
            writer.write(record)
    return file


def test_folders_without_a_number_are_no_versions(tmp_path):
    for name in ("1", "12", "²", "٣", "1a", "-1", "9" * 200):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").touch()
    (tmp_path / "3").mkdir()  # as yet without a model
    (tmp_path / "4").symlink_to(tmp_path / "12")
    (tmp_path / "5").symlink_to("5")
    wanted = {n: tmp_path / str(n) for n in (1, 4, 12)}
    assert loading.folders(tmp_path) == wanted
    assert newest_version(tmp_path) == tmp_path / "12"


@pytest.mark.parametrize("base", ["/a\0b", "/" + "a" * 5000, "/no/such/folder"])
def test_what_can_be_no_folder_has_no_versions(base):
    assert loading.folders(Path(base)) == {}


def test_recorded_requests_are_counted(recorded):
    assert loading.warm_up(TAGGER, recorded) == 6


@pytest.mark.parametrize(
    ("damage", "says"),
    [(lambda content: content[:-10], "request 6 fails: truncated record"),
     (lambda content: content[:-30] + b"?" + content[-29:], "request 6 fails: corrupted record"),
     (lambda content: b"?" * 40, "request 1 fails: corrupted record")],
)  # fmt: skip
def test_a_file_of_requests_that_is_damaged_is_said(recorded, damage, says):
    recorded.write_bytes(damage(recorded.read_bytes()))
    with pytest.raises(InputError) as caught:
        loading.warm_up(TAGGER, recorded)
    assert says in str(caught.value) and "[Op:" not in str(caught.value)
