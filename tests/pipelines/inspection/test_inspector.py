"""Inspecting a run: its numbers are those of its layers, its pictures are all there."""

import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread

from keras_lstm_variants import saturation as saturated
from pipelines.errors import InputError
from pipelines.inspection import pictures
from pipelines.inspection.inspector import inspect, read, saturation
from pipelines.inspection.page import page
from pipelines.serving.exporter import load
from pipelines.serving.taggers import Tagger
from pipelines.serving.tagging import Tagged, tag
from pipelines.tagger.signatures import Signatures

TEXTS = ["Maria Silva travelled to Athens.", "", "Peter Lind paid $5 or $6 (in Rome)."]
LETTERS = ["i", "f", "z", "o", "c", "h"]


def at_night(*values):
    return pytest.param(*values, marks=pytest.mark.nightly)


@pytest.fixture(scope="module")
def inspected(tmp_path_factory, trained):
    """What inspecting the trained run writes. Not to be written to."""
    out = tmp_path_factory.mktemp("inspected") / "out"
    assert inspect(trained, TEXTS, out) == []
    return out


@pytest.fixture(scope="module")
def sentences(trained):
    """The texts as the run tags them."""
    made = load(trained)
    return [s for s in tag(Tagger(made.tokens, made.text), TEXTS) if s.tokens]


@pytest.mark.ci
def test_writes_numbers_and_pictures_of_every_sentence_that_has_words(inspected):
    of_sentence = ["bidirectional_1.backward.png", "bidirectional_1.forward.png",
                   "bidirectional_1.sensitivity.png", "npz"]  # fmt: skip
    assert sorted(path.name for path in inspected.iterdir()) == sorted(
        [f"sentence-{n}.{name}" for n in (1, 2) for name in of_sentence]
        + ["bidirectional_1.saturation.png", "index.html", "saturation.tsv"]
    )


@pytest.mark.ci
def test_the_numbers_are_those_of_the_layer_in_the_model(inspected, sentences, trained):
    made = load(trained)
    layer = made.model.get_layer("bidirectional_1")
    inside = keras.Model(made.model.input, [made.model.get_layer("dropout").output, layer.output])
    for n, sentence in enumerate(sentences, 1):
        numbers = np.load(inspected / f"sentence-{n}.npz")
        assert numbers["tokens"].tolist() == sentence.tokens
        assert numbers["tags"].tolist() == sentence.tags
        x, output = inside(made.encoder(tf.constant([sentence.tokens])))
        both = [numbers[f"bidirectional_1.{d}.output"] for d in ("forward", "backward")]
        np.testing.assert_allclose(np.concatenate(both, axis=-1), output[0], atol=1e-6)
        W, _, b = layer.forward_layer.get_weights()
        first = (
            1 / (1 + np.exp(-(x[0, 0].numpy() @ W + b)))[:8]
        )  # i of eight units; h is zero before
        np.testing.assert_allclose(numbers["bidirectional_1.forward.i"][0], first, atol=1e-6)


@pytest.mark.ci
def test_the_reach_of_a_word_is_what_changing_it_changes(inspected, sentences, trained):
    made = load(trained)
    layer = made.model.get_layer("bidirectional_1").forward_layer
    x = keras.Model(made.model.input, made.model.get_layer("dropout").output)(
        made.encoder(tf.constant([sentences[0].tokens]))
    )
    s, small = 1, 1e-2
    moved = [
        tf.tensor_scatter_nd_add(x, [[0, s, k]], [small * sign])
        for k in range(x.shape[2])
        for sign in (1, -1)
    ]
    outputs = np.array([layer(one)[0] for one in moved]).reshape(x.shape[2], 2, x.shape[1], -1)
    slopes = (outputs[:, 0] - outputs[:, 1]) / (2 * small)  # feature, step, unit
    expected = np.sqrt((slopes**2).sum(axis=0).mean(axis=-1))
    actual = np.load(inspected / "sentence-1.npz")["bidirectional_1.forward.sensitivity"][:, s]
    np.testing.assert_allclose(actual, expected, rtol=1e-2, atol=1e-4)


