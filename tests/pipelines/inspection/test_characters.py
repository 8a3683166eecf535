"""A small model of characters: what is probed is what the model was not trained on."""

import json

import numpy as np
import pytest

from keras_lstm_variants.probing import Probe
from pipelines.inspection import characters, coloured, probe_pictures


@pytest.fixture(scope="module")
def quoted():
    """Sentences, of which some are quotations."""
    random = np.random.default_rng(0)
    words = ["the sea", "a hill", "one day", "we went", "far away", "cold rain"]
    lines = []
    for _ in range(500):
        line = " ".join(random.choice(words, size=4))
        lines.append(f'"{line.upper()}"' if random.random() < 0.4 else line)
    return "\n".join(lines) + "\n"


def test_windows_are_followed_by_the_next_characters():
    ids = np.arange(350)
    shown, following = characters.windows(ids, 7)
    assert shown.shape == (3, characters.STEPS) and shown[0, 0] == 7
    np.testing.assert_array_equal(following, shown + 1)


@pytest.mark.ci
def test_values_belong_to_the_characters_at_their_places():
    """The input-driven part of a unit: what it does at once at each character."""
    ids = np.random.default_rng(0).integers(4, size=2000).astype("int32")
    model = characters.build(4, characters.Request("simple_rnn", 3))
    W, R, b = model.get_layer("recurrent").get_weights()
    model.get_layer("recurrent").set_weights([W, 0 * R, b])
    state, values, places = characters.read(model, ids)
    embedded = model.layers[1].get_weights()[0]
    assert state == "h" and len(np.unique(places)) == len(places)
    np.testing.assert_allclose(values, np.tanh(embedded[ids[places]] @ W + b), atol=1e-5)


@pytest.mark.ci
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.txt"], "no such file"),
        (["no_such_module"], "no such file, and no Python module"),
        (["short.txt"], "are too few: at least 5,000"),
        (["bytes.txt"], "cannot be read as UTF-8"),
        (["same.txt"], "is 'a' again and again"),
        (["long.txt", "--cell", "lsmt"], "there is no cell 'lsmt'"),
        (["long.txt", "--out", "exists"], "exists: give another folder"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, tmp_path, cli, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text("short")
    (tmp_path / "long.txt").write_text("long " * 2000)
    (tmp_path / "same.txt").write_text("a" * 6000)
    (tmp_path / "bytes.txt").write_bytes(b"\xff" * 6000)
    (tmp_path / "exists").mkdir()
    before = sorted(tmp_path.rglob("*"))
    outcome = cli("probe", *arguments)
    assert outcome.status == 2 and outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ") and words in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_module_is_read_by_its_name():
    text = characters.text_of("argparse")
    assert "class ArgumentParser" in text


@pytest.mark.nightly
def test_a_unit_that_tells_quotations_apart_is_found(quoted, tmp_path, cli):
    (tmp_path / "quoted.txt").write_text(quoted)
    outcome = cli("probe", tmp_path / "quoted.txt", "--units", 24, "--epochs", 12, "--out",
                  tmp_path / "out", "--json")  # fmt: skip
    assert outcome.status == 0, outcome.err
    found = json.loads(outcome.out)
    best = {one["feature"]: one for one in found["found"]}
    assert best["inside quotes"]["unit"] is not None and abs(best["inside quotes"]["score"]) > 0.6
    assert abs(best["inside quotes"]["score"]) > abs(best["inside quotes"]["untrained"])
    assert found["bits"] < found["chance"] / 2
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "index.html", "model.keras", "characters.json", "characters.npy", "probe.json",
        "units.tsv", "units.png", "text.png",
    }  # fmt: skip
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "inside quotes" in page and page.count("<pre") == sum(
        one["unit"] is not None for one in found["found"]
    )


def test_units_stand_by_what_they_do():
    scores = np.array([[0.1, 0.9], [0.5, 0.2], [-0.8, 0.1], [0.0, -0.95]])
    probed = Probe(["a", "b"], scores, np.full((4, 2), 0.01), 0.3, 100)
    assert probe_pictures.in_order(probed).tolist() == [2, 1, 3, 0]


def test_a_text_is_coloured_in_pieces():
    values = np.array([-1.0, -1, 0, 0, 1, 1])
    pieces = coloured.pieces("abc<d>", values)
    assert "".join(piece for _, piece in pieces) == "abc<d>"
    assert pieces[0] == ("n3", "ab") and pieces[-1] == ("p3", "d>")


def test_long_lines_are_broken_where_they_are_drawn():
    text = "a" * 80 + "\nb\n\nc"
    rows = probe_pictures.laid_out(text, 10)
    assert [len(row) for row in rows] == [76, 5, 2, 1, 1]
    assert [place for row in rows for place in row] == list(range(len(text)))
