"""Opinions on one or two cells each, for `test_second_opinions.py`.

TensorFlow's kernel counts in float32 and has gradients; the authors' packages here are asked for
outputs only.
"""

import keras
import numpy as np
import tensorflow as tf
from questions import Answer

from cases import BATCH, CASES, STEPS, UNITS


def in_block_lstm(question):
    """Time comes first, columns in the order i z f o."""
    arrays = [*question.weights, question.x, *question.states]
    leaves = [tf.constant(array, "float32") for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(leaves)
        kernel, recurrent_kernel, bias, *p, x, h, c = leaves

        def reordered(columns):
            i, f, z, o = tf.split(columns, 4, axis=-1)
            return tf.concat([i, z, f, o], axis=-1)

        p_i, p_f, p_o = p or [tf.zeros(UNITS)] * 3
        given = tf.raw_ops.BlockLSTM(
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
            use_peephole=bool(p),
        )
        outputs = [tf.transpose(given.h, (1, 0, 2)), given.h[-1], given.cs[-1]]
        loss = sum(
            tf.reduce_sum(output * tf.cast(direction, "float32"))
            for output, direction in zip(outputs, question.directions, strict=True)
        )
    return Answer([output.numpy() for output in outputs], tape.gradient(loss, leaves))


def keras_lmu(asks):
    import keras_lmu

    kernel, recurrent, bias, memory = asks.weights
    size = CASES["lmu"].size
    hidden = keras.layers.SimpleRNNCell(UNITS, dtype="float64")
    cell = keras_lmu.LMUCell(
        1, size["order"], size["theta"], hidden, hidden_to_memory=True, memory_to_memory=True,
        input_to_hidden=True, use_bias=True, dtype="float64",
    )  # fmt: skip
    cell.build((BATCH, asks.x.shape[-1]))
    cell.kernel.assign(np.concatenate([kernel[:, :1], recurrent[:, :1]]))
    cell.recurrent_kernel.assign(memory[:, :1])
    cell.bias.assign(bias[:1])
    hidden.set_weights([np.concatenate([memory[:, 1:], kernel[:, 1:]]), recurrent[:, 1:], bias[1:]])
    hs, (h, m) = [], asks.states
    for t in range(STEPS):
        h, (m, _) = cell.call(tf.constant(asks.x[:, t]), [m, h])
        hs.append(h)
    return Answer([np.stack(hs, axis=1), h, m])


def ncps_cfc(asks):
    import torch
    from ncps.torch.cfc_cell import CfCCell

    kernel, recurrent, bias, heads, head_bias = map(torch.tensor, asks.weights)
    cell = CfCCell(len(kernel), UNITS, backbone_units=len(bias)).double()
    layers = [cell.ff1, cell.ff2, cell.time_a, cell.time_b]
    with torch.no_grad():
        cell.backbone[0].weight.copy_(torch.cat([kernel, recurrent]).T)
        cell.backbone[0].bias.copy_(bias)
        for layer, W, b in zip(layers, heads.T.chunk(4), head_bias.chunk(4), strict=True):
            layer.weight.copy_(W)
            layer.bias.copy_(b)
        x, elapsed = torch.tensor(asks.x[..., :-1]), torch.tensor(asks.x[..., -1:]).clamp(min=0)
        (h,) = map(torch.tensor, asks.states)
        hs = []
        for t in range(STEPS):
            h, _ = cell(x[:, t], h, elapsed[:, t])
            hs.append(h)
    return Answer([torch.stack(hs, 1).numpy(), h.numpy()])
