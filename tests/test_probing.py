"""Shares, reach and probes, against what they are by definition and what chance does."""

import numpy as np
import pytest

from keras_lstm_variants.probing import probe, reach, saturation, similar_together


def wandering(rng, steps, units):
    """Series whose neighbours are alike, as states are."""
    noise = rng.normal(size=(steps, units))
    for t in range(1, steps):
        noise[t] += 0.9 * noise[t - 1]
    return noise


def test_shares_are_of_steps_that_are_not_masked():
    gate = np.array([[[0.05, 0.95], [0.5, 0.95]], [[0.05, 0.5], [np.nan, np.nan]]])
    found = saturation(gate)
    np.testing.assert_allclose(found.closed, [2 / 3, 0])
    np.testing.assert_allclose(found.open, [0, 2 / 3])
    assert found.steps == 3 and found.warning.startswith("from 3 steps only: a share of one half")


def test_intervals_are_those_of_wilson():
    """Wilson 1927, as statsmodels has it: for 5 of 20, 0.1119 to 0.4687."""
    gate = np.full((20, 1), 0.5)
    gate[:5] = 0.01
    found = saturation(gate)
    np.testing.assert_allclose(found.closed_interval, [[0.1119, 0.4687]], atol=1e-4)
    np.testing.assert_allclose(found.open_interval, [[0, 0.1611]], atol=1e-4)
    assert "from 20 steps only" in found.warning and "±0.20" in found.warning
    assert saturation(np.full((100, 2), 0.5)).warning == ""


@pytest.mark.parametrize(
    ("gate", "words"), [([[1.5]], "between 1.5 and 1.5"), ([[np.nan]], "no step")]
)
def test_what_is_no_gate_is_refused(gate, words):
    with pytest.raises(ValueError, match=words):
        saturation(gate)


def test_reach_is_the_mean_of_each_diagonal():
    sizes = np.array([[1.0, 0, 0], [0.5, 3, 0], [0.1, 0.7, 5]])
    np.testing.assert_allclose(reach(sizes), [3, 0.6, 0.1])
    np.testing.assert_allclose(reach([sizes, 3 * sizes]), [6, 1.2, 0.2])


def test_scores_are_correlations(rng):
    units, feature = wandering(rng, 400, 3), wandering(rng, 400, 1)[:, 0]
    found = probe(units, {"a": feature, "constant": np.ones(400)})
    expected = [np.corrcoef(units[:, n], feature)[0, 1] for n in range(3)]
    np.testing.assert_allclose(found.scores[:, 0], expected, atol=1e-12)
    np.testing.assert_array_equal(found.scores[:, 1], 0)
    unit, score, p = found.best("a")
    assert unit == np.argmax(np.abs(expected)) and score == pytest.approx(expected[unit])
    assert p == found.p[unit, 0]


def test_p_counts_shifts_in_which_any_unit_does_as_well_with_any_feature(rng):
    units, steps = wandering(rng, 60, 2), 60
    features = {"a": rng.normal(size=steps), "b": wandering(rng, steps, 1)[:, 0]}
    found = probe(units, features)
    largest = [
        max(
            abs(np.corrcoef(units[:, unit], np.roll(feature, shift))[0, 1])
            for unit in range(2)
            for feature in features.values()
        )
        for shift in range(3, 58)
    ]
    expected = [
        [(1 + sum(one >= abs(score) for one in largest)) / 56 for score in row]
        for row in found.scores
    ]
    np.testing.assert_allclose(found.p, expected)
    assert found.shifts == 55 and found.level == pytest.approx(np.quantile(largest, 0.95))


def test_a_unit_that_stands_for_something_is_found(rng):
    units = wandering(rng, 2000, 20)
    within = (np.arange(2000) // 37 + (rng.random(2000) < 0.02).cumsum()) % 2
    units[:, 7] += 3 * units.std() * within
    found = probe(units, {"quotes": within, "nothing": wandering(rng, 2000, 1)[:, 0]})
    unit, score, p = found.best("quotes")
    assert unit == 7 and score > 0.7 and p < 0.01
    assert found.best("nothing")[2] > 0.05


def test_chance_is_no_finding(rng):
    """In 5 of 100 texts something is found that is not there; an ordinary test finds it in all."""
    wrong = 0
    for _ in range(100):
        features = {str(n): one for n, one in enumerate(wandering(rng, 300, 3).T)}
        wrong += (probe(wandering(rng, 300, 10), features).p < 0.05).any()
    assert wrong <= 12


@pytest.mark.parametrize(
    ("units", "feature", "words"),
    [
        (np.zeros((50, 2)), np.zeros(49), "shape"),
        (np.zeros((39, 2)), np.zeros(39), "too few"),
        (np.full((50, 2), np.nan), np.zeros(50), "finite"),
    ],
)
def test_what_cannot_be_probed_is_refused(units, feature, words):
    with pytest.raises(ValueError, match=words):
        probe(units, {"a": feature})


def test_units_that_do_alike_stand_together(rng):
    one, other = wandering(rng, 500, 2).T
    kinds = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    sources = np.stack([one, other, -one], axis=1)
    values = sources[:, kinds] + 0.1 * rng.normal(size=(500, 9))
    order = similar_together(np.concatenate([values, np.full((3, 9), np.nan)]))
    assert sorted(order) == list(range(9))
    around = kinds[order]
    assert (around != np.roll(around, 1)).sum() == 3, "each kind is one block, the circle closed"
