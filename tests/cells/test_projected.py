"""What holds for LSTMs with a projection only."""

import numpy as np
import pytest

from cases import (
    BATCH,
    FEATURES,
    FLOAT,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    numbers,
    sequences,
)
from keras_lstm_variants import LSTM, PeepholeLSTM, ProjectedLSTM, ProjectedPeepholeLSTM

pytestmark = pytest.mark.ci

PROJECTION = 4
PLAIN = {ProjectedLSTM: LSTM, ProjectedPeepholeLSTM: PeepholeLSTM}
both_layers = pytest.mark.parametrize("layer_class", PLAIN)
usual = {"dtype": FLOAT, "return_sequences": True, "return_state": True}


def states(rng, size=PROJECTION):
    return [rng.normal(size=(BATCH, size)), rng.normal(size=(BATCH, UNITS))]


@both_layers
def test_projected_onto_itself_it_is_the_plain_cell(layer_class, rng):
    layer = build(layer_class(UNITS, projection=UNITS, **usual), rng)
    plain = build(PLAIN[layer_class](UNITS, **usual), rng)
    kernel, recurrent_kernel, bias, *peepholes = plain.get_weights()
    layer.set_weights([kernel, recurrent_kernel, bias, np.eye(UNITS), *peepholes])
    x, initial = sequences(rng), states(rng, UNITS)
    all_close(layer(x, initial_state=initial), plain(x, initial_state=initial))


@both_layers
def test_is_the_plain_cell_with_a_recurrent_kernel_of_low_rank(layer_class, rng):
    layer = build(layer_class(UNITS, projection=PROJECTION, **usual), rng)
    plain = build(PLAIN[layer_class](UNITS, **usual), rng)
    kernel, recurrent_kernel, bias, P, *peepholes = layer.get_weights()
    plain.set_weights([kernel, P @ recurrent_kernel, bias, *peepholes])
    x = sequences(rng)
    hs, h, c = layer(x)
    ms, m, plain_c = plain(x)
    all_close([hs, h, c], [numbers(ms) @ P, numbers(m) @ P, plain_c])


def test_without_peepholes_both_are_the_same(rng):
    layer = build(ProjectedPeepholeLSTM(UNITS, projection=PROJECTION, **usual), rng)
    plain = build(ProjectedLSTM(UNITS, projection=PROJECTION, **usual), rng)
    layer.set_weights([*plain.get_weights(), *[np.zeros(UNITS)] * 3])
    x, initial = sequences(rng), states(rng)
    all_close(layer(x, initial_state=initial), plain(x, initial_state=initial))


@both_layers
def test_its_output_has_the_size_of_the_projection(layer_class, rng):
    layer = layer_class(UNITS, projection=PROJECTION, **usual)
    assert layer.compute_output_shape((None, STEPS, FEATURES)) == (
        (None, STEPS, PROJECTION),
        (None, PROJECTION),
        (None, UNITS),
    )
    assert layer(sequences(rng))[0].shape == (BATCH, STEPS, PROJECTION)


@both_layers
@pytest.mark.parametrize("units, projection", [(6, 3), (7, 3), (1, 1)])
def test_has_half_as_many_outputs_as_units_unless_told(layer_class, units, projection):
    assert layer_class(units).cell.output_size == projection


@both_layers
def test_the_projection_does_not_start_as_the_kernel_does(layer_class):
    layer = layer_class(UNITS, projection=4 * UNITS)
    layer.build((None, None, UNITS))
    assert np.all(numbers(layer.cell.kernel) != numbers(layer.cell.projection_kernel))


@both_layers
def test_refuses_a_projection_that_is_no_positive_integer(layer_class):
    for projection in 0, -1, 2.5, "4":
        with pytest.raises(ValueError, match="projection"):
            layer_class(UNITS, projection=projection)


def test_dropout_of_the_output_only_reaches_what_is_fed_back(rng):
    """At the first step, from zeros, nothing is fed back."""
    layer = build(ProjectedLSTM(UNITS, projection=PROJECTION, recurrent_dropout=0.5, **usual), rng)
    x = sequences(rng)
    dropped, hs = numbers(layer(x, training=True)[0]), numbers(layer(x)[0])
    close(dropped[:, 0], hs[:, 0])
    assert np.abs(dropped[:, 1] - hs[:, 1]).max() > 1e-3