@pytest.mark.ci
def test_saturation_counts_steps_over_all_sentences(inspected):
    header, *lines = (inspected / "saturation.tsv").read_text("utf-8").splitlines()
    assert header.split("\t") == [
        "layer", "direction", "gate", "unit", "below 0.1", "above 0.9", "steps",
        "below 0.1, from", "below 0.1, to", "above 0.9, from", "above 0.9, to",
    ]  # fmt: skip
    rows = [line.split("\t") for line in lines]
    assert [row[1:4] for row in rows] == [
        [direction, gate, str(unit)]
        for direction in ("forward", "backward")
        for gate in "ifo"
        for unit in range(8)
    ]
    files = [np.load(inspected / f"sentence-{n}.npz") for n in (1, 2)]
    for layer, direction, gate, unit, below, above, count, *intervals in rows:
        steps = np.concatenate([one[f"{layer}.{direction}.{gate}"][:, int(unit)] for one in files])
        assert float(below) == pytest.approx((steps < 0.1).mean(), abs=1e-5)
        assert float(above) == pytest.approx((steps > 0.9).mean(), abs=1e-5)
        assert int(count) == len(steps)
        low, high, *_ = map(float, intervals)
        assert 0 <= low <= float(below) <= high <= 1 and high - low > 0.1


def test_a_gate_is_what_stays_between_zero_and_one():
    steps = {
        "i": [np.array([[0.05, 0.5], [0.2, 0.95]])],
        "o": [np.array([[0.0, 1.0]]), np.array([[0.0, 0.95]])],
        "z": [np.array([[0.5, 0.5]])],
        "c": [np.array([[0.5, 1.5]])],
        "h": [np.array([[0.5, 0.5]])],
    }
    found = saturation(steps)
    assert list(found) == ["i", "o"]
    assert [found["i"].closed.tolist(), found["i"].open.tolist()] == [[0.5, 0], [0, 0.5]]
    assert [found["o"].closed.tolist(), found["o"].open.tolist()] == [[1, 0], [0, 1]]


class Page(HTMLParser):
    """The pictures in a page, their titles and its text."""

    def __init__(self, text):
        super().__init__()
        self.pictures, self.titles, self.text, self.cells = [], [], "", []
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "img":
            kind, _, content = found["src"].partition(";base64,")
            self.pictures.append((kind, b64decode(content)))
            self.titles.append(found["alt"])
        if tag in ("td", "th"):
            self.cells.append("")
        self.in_cell = tag in ("td", "th")

    def handle_endtag(self, tag):
        self.in_cell = False

    def handle_data(self, data):
        self.text += data
        if self.in_cell:
            self.cells[-1] += data


@pytest.mark.ci
def test_the_page_holds_every_picture_and_needs_no_other_file(inspected, sentences):
    text = (inspected / "index.html").read_text("utf-8")
    made = Page(text)
    files = {path.read_bytes() for path in inspected.glob("*.png")}
    assert {content for _, content in made.pictures} == files
    assert {kind for kind, _ in made.pictures} == {"data:image/png"}
    assert not re.search(r'(?:src|href)="(?!data:)|https?:', text)
    for sentence in sentences:
        for word in sentence.tokens:
            assert word in made.text
    assert all(title.startswith("layer 1") for title in made.titles)
    assert "bidirectional" not in re.sub('base64,[^"]+', "", text)


@pytest.mark.ci
def test_the_shares_on_the_page_are_those_of_the_numbers_with_what_they_are_of(inspected):
    cells = Page((inspected / "index.html").read_text("utf-8")).cells
    files = [np.load(inspected / f"sentence-{n}.npz") for n in (1, 2)]
    for direction in ("forward", "backward"):
        for gate in "ifo":
            values = np.concatenate([f[f"bidirectional_1.{direction}.{gate}"] for f in files])
            words, units = values.shape
            expected = [
                f"layer 1 {direction}", gate, str(units), str(words), str(values.size),
                f"{100 * (values < 0.1).mean():.1f} % of {values.size}",
                f"{100 * (values > 0.9).mean():.1f} % of {values.size}",
                f"{100 * (values < 0.1).all(axis=0).mean():.1f} % of {units}",
                f"{100 * (values > 0.9).all(axis=0).mean():.1f} % of {units}",
            ]  # fmt: skip
            at = next(n for n in range(len(cells)) if cells[n : n + 2] == expected[:2])
            assert cells[at : at + len(expected)] == expected


def test_words_tags_and_names_stay_text_on_the_page(tmp_path):
    (tmp_path / "a b.png").write_bytes(b"<png>")
    picture = pictures.Picture(tmp_path / "a b.png", 'a "cell"')
    sentence = SimpleNamespace(tokens=["<b>", "R&D"], tags=["O", "B-<i>"])
    made = Page(page("Inside run <1>", {}, [], [(sentence, [picture])], {}, (0.1, 0.9)))
    assert "Inside run <1>" in made.text
    assert "<b>" in made.text and "R&D" in made.text and "B-<i>" in made.text
    assert made.pictures == [("data:image/png", b"<png>")] and made.titles == ['a "cell"']


