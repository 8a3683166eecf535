"""What holds for cells whose input chooses the recurrent weights only."""

import numpy as np
import pytest

from cases import (
    CASES,
    FACTORS,
    FEATURES,
    UNITS,
    all_close,
    build,
    initial_states,
    own_layer,
    sequences,
)

PLAIN = {"multiplicative_rnn": "simple_rnn", "multiplicative_lstm": "lstm"}
both_cells = pytest.mark.parametrize("name", PLAIN)


@both_cells
@pytest.mark.parametrize("chosen", [False, True])
def test_for_each_input_it_is_a_plain_cell_with_other_recurrent_weights(name, chosen, rng):
    options = CASES[name].choices if chosen else {}
    options = {**options, "return_sequences": True, "return_state": True}
    layer = build(own_layer(name, **options), rng)
    plain = build(own_layer(PLAIN[name], **options), rng)
    kernel, recurrent_kernel, bias, W_m, R_m = layer.get_weights()
    states = [state[:1] for state in initial_states(name, rng)]
    for x in sequences(rng)[:, :1]:
        again_and_again = np.tile(x, (1, 4, 1))
        chosen = R_m @ np.diag(x[0] @ W_m) @ recurrent_kernel
        plain.set_weights([kernel, chosen, bias])
        all_close(
            layer(again_and_again, initial_state=states),
            plain(again_and_again, initial_state=states),
            atol=1e-11,
        )


@both_cells
def test_has_as_many_factors_as_units_unless_told(name):
    gates = len(own_layer(name).cell.gates)
    for factors, expected in (None, UNITS), (FACTORS, FACTORS):
        layer = own_layer(name, factors=factors)
        layer.build((None, None, FEATURES))
        assert [w.shape for w in layer.weights] == [
            (FEATURES, gates * UNITS),
            (expected, gates * UNITS),
            (gates * UNITS,),
            (FEATURES, expected),
            (UNITS, expected),
        ]


def test_the_two_products_of_x_start_with_different_weights():
    layer = own_layer("multiplicative_rnn", factors=UNITS)
    layer.build((None, None, FEATURES))
    kernel, recurrent_kernel, _, W_m, R_m = layer.get_weights()
    assert np.all(kernel != W_m) and np.all(recurrent_kernel != R_m)


@both_cells
def test_refuses_factors_that_are_no_positive_integer(name):
    for factors in 0, -1, 2.5, "8":
        with pytest.raises(ValueError, match="factors"):
            own_layer(name, factors=factors)
