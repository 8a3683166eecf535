"""Every generator against sequences that were written down by hand."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.experiments import reber
from pipelines.experiments.chorales import KEYS, Chorales, nats_of_all, predicting
from pipelines.experiments.context import TAGS, VOCABULARY, Apple, Cue, Recall
from pipelines.experiments.long_lags import (
    Arithmetic,
    Distractors,
    FirstSymbol,
    ModernAdding,
    NoiseFree,
    TemporalOrder,
    TwoSequences,
    last_only,
)
from pipelines.experiments.tasks import NO_SYMBOL, most_active, one_hot, within
from pipelines.experiments.timing import MeasuredDelays, PeriodicFunction, TimedSpikes


class Drawn:
    """In place of a random generator: what was written down, in the order of the draws."""

    def __init__(self, *values):
        self.values = list(values)

    def next(self, *args, size=None, **kwargs):
        return self.values.pop(0) if size is None else np.array(self.values.pop(0))

    integers = random = uniform = next

    def normal(self, mean, deviation, size=None):
        return mean + deviation * self.next(size=size)


@pytest.mark.parametrize(
    "draws, string, allowed",
    [
        ([0, 0, 0, 1, 1], "BTBTSXSETE", "B TP B TP SX SX XS E T E"),
        ([1, 1, 0, 1, 1], "BPBPTVVEPE", "B TP B TP TV TV PV E P E"),
        ([1, 0, 1, 0, 1, 0, 1, 1], "BPBTXXVPSEPE", "B TP B TP SX XS TV PV XS E P E"),
    ],
)
def test_strings_of_the_embedded_grammar_by_hand(draws, string, allowed):
    found, may = reber.embedded(Drawn(*draws))
    assert found == string
    assert [set(one) for one in may] == [set(one) for one in allowed.split()]


def test_a_stream_is_one_string_after_the_other():
    draws = [0, 0, 0, 1, 1, 1, 1, 0, 1, 1]
    symbols = [symbol for symbol, _ in islice(reber.continual(Drawn(*draws)), 20)]
    assert "".join(symbols) == "BTBTSXSETE" + "BPBPTVVEPE"


def test_the_grammar_has_the_lengths_and_the_entropy_that_it_should(rng):
    strings = [reber.embedded(rng) for _ in range(4000)]
    lengths = [len(string) for string, _ in strings]
    assert min(lengths) == 9
    assert abs(np.mean(lengths) - 12) < 0.2
    # With memory of the outer letter every fork costs ln 2, without it the second letter does, too.
    forks = sum(len(may) == 2 for _, allowed in strings for may in allowed[1:])
    predicted = sum(lengths) - len(strings)
    assert abs(forks * np.log(2) / predicted - 0.4411) < 0.005
    assert abs((forks + len(strings)) * np.log(2) / predicted - 0.5041) < 0.005


def test_the_paper_s_sets_have_no_string_in_common(rng):
    task = reber.EmbeddedReber(strings=64)
    training, others, _ = task.sets(rng, 32)
    as_text = [{row.tobytes() for row in batch.x} for batch in (training, others)]
    assert len(training.x) == 64 and len(others.x) == 32
    assert not as_text[0] & as_text[1]
    assert reber.EmbeddedReber().sets(rng, 32) is None


def test_the_outer_symbol_is_the_one_before_the_end():
    batch = _batch(reber.predicting(*reber.embedded(Drawn(0, 0, 0, 1, 1))), 12)
    places = reber.outer_places(batch)
    assert np.flatnonzero(places[0]).tolist() == [7]  # the E of BTBTSXSE is read, T has to follow


def _batch(sequence, steps):
    from pipelines.experiments.tasks import padded

    return padded([sequence], steps)


def test_the_allowed_symbols_have_to_be_the_most_active_ones():
    batch = _batch(reber.predicting(*reber.embedded(Drawn(0, 0, 0, 1, 1))), 12)
    outputs = np.where(batch.allowed, 0.6, 0.5)
    assert most_active(batch, outputs).tolist() == [True]
    outputs[0, 3, reber.SYMBOLS.index("B")] = 0.6  # as active as a right one
    assert most_active(batch, outputs).tolist() == [False]
    outputs[0, 3], outputs[0, 11] = np.where(batch.allowed[0, 3], 0.6, 0.5), 9.0  # after the end
    assert most_active(batch, outputs).tolist() == [True]


def test_noise_free_sequences_by_hand():
    assert NoiseFree(4).symbols(Drawn(1)).tolist() == [4, 0, 1, 2, 4]
    assert NoiseFree(4, random=True).symbols(Drawn(0, [2, 2, 1])).tolist() == [3, 2, 2, 1, 3]
    x, y, _ = NoiseFree(4).sequence(Drawn(0))
    assert x.tolist() == [3, 0, 1, 2]
    np.testing.assert_array_equal(y, one_hot([0, 1, 2, 3], 5))


def test_2b_asks_for_the_last_symbol_only():
    task = NoiseFree(4, random=True)
    batch = _batch(task.sequence(Drawn(0, [2, 2, 1])), 4)
    wrong_before = batch.y.copy()
    wrong_before[:, :3] = 0.5
    assert task.correct(batch, wrong_before).tolist() == [True]
    assert NoiseFree(4).correct(batch, wrong_before).tolist() == [False]
    np.testing.assert_array_equal(last_only(np.array([[1, 1, 0], [1, 1, 1]])),
                                  [[0, 1, 0], [0, 0, 1]])  # fmt: skip


def test_distractors_by_hand():
    # Two of them for sure, one more by 0.5 < 0.9, none by 0.95; y; then which.
    x, y, _ = Distractors(p=3, q=2).sequence(Drawn(0.5, 0.95, 1, [2, 0, 1]))
    assert x.tolist() == [4, 6, 2, 0, 1, 3]
    assert np.isnan(y[:-1]).all() and y[-1].tolist() == [0, 1]


def test_two_sequences_by_hand():
    x, y, _ = TwoSequences(T=10, N=2).sequence(Drawn(11, 1, np.ones(11)))
    np.testing.assert_allclose(x[:, 0], [-1, -1] + 9 * [np.sqrt(0.2)])
    assert y[-1] == 0
    x, y, _ = TwoSequences(10, 2, "b").sequence(Drawn(10, 0, np.zeros(10), [1, -1]))
    np.testing.assert_allclose(x[:2, 0], [1 + np.sqrt(0.2), 1 - np.sqrt(0.2)])
    assert y[-1] == 1
    _, y, _ = TwoSequences(10, 2, "c").sequence(Drawn(10, 1, np.zeros(10), 1))
    np.testing.assert_allclose(y[-1], 0.8 + np.sqrt(0.1))


def test_3c_is_judged_by_the_target_without_its_noise():
    task = TwoSequences(10, 2, "c")
    batch = _batch(task.sequence(Drawn(10, 1, np.zeros(10), 1)), 11)
    outputs = np.full_like(batch.y, 0.75)
    assert task.correct(batch, outputs).tolist() == [True]
    assert task.correct(batch, outputs - 0.1).tolist() == [False]


def test_sums_and_products_by_hand():
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    x, y, _ = Arithmetic(10).sequence(Drawn(10, values, 2, 2, 4))  # 2 again is drawn again
    np.testing.assert_array_equal(x[:, 0], values)
    assert x[:, 1].tolist() == [-1, 0, 1, 0, 1, 0, 0, 0, 0, -1]
    np.testing.assert_allclose(y[-1], 0.5 + (0.3 + 0.5) / 4)
    x, y, _ = Arithmetic(10).sequence(Drawn(10, values, 0, 1))  # the first counts as nothing
    assert x[0, 1] == -1
    np.testing.assert_allclose(y[-1], 0.5 + 0.2 / 4)
    _, y, _ = Arithmetic(10, "product").sequence(Drawn(10, values, 2, 4))
    np.testing.assert_allclose(y[-1], 0.3 * 0.5)
    _, y, _ = Arithmetic(10, "product").sequence(Drawn(10, values, 0, 4))
    np.testing.assert_allclose(y[-1], 0.5)


def test_modern_sums_by_hand():
    x, y, _ = ModernAdding(4).sequence(Drawn([0.1, 0.2, 0.3, 0.4], 1, 3))
    assert x[:, 1].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(y[-1], 0.6)


def test_what_is_guessed_without_memory_is_as_wrong_as_computed(rng):
    sums = Arithmetic(100).batch(rng, 4000).y.max(axis=1)
    products = Arithmetic(100, "product").batch(rng, 4000).y.max(axis=1)
    assert abs(sums.var() - 0.0393) < 0.004
    assert abs(products.var() - 0.0593) < 0.006


@pytest.mark.parametrize(
    "three, at, which, label", [(False, [10, 60], [1, 0], 2), (True, [20, 33, 76], [0, 1, 1], 3)]
)
def test_temporal_order_by_hand(three, at, which, label):
    task = TemporalOrder(three)
    x, y, _ = task.sequence(Drawn(100, [0] * 100, *at, which))
    assert x[0] == 7 and x[-1] == 6 and len(x) == 100
    assert [x[n] for n in at] == [4 + one for one in which]
    assert y[-1].argmax() == label and y.shape[1] == 2 ** len(at)


def test_places_of_temporal_order_stay_within_the_paper_s(rng):
    for three in (False, True):
        task = TemporalOrder(three)
        batch = task.batch(rng, 300)
        for row in batch.x:
            found = np.flatnonzero((row == 4) | (row == 5))
            assert all(a <= n <= b for n, (a, b) in zip(found, task.places, strict=True))
        assert batch.lengths.min() == 100 and batch.lengths.max() == 110
        assert (batch.x[np.arange(300), batch.lengths - 1] == 6).all()
        assert (batch.x == NO_SYMBOL).sum() == (110 - batch.lengths).sum()


def test_the_first_symbol_by_hand():
    x, y, _ = FirstSymbol(3).sequence(Drawn(1, [0, 3, 2]))
    assert x.tolist() == [5, 0, 3, 2] and y[-1].tolist() == [0, 1]


def test_measured_delays_by_hand():
    x, y, _ = MeasuredDelays(F=3, I=(0, 2), spikes=2).sequence(Drawn(1, 0))
    assert x[:, 0].tolist() == [0, 0, 0, 0, 1, 0, 0, 1]
    assert y[[4, 7], 0].tolist() == [2, 0] and np.isnan(y).sum() == 6


def test_streams_out_of_nothing_by_hand(rng):
    spikes = TimedSpikes(F=3, longest=7).sequence(rng)
    assert spikes.y[:, 0].tolist() == [0, 0, 1, 0, 0, 1, 0] and not spikes.x.any()
    expected = {
        "cosine": [0, 0.5, 1, 0.5, 0],
        "triangle": [0, 0.5, 1, 0.5, 0],
        "rectangle": [0, 0, 0, 1, 0],
    }
    for kind, values in expected.items():
        made = PeriodicFunction(kind, F=4, longest=5).made()
        np.testing.assert_allclose(made, values, atol=1e-12)
        assert made.max() <= 1


@pytest.mark.parametrize(
    "kind, words, tags",
    [
        (0, "i love peeling apple !", "O O O FRUIT O"),
        (1, "the orange is one great firm !", "O ORG O O O O O"),
        (
            2,
            "i love peeling apple the orange is one great firm !",
            "O O O FRUIT O ORG O O O O O",
        ),
    ],
)
def test_apples_by_hand(kind, words, tags):
    fruit, company = (0, 1, 2, 0), (1, 0, 2, 0, 1)
    found = Apple().words(Drawn(*fruit, *company, kind))
    assert found == (words.split(), tags.split())


def test_the_same_word_is_a_fruit_and_a_company(rng):
    batch = Apple().batch(rng, 500)
    word = VOCABULARY.index("apple")
    tags = {TAGS[n] for n in batch.y[batch.x == word].argmax(axis=-1)}
    assert tags == {"FRUIT", "ORG"}


def test_cues_are_told_by_their_distance(rng):
    task = Cue(steps=8, words=3)
    x, y, _ = task.sequence(Drawn([0, 1, 2, 0, 1, 2, 0, 1], 1, 5))
    assert x.tolist() == [0, 1, 2, 0, 1, 4, 0, 1] and y[-1].tolist() == [0, 1]
    batch = task.batch(rng, 200)
    found = task.by_distance(batch, np.tile([1.0, 0.0], (200, 8, 1)))
    first = batch.y[:, -1, 0] == 1
    near = (batch.x[:, -5:] >= 3).any(axis=1)
    assert found["accuracy, 0 to 4 back"] == first[near].mean()
    assert list(found) == ["accuracy, 0 to 4 back", "accuracy, 5 to 7 back"]


def test_recall_by_hand():
    x, y, _ = Recall(steps=8, period=8, every=2).sequence(Drawn(0.25, 1))
    signal = np.cos(2 * np.pi * np.arange(8) / 8)
    np.testing.assert_allclose(x[:, 0], signal.reshape(4, 2).mean(axis=1), atol=1e-12)
    assert x[:, 1].tolist() == [1, 0, 0, 0]
    np.testing.assert_allclose(y[-1], signal[1])


def test_down_sampling_costs_precision(rng):
    lost = {n: (task := Recall(every=n)).precision(task.batch(rng, 400)) for n in (1, 4, 12)}
    assert lost[1] < 1e-6 < lost[4] < lost[12]


def test_what_is_asked_of_padding_is_nothing(rng):
    batch = TemporalOrder().batch(rng, 3)
    assert batch.weight.sum() == 3
    assert within(batch, batch.y + 0.2, 0.3).all()
    assert not within(batch, batch.y + 0.4, 0.3).any()


@pytest.fixture
def chorales(tmp_path):
    pieces = {"train": [[[60, 64], [62]]], "valid": [[[21], [108], []]], "test": [[[60], [60]]]}
    file = tmp_path / "chorales.json"
    file.write_text(json.dumps(pieces))
    return file


def test_chorales_by_hand(chorales, rng):
    text = chorales.read_text("utf-8")
    task = Chorales.of(chorales)
    assert task.longest == 2
    moved = chorales.rename(chorales.with_name("moved.json"))
    assert repr(Chorales.of(moved)) == repr(task)  # by which results are told apart
    moved.write_text("{}")
    assert repr(Chorales.of(moved)) != repr(task)
    with pytest.raises(InputError, match="cannot be read"):
        Chorales.of(chorales)
    task = replace(task, file=str(moved))
    moved.write_text(text)
    training, watched, tested = task.sets(rng, 1)
    assert np.flatnonzero(training.x[0, 0]).tolist() == [39, 43]
    assert np.flatnonzero(training.y[0, 0]).tolist() == [41]
    assert watched.weight.tolist() == [[1, 1]] and tested.weight.tolist() == [[1, 0]]
    half = np.full_like(watched.y, 0.5)
    np.testing.assert_allclose(nats_of_all(watched, half), KEYS * np.log(2))
    assert predicting([[60], []]).y.sum() == 0


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "cannot be read as JSON"),
        ("{}", "no pieces under 'train'"),
        (
            '{"train": [[[60], [200]]], "valid": [[[60], [60]]], "test": [[[60], [60]]]}',
            r"train\[0\]",
        ),
        *(
            (f'{{"train": [{piece}]}}', r"train\[0\]")
            for piece in ("5", "[5, 6]", '[["a"], [60]]', "[[60.5], [60]]", "[[60], [null]]")
        ),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
)
def test_a_file_that_has_no_chorales_is_refused(text, said, tmp_path):
    file = tmp_path / "chorales.json"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        _ = Chorales(str(file)).longest