@pytest.mark.ci
def test_few_words_are_a_warning_on_the_page(inspected):
    text = (inspected / "index.html").read_text("utf-8")
    assert re.search(r"Caution: from \d+ steps only: a share of one half is uncertain by ±0.", text)


@pytest.mark.ci
def test_the_pictures_are_pictures(inspected):
    for path in inspected.glob("*.png"):
        image = imread(path)
        assert min(image.shape[:2]) > 300 and image.std() > 0.05


def test_titles_name_layer_direction_cell_and_letters():
    letters = {name: np.linspace(-1, 1, 12).reshape(4, 3) for name in LETTERS}
    letters["i"] = (letters["i"] + 1) / 2
    figure = pictures.heatmaps("bidirectional_1, backward: LSTM", letters, ["a", "b", "c", "$d$"])
    assert figure.get_suptitle() == "bidirectional_1, backward: LSTM"
    panels = [axes for axes in figure.axes if axes.get_ylabel()]
    assert [axes.get_ylabel() for axes in panels] == LETTERS
    limits = [axes.images[0].get_clim() for axes in panels]
    assert limits[0] == (0, 1) and limits[1] == (-limits[1][1], limits[1][1])
    labels = panels[-1].get_xticklabels()
    assert [label.get_text() for label in labels] == ["a", "b", "c", "$d$"]
    assert not any(label.get_parse_math() for label in labels), "$d$ is no formula"
    np.testing.assert_array_equal(panels[0].images[0].get_array(), letters["i"].T.astype("float32"))


def test_units_are_drawn_in_their_order_and_named():
    values = np.linspace(0, 1, 12).reshape(4, 3)
    letters = {"i": values, "b": values[:, :2]}
    figure = pictures.heatmaps("title", letters, list("abcd"), np.array([2, 0, 1]))
    first, second = (axes for axes in figure.axes if axes.get_ylabel())
    np.testing.assert_allclose(first.images[0].get_array(), values.T[[2, 0, 1]], rtol=1e-6)
    assert [label.get_text() for label in first.get_yticklabels()] == ["2", "0", "1"]
    np.testing.assert_allclose(second.images[0].get_array(), values.T[:2], rtol=1e-6)


def test_a_long_sentence_is_drawn_with_fewer_and_shorter_labels():
    words = ["incomprehensibilities" * 2] * 1000
    figure = pictures.heatmaps("title", {"i": np.zeros((1000, 2))}, words)
    labels = figure.axes[0].get_xticklabels()
    assert figure.get_figwidth() <= 55 and 200 < len(labels) <= 320
    assert {len(label.get_text()) for label in labels} == {16}


def test_the_reach_of_both_directions_is_one_picture():
    forward, backward = np.tril(np.full((4, 4), 2.0)), np.triu(np.full((4, 4), 0.5))
    words = ["a", "b", "c", "d"]
    figure = pictures.reach("title", {"forward": forward, "backward": backward}, words)
    matrix, curves, *_ = figure.axes
    shown = matrix.images[0].get_array()
    np.testing.assert_array_equal(shown, np.where(np.tri(4), 2.0, 0.5))
    for line, name, size in zip(curves.lines, ("forward", "backward"), (2, 0.5), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xydata(), [[n, size] for n in range(4)])


def test_every_gate_has_a_colour_of_its_own():
    gate = saturated(np.array([[0.95, 0.05], [0.95, 0.95]]))
    figure = pictures.saturation("title", {"forward": dict.fromkeys("ifo", gate)}, 0.1, 0.9)
    marks = figure.axes[0].collections
    assert [mark.get_label() for mark in marks] == ["i", "f", "o"]
    assert len({tuple(mark.get_facecolor()[0]) for mark in marks}) == 3
    for mark in marks:
        np.testing.assert_array_equal(mark.get_offsets(), [[0, 1], [0.5, 0.5]])


def test_fonts_are_chosen_for_the_characters():
    assert pictures.fonts("aé") == (["DejaVu Sans"], [])
    families, missing = pictures.fonts("a\U000fffff")  # nobody's
    assert missing == ["\U000fffff"] and not any("Last Resort" in name for name in families)


@pytest.mark.nightly
def test_characters_without_a_font_are_left_to_the_browser(trained, tmp_path, cli, monkeypatch):
    monkeypatch.setattr(pictures, "fonts", lambda words: (["DejaVu Sans"], ["日", "本"]))
    outcome = cli("inspect", trained, "Anna in 日本", "--out", tmp_path / "out")
    assert outcome.status == 0
    assert outcome.err.startswith("no installed font has 日本: ")
    made = Page((tmp_path / "out" / "index.html").read_text("utf-8"))
    assert {kind for kind, _ in made.pictures} == {"data:image/svg+xml"}
    drawing = (tmp_path / "out" / "sentence-1.bidirectional_1.forward.svg").read_text("utf-8")
    assert re.search(r"<text[^>]*>日", drawing) and re.search(r"<text[^>]*>本", drawing)
    assert len(list((tmp_path / "out").glob("*.png"))) == 4


