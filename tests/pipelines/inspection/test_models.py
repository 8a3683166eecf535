"""Inspecting .keras files: the numbers are those of the model, what cannot be read is refused."""

import zipfile

import keras
import numpy as np
import pytest

from keras_lstm_variants import LSTM, reach, sensitivity
from pipelines.inspection import probe_pictures

pytestmark = pytest.mark.ci
STEPS, FEATURES, UNITS = 6, 3, 4


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two models and what they read. Not to be written to."""
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(0)
    x = keras.Input((STEPS, FEATURES))
    masked = keras.layers.Masking()(x)
    for name, layer in (("ours", LSTM), ("theirs", keras.layers.GRU)):
        h = layer(UNITS, name="memory")(masked)
        keras.Model(x, keras.layers.Dense(2)(h)).save(folder / f"{name}.keras")
    plain = keras.Model(x, keras.layers.Dense(2)(x))
    plain.save(folder / "plain.keras")
    sequences = np.random.default_rng(0).normal(size=(5, STEPS, FEATURES)).astype("float32")
    sequences[1, 4:] = 0  # masked
    np.save(folder / "x.npy", sequences)
    np.save(folder / "wide.npy", sequences[..., :2])
    np.save(folder / "nan.npy", np.where(sequences > 2, np.nan, sequences))
    np.save(folder / "masked.npy", np.zeros_like(sequences))
    np.save(folder / "huge.npy", np.full(sequences.shape, 1e300))
    np.save(folder / "pickled.npy", np.full((2, STEPS), None), allow_pickle=True)
    np.savez(folder / "nothing.npz")
    (folder / "empty.npy").write_bytes(b"")
    with zipfile.ZipFile(folder / "words.npz", "w") as words:
        words.writestr("words.txt", "words")
    np.savez(folder / "damaged.npz", sequences)
    damaged = bytearray((folder / "damaged.npz").read_bytes())
    damaged[200:204] = b"\xff" * 4
    (folder / "damaged.npz").write_bytes(damaged)
    ids = keras.Input((None,), dtype="int32", name="ids")
    keras.Model(ids, LSTM(2)(keras.layers.Embedding(9, 2)(ids))).save(folder / "words.keras")
    np.save(folder / "negative.npy", np.array([[1, -2, 3]]))
    np.save(folder / "fractions.npy", np.array([[1, 2.5, 3]]))
    (folder / "text.npy").write_text("x")
    (folder / "broken.keras").write_text("x")
    return folder


@pytest.fixture(scope="module")
def inspected(files, cli, tmp_path_factory):
    out = tmp_path_factory.mktemp("inspected") / "out"
    done = cli("inspect", files / "ours.keras", "--inputs", files / "x.npy",
               "--beside", files / "theirs.keras", "--sequences", 4, "--out", out)  # fmt: skip
    assert (done.status, done.out) == (0, f"{out}/index.html\n"), done.err
    return out


def test_everything_of_the_first_model_is_there(inspected):
    names = {path.name for path in inspected.iterdir()}
    of_sequence = {"memory.forward.png", "memory.sensitivity.png", "npz"}
    assert names == {
        *(f"sequence-{n}.{name}" for n in (1, 2, 3) for name in of_sequence),
        "compared-1.png", "reach.npz", "memory.saturation.png", "saturation.tsv", "index.html",
    }  # fmt: skip
    page = (inspected / "index.html").read_text("utf-8")
    assert page.count("<img") == 3 * 2 + 2 and "Caution: from" in page


def test_the_numbers_are_those_of_the_model(files, inspected):
    layer = keras.models.load_model(files / "ours.keras").get_layer("memory")
    x = np.load(files / "x.npy")
    with np.load(inspected / "sequence-2.npz") as numbers:
        W, _, b = layer.get_weights()
        first = 1 / (1 + np.exp(-(x[1, 0] @ W + b)))
        np.testing.assert_allclose(numbers["memory.forward.i"][0], first[:UNITS], atol=1e-6)
        assert np.isnan(numbers["memory.forward.i"][4:]).all(), "masked"
    mask = (x[:4] != 0).any(axis=-1)
    rows = (inspected / "saturation.tsv").read_text().splitlines()
    count = rows[0].split("\t").index("steps")
    assert {row.split("\t")[count] for row in rows[1:]} == {str(mask.sum())}, "of all sequences"
    with np.load(inspected / "reach.npz") as curves:
        assert set(curves) == {"ours.reach", "theirs.reach"}
        expected = reach(sensitivity(layer, x[:4], mask=mask))
        np.testing.assert_allclose(curves["ours.reach"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ours.keras"], "give them with --inputs FILE.npy"),
        (["ours.keras", "a text", "--inputs", "x.npy"], "reads arrays"),
        (["ours.keras", "--inputs", "wide.npy"], "does not take what"),
        (["ours.keras", "--inputs", "nan.npy"], "has NaN or infinity"),
        (["ours.keras", "--inputs", "text.npy"], "no .npy or .npz of numbers"),
        (["ours.keras", "--inputs", "none.npy"], "no .npy or .npz of numbers"),
        (["ours.keras", "--inputs", "masked.npy"], "sequence 1: every step is masked"),
        (["ours.keras", "--inputs", "huge.npy"], "makes NaN or infinity"),
        (["ours.keras", "--inputs", "pickled.npy"], "Object arrays cannot be loaded"),
        (["ours.keras", "--inputs", "empty.npy"], "no .npy or .npz of numbers"),
        (["ours.keras", "--inputs", "nothing.npz"], "has no array"),
        (["ours.keras", "--inputs", "words.npz"], "words.txt has to be numbers"),
        (["ours.keras", "--inputs", "damaged.npz"], "Bad CRC-32"),
        (["words.keras", "--inputs", "negative.npy"], "ids takes whole numbers from 0 on"),
        (["words.keras", "--inputs", "fractions.npy"], "ids takes whole numbers from 0 on"),
        (["broken.keras", "--inputs", "x.npy"], "cannot be loaded"),
        (["none.keras", "--inputs", "x.npy"], "cannot be loaded"),
        (["plain.keras", "--inputs", "x.npy"], "no recurrent layer"),
        (["ours.keras", "--inputs", "x.npy", "--beside", "plain.keras"], "no recurrent layer"),
        (["run"], "give sentences to read"),
        (["run", "text", "--inputs", "x.npy"], "--inputs and --beside are for .keras files"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, files, tmp_path, cli):
    given = [files / one if "." in one else one for one in arguments]
    outcome = cli("inspect", *given, "--out", tmp_path / "out")
    assert outcome.status == 2 and outcome.out == ""
    (line,) = outcome.err.splitlines()
    assert line.startswith("error: ") and words in line
    assert list(tmp_path.iterdir()) == []


def test_models_stand_side_by_side_and_their_curves_begin_at_one():
    sizes = np.tril(np.ones((4, 4)))
    curve = np.array([2.0, 1.0, 0.5, 0.25])
    figure = probe_pictures.side_by_side(
        "t", {"a": (sizes, curve), "b": (sizes, 3 * curve)}, "steps"
    )
    first, second, *_ = figure.axes
    (curves,) = (axes for axes in figure.axes if axes.lines)
    assert (first.get_title(), second.get_title()) == ("a", "b")
    assert [line.get_label() for line in curves.lines] == ["a", "b"]
    for line in curves.lines:
        np.testing.assert_allclose(line.get_ydata(), curve / 2)
