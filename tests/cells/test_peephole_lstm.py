"""What holds for the peephole LSTM only."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import (
    BATCH,
    CASES,
    STEPS,
    UNITS,
    all_close,
    build,
    close,
    initial_states,
    own_layer,
    sequences,
)


@pytest.mark.parametrize("options", [{}, CASES["lstm"].choices])
def test_without_peepholes_it_is_the_lstm(options, rng):
    layer = build(own_layer("peephole_lstm", return_sequences=True, **options), rng)
    plain = build(keras.layers.LSTM(UNITS, return_sequences=True, dtype="float64", **options), rng)
    layer.set_weights([*plain.get_weights(), *[np.zeros(UNITS)] * 3])
    x, states = sequences(rng), initial_states("peephole_lstm", rng)
    close(layer(x, initial_state=states), plain(x, initial_state=states))


def test_starts_without_peepholes_if_their_initial_weights_are_zero():
    layer = own_layer("peephole_lstm", peephole_initializer="zeros")
    layer.build((None, None, 2))
    assert not np.any(layer.get_weights()[3:])


def block_lstm(kernel, recurrent_kernel, bias, p_i, p_f, p_o, x, h, c):
    """TensorFlow's kernel for the same cell: time first, columns i z f o; h at every step."""

    def reordered(columns):
        i, f, z, o = tf.split(columns, 4, axis=-1)
        return tf.concat([i, z, f, o], axis=-1)

    outputs = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.constant(STEPS, "int64"),
        x=tf.transpose(x, (1, 0, 2)),
        cs_prev=c,
        h_prev=h,
        w=reordered(tf.concat([kernel, recurrent_kernel], axis=0)),
        wci=p_i,
        wcf=p_f,
        wco=p_o,
        b=reordered(bias),
        forget_bias=0.0,
        cell_clip=-1.0,
        use_peephole=True,
    )
    return tf.transpose(outputs.h, (1, 0, 2))


def test_equals_the_kernel_of_tensorflow(rng):
    layer = own_layer("peephole_lstm", "float32", return_sequences=True)
    build(layer, rng)
    x = tf.constant(sequences(rng), "float32")
    h, c = (tf.constant(s, "float32") for s in initial_states("peephole_lstm", rng))
    direction = rng.normal(size=(BATCH, STEPS, UNITS)).astype("float32")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, h, c])
        ours = layer(x, initial_state=[h, c])
        theirs = block_lstm(*layer.trainable_variables, x, h, c)
        losses = [tf.reduce_sum(hs * direction) for hs in (ours, theirs)]
    sources = [*layer.trainable_variables, x, h, c]
    close(ours, theirs, atol=2e-6)
    all_close(*(tape.gradient(loss, sources) for loss in losses), atol=5e-5)