@pytest.mark.ci
def test_several_texts_and_standard_input_are_read_in_order(trained, tmp_path, cli):
    out = tmp_path / "deep" / "out"
    stdin = b"It (rained).\nIn Rome\n"
    outcome = cli("inspect", trained, "Anna", "-", "--split", "--out", out, stdin=stdin)
    assert (outcome.status, outcome.out) == (0, f"{out}/index.html\n")
    tokens = [np.load(out / f"sentence-{n}.npz")["tokens"].tolist() for n in (1, 2, 3)]
    assert tokens == [["Anna"], ["It", "(rained)."], ["In", "Rome"]]


@pytest.mark.ci
def test_without_a_folder_it_goes_beside_the_run(trained, cli):
    outcome = cli("inspect", trained, "Anna")
    folder = trained.with_name("run-inspect")
    assert (outcome.status, outcome.out) == (0, f"{folder}/index.html\n")
    assert (folder / "index.html").exists()
    again = cli("inspect", trained, "Anna")
    assert (again.status, again.err) == (
        2,
        f"error: {folder}: exists: give another folder with --out\n",
    )


@pytest.mark.parametrize(
    ("texts", "out", "words"),
    [
        (["Anna"], "file/out", "file/out: cannot be written"),
        (["Anna"], "file", "file: exists"),
        (["", " "], "out", "no words"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(texts, out, words, trained, tmp_path, cli):
    (tmp_path / "file").write_text("x")
    outcome = cli("inspect", trained, *texts, "--out", tmp_path / out)
    assert outcome.status == 2 and outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ") and words in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_only_a_finished_run_is_inspected(tmp_path, cli):
    outcome = cli("inspect", tmp_path, "Anna", "--out", tmp_path / "out")
    assert outcome.status == 2 and "not a run folder" in outcome.err


@pytest.mark.ci
@pytest.mark.parametrize(
    "error", [at_night(KeyboardInterrupt), OSError(28, "No space left on device")]
)
def test_what_breaks_off_leaves_nothing_behind(error, trained, tmp_path, monkeypatch):
    def fails(*arguments):
        raise error

    monkeypatch.setattr("pipelines.inspection.inspector.page", fails)
    with pytest.raises((KeyboardInterrupt, InputError)):
        inspect(trained, ["Anna"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_recurrent_layers_is_refused(trained, tmp_path, monkeypatch):
    made = load(trained)
    embedded = made.model.get_layer("dropout").output
    model = keras.Model(made.model.input, keras.layers.Dense(len(made.vocabulary.tags))(embedded))
    flat = Signatures(model, made.vocabulary)
    monkeypatch.setattr("pipelines.inspection.inspector.load", lambda run: flat)
    with pytest.raises(InputError, match="no recurrent layer over the words"):
        inspect(trained, ["Anna"], tmp_path / "out")


@pytest.mark.ci
@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"model.cell": "simple_rnn"}, ["h"]),
        at_night({"model.cell": "lstm_1997"}, ["i", "z", "o", "c", "h"]),
        at_night({"model.cell": "coupled_gate_lstm"}, ["i", "z", "o", "f", "c", "h"]),
        ({"model.cell": "gru", "model.layers": 2}, ["u", "r", "z", "h"]),
    ],
    ids=str,
)
def test_every_layer_of_any_cell_is_read(change, shown, trained, tiny):
    from pipelines.tagger.model import build_tagger

    vocabulary = load(trained).vocabulary
    config = tiny(**change).model
    model = build_tagger(vocabulary, config)
    sentence = Tagged(["Anna", "in", "Rome"], ["O"] * 3, [1.0] * 3)
    readings = list(read(Signatures(model, vocabulary), sentence))
    assert [(r.layer, r.direction) for r in readings] == [
        (f"bidirectional_{n}", direction)
        for n in range(1, config.layers + 1)
        for direction in ("forward", "backward")
    ]
    assert all(reading.shown == shown for reading in readings)


WITHOUT = """
import sys

sys.modules["matplotlib"] = None
sys.argv = ["lstm-variants", "inspect", sys.argv[1], "Anna"]
from pipelines.cli.main import run

run()
"""


@pytest.mark.nightly
def test_without_the_extra_it_says_what_to_install(trained):
    command = [sys.executable, "-c", WITHOUT, trained]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: inspect needs matplotlib: pip install 'keras-lstm-variants[report]'\n"
    )
