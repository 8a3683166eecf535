"""Who is asked about which cell: an opinion by the name of who gives it, for each cell.

An opinion is a function that runs somebody else's code on a `Question` and returns an `Answer`. Few
have our cells as they are, but many cells can be written as another one (`plain_cells.py`).
"""

from functools import partial

import linear_opinions
from onnx_opinions import onnx_gru, onnx_lstm, onnx_opinion, onnx_rnn
from other_opinions import in_block_lstm, keras_lmu, ncps_cfc
from plain_cells import (
    as_it_is,
    with_gates_fed_back,
    with_gates_fed_back_and_tied,
    with_nothing_fed_back,
    with_one_bias,
    with_open_gate,
    with_opposed_gates,
    with_peepholes,
    with_projection_in_weights,
    with_tanh_for_output_gate,
    with_tied_gates,
    with_tied_gates_and_plain_units,
    with_two_biases,
    with_units_for_highway,
    with_units_for_lanes,
)
from torch_opinions import (
    in_torch,
    torch_clockwork_rnn,
    torch_gru,
    torch_lstm,
    torch_projected_lstm,
    torch_rnn,
    torch_rnn_cells,
    torch_stacked_rnn,
    torch_units,
)
from torchrecurrent_opinions import (
    by_columns,
    cfn_weights,
    cornn_weights,
    fast_grnn_weights,
    minimal_rnn_weights,
    recurrent_goodfellow_gru,
    recurrent_h,
    recurrent_janet,
    recurrent_layer,
    recurrent_lem,
    recurrent_mi_lstm,
    recurrent_multiplicative_lstm,
    recurrent_multiplicative_rnn,
    recurrent_nas,
    recurrent_peephole_lstm,
)

KERAS = "test_against_keras.py"  # the file that asks Keras


def of_torch(run, *arguments):
    return {"torch": partial(in_torch, partial(run, *arguments))}


def of_lstm(arrange, **functions):
    """Whom to ask about a cell that is a plain LSTM with other weights."""
    return {
        **of_torch(torch_lstm, arrange),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, arrange, **functions),
    }


def of_peephole_lstm(arrange, **attributes):
    """The same about a peephole LSTM."""
    return {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, arrange, **attributes),
        "torchrecurrent": partial(in_torch, partial(recurrent_peephole_lstm, arrange)),
    }


def of_torchrecurrent(kind, gates, **options):
    run = partial(recurrent_h, kind, gates, **options)
    return {"torchrecurrent": partial(in_torch, run)}


def of_recurrent_layer(kind, arrange, **options):
    run = partial(recurrent_layer, kind, arrange, **options)
    return {"torchrecurrent": partial(in_torch, run)}


