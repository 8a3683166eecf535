"""TensorFlow Serving's configuration files, read or refused in a line; no TensorFlow."""

from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.serving.model_config import check_name, policy, read
from pipelines.serving.versions import Config, Policy

FULL = """
model_config_list {
  config {
    name: "ner"
    base_path: "/models/ner"
    model_platform: "tensorflow"
    model_version_policy { specific { versions: 3 versions: 1 } }
    version_labels { key: "stable" value: 1 }
    version_labels { key: "canary" value: 3 }
  }
  config { name: "pos" base_path: "/models/pos" model_version_policy { all {} } }
  config { name: "a b" base_path: "/x" model_version_policy { latest { num_versions: 2 } } }
  config { name: "plain" base_path: "/y" }
}
"""


def test_models_policies_and_labels_are_read(tmp_path):
    file = tmp_path / "models.config"
    file.write_text(FULL)
    labels = (("canary", 3), ("stable", 1))
    assert read(file) == [
        Config("ner", Path("/models/ner"), Policy(specific=(1, 3)), labels),
        Config("pos", Path("/models/pos"), Policy(latest=0)),
        Config("a b", Path("/x"), Policy(latest=2)),
        Config("plain", Path("/y"), Policy(latest=1)),
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('config { nam: "a" }', r":1:[0-9]+: .*no field named \"nam\""),
        ('config { name: "a" }', ": a: base_path is missing"),
        ('config { name: "a" base_path: "m/a" }', ": a: base_path 'm/a': give an absolute path"),
        ('config { name: "a/b" base_path: "/a" }', ": 'a/b': no name of a model"),
        ('config { base_path: "/a" }', ": '': no name of a model"),
        ('config { name: "a" base_path: "/a" model_platform: "onnx" }', "'onnx': give 'tensor"),
        ('config { name: "a" base_path: "/" model_version_policy { specific {} } }', "no versions"),
        ('config { name: "a" base_path: "/a" } config { name: "a" base_path: "/b" }', "two models"),
        ("", "no config is in it"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused_in_a_line(entry, words, tmp_path):
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{{entry}}}")
    with pytest.raises(InputError, match=words) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}:") and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="none.config: cannot be read"):
        read(tmp_path / "none.config")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latest", Policy(latest=1)),
        ("latest:3", Policy(latest=3)),
        ("all", Policy(latest=0)),
        ("7", Policy(specific=(7,))),
        ("3,1,3", Policy(specific=(1, 3))),
    ],
)
def test_an_option_names_a_policy(text, expected):
    assert policy(text) == expected


@pytest.mark.parametrize("text", ["", "newest", "latest:0", "latest:-1", "1,", "1,x", "all:2"])
def test_other_options_are_refused(text):
    with pytest.raises(InputError, match="give latest"):
        policy(text)


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a\n"])
def test_names_that_no_path_can_have_are_refused(name):
    with pytest.raises(InputError, match="no name of a model"):
        check_name(name)
