"""What holds for the clockwork RNN only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    numbers,
    own_layer,
    sequences,
)

pytestmark = pytest.mark.ci

RETURNS = {"return_sequences": True, "return_state": True}


def cell(name, rng, **options):
    return build(own_layer(name, **RETURNS, **options), rng)


def test_a_clockwork_rnn_of_one_period_is_the_simple_rnn(rng):
    layer, plain = cell("clockwork_rnn", rng, periods=[1]), cell("simple_rnn", rng)
    plain.set_weights(layer.get_weights())
    x, states = sequences(rng), initial_states("simple_rnn", rng)
    hs, h, t = layer(x, initial_state=[*states, np.zeros((BATCH, 1))])
    all_close([hs, h], plain(x, initial_state=states))
    close(t, np.full((BATCH, 1), x.shape[1]))


def test_a_group_moves_when_its_period_divides_the_step(rng):
    layer, periods = cell("clockwork_rnn", rng, periods=[1, 2, 3]), np.repeat([1, 2, 3], 2)
    (h, _), x = initial_states("clockwork_rnn", rng), rng.normal(size=(BATCH, 13, FEATURES))
    hs = layer(x, initial_state=[h, np.zeros((BATCH, 1))])[0]
    moves = np.diff(np.concatenate([h[:, None], numbers(hs)], axis=1), axis=1) != 0
    np.testing.assert_array_equal(moves, [np.arange(13)[:, None] % periods == 0] * BATCH)


def test_a_slow_group_does_not_see_a_fast_one(rng):
    layer = build(own_layer("clockwork_rnn", **RETURNS), rng, scale=0.3)  # nothing is saturated
    h, t = initial_states("clockwork_rnn", rng)
    x, other = sequences(rng), h + np.repeat([1.0, 0.0], UNITS // 2)
    one, two = (numbers(layer(x, initial_state=[start, 0 * t])[0]) for start in (h, other))
    close(one[..., UNITS // 2 :], two[..., UNITS // 2 :])
    assert np.all(one[:, 0, : UNITS // 2] != two[:, 0, : UNITS // 2])


@pytest.mark.parametrize("periods", [[], [2, 1], [0, 1], [1, 2.0], [1, 2, 4, 8]])
def test_refuses_periods_that_make_no_groups(periods):
    with pytest.raises(ValueError, match="periods"):
        own_layer("clockwork_rnn", periods=periods)