IN_1997 = {
    **of_torch(torch_lstm, partial(with_gates_fed_back_and_tied, 0.5)),
    "onnxruntime LSTM": onnx_opinion(
        onnx_lstm, partial(with_gates_fed_back_and_tied, 1.0), g="g of 1997", h="h of 1997"
    ),
}
DEEP_TRANSITION = {"torch RNNCell": partial(in_torch, torch_rnn_cells)}
OPINIONS = {
    "simple_rnn": {
        "Keras": KERAS,
        **of_torch(torch_rnn),
        "onnxruntime RNN": onnx_opinion(onnx_rnn),
    },
    "memoryless": of_torch(torch_units),
    "cec": IN_1997,
    "lstm_1997": IN_1997,
    "lstm_1997_input_gate": IN_1997,
    "lstm_1997_output_gate": IN_1997,
    "lstm": {
        "Keras": KERAS,
        **of_lstm(as_it_is),
        "TensorFlow BlockLSTM": in_block_lstm,
    },
    "peephole_lstm": {
        **of_peephole_lstm(with_peepholes),
        "TensorFlow BlockLSTM": in_block_lstm,
    },
    "memory_block_lstm": of_lstm(with_tied_gates),
    "mixed_block_lstm": of_lstm(with_tied_gates_and_plain_units),
    "gru": {
        "Keras": KERAS,
        **of_torch(torch_gru, with_two_biases),
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_two_biases, reset_after=True),
    },
    "gru_reset_before": {
        "Keras": KERAS,
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_one_bias, reset_after=False),
        **of_torchrecurrent("MUT2", "urz", turned="u"),
    },
    "no_input_gate_lstm": of_peephole_lstm(partial(with_open_gate, "i")),
    "no_forget_gate_lstm": of_peephole_lstm(partial(with_open_gate, "f")),
    "no_output_gate_lstm": of_peephole_lstm(partial(with_open_gate, "o")),
    "no_input_activation_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_peepholes, g="linear"),
    },
    "no_output_activation_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_peepholes, h="linear"),
    },
    "coupled_gate_lstm": {
        **of_peephole_lstm(with_opposed_gates),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, partial(with_open_gate, "f"), input_forget=1),
    },
    "full_gate_recurrence_lstm": of_lstm(with_gates_fed_back),
    "jozefowicz_lstm": of_lstm(with_tanh_for_output_gate),
    "mut1": of_torchrecurrent("MUT1", "urz"),
    "mut2": of_torchrecurrent("MUT2", "urz"),
    "mut3": of_torchrecurrent("MUT3", "urz"),
    "mgu": of_torchrecurrent("MGU", "fz"),
    "janet": {"torchrecurrent": partial(in_torch, recurrent_janet)},
    "ugrnn": of_torchrecurrent("UGRNN", "zu"),
    "irnn": {
        "torch": partial(in_torch, partial(torch_rnn, nonlinearity="relu")),
        "onnxruntime RNN": onnx_opinion(onnx_rnn, "relu"),
    },
    "ind_rnn": of_torchrecurrent("IndRNN", "h", nonlinearity="relu"),
    "multiplicative_rnn": {"torchrecurrent": partial(in_torch, recurrent_multiplicative_rnn)},
    "multiplicative_lstm": {"torchrecurrent": partial(in_torch, recurrent_multiplicative_lstm)},
    "deep_transition_rnn": DEEP_TRANSITION,
    "deep_transition_shortcut_rnn": DEEP_TRANSITION,
    "deep_output_rnn": of_torch(torch_stacked_rnn),
    "stacked_rnn": of_torch(torch_stacked_rnn),
    "goodfellow_lstm": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, as_it_is, g="recurrent_activation"),
    },
    "goodfellow_gru": {"torchrecurrent": partial(in_torch, recurrent_goodfellow_gru)},
    "projected_lstm": {
        **of_torch(torch_projected_lstm),
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_projection_in_weights),
    },
    "projected_peephole_lstm": of_peephole_lstm(with_projection_in_weights),
    "array_lstm": of_lstm(with_units_for_lanes),
    "nas": {"torchrecurrent": partial(in_torch, recurrent_nas)},
    "zoneout_lstm": of_lstm(as_it_is),
    "min_gru": {
        **of_torch(torch_gru, with_nothing_fed_back),
        "onnxruntime GRU": onnx_opinion(onnx_gru, with_nothing_fed_back, reset_after=True),
    },
    "ran": of_recurrent_layer("RAN", by_columns("zif", "if", "if")),
    "cfn": of_recurrent_layer("CFN", cfn_weights),
    "minimal_rnn": of_recurrent_layer("MinimalRNN", minimal_rnn_weights),
    "mi_lstm": {"torchrecurrent": partial(in_torch, recurrent_mi_lstm)},
    "clockwork_rnn": of_torch(torch_clockwork_rnn),
    "antisymmetric_rnn": of_recurrent_layer("GatedAntisymmetricRNN", by_columns("uz", "z", "uz")),
    "brc": of_recurrent_layer("BR", by_columns("acz", "ac", "acz")),
    "nbrc": of_recurrent_layer("NBR", by_columns("acz", "ac", "acz")),
    "star": of_recurrent_layer("STAR", by_columns("zk", "k", "zk")),
    "cornn": of_recurrent_layer("coRNN", cornn_weights),
    "lem": {"torchrecurrent": partial(in_torch, recurrent_lem)},
    "fast_grnn": of_recurrent_layer("FastGRNN", fast_grnn_weights, nonlinearity="sigmoid"),
    "sru": {
        "onnxruntime LSTM": onnx_opinion(onnx_lstm, with_units_for_highway, g="linear", h="linear"),
    },
    "li_gru": of_recurrent_layer("LiGRU", by_columns("uz", "uz", "uz")),
    "atr": of_recurrent_layer("ATR", by_columns("p", "q", "p")),
    **linear_opinions.OPINIONS,
    "lmu": {"keras-lmu": keras_lmu},
    "cfc": {"ncps": ncps_cfc},
}
