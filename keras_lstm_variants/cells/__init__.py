"""Every cell and its layer, imported when first used.

Adding one: its class with its layer in its family's file, its line in this table, its oracle with
its case in the tests.
"""

from typing import Any

from ..lazy import Lazy, attribute

# Name in configurations -> the module here and the layer in it. The class of the cell, in the same
# module, is called as the layer with "Cell" at the end. The order is that of every list of cells.
TABLE = {
    "simple_rnn": "simple_rnn:SimpleRNN",
    "cec": "lstm_1997:CEC",
    "lstm_1997": "lstm_1997:LSTM1997",
    "lstm_1997_input_gate": "lstm_1997:LSTM1997InputGate",
    "lstm_1997_output_gate": "lstm_1997:LSTM1997OutputGate",
    "lstm": "lstm:LSTM",
    "peephole_lstm": "peephole_lstm:PeepholeLSTM",
    "memory_block_lstm": "memory_block_lstm:MemoryBlockLSTM",
    "mixed_block_lstm": "mixed_block_lstm:MixedBlockLSTM",
    "gru": "gru:GRU",
    "gru_reset_before": "gru:GRUResetBefore",
    "no_input_gate_lstm": "lstm_ablations:NoInputGateLSTM",
    "no_forget_gate_lstm": "lstm_ablations:NoForgetGateLSTM",
    "no_output_gate_lstm": "lstm_ablations:NoOutputGateLSTM",
    "no_input_activation_lstm": "lstm_ablations:NoInputActivationLSTM",
    "no_output_activation_lstm": "lstm_ablations:NoOutputActivationLSTM",
    "coupled_gate_lstm": "lstm_ablations:CoupledGateLSTM",
    "full_gate_recurrence_lstm": "lstm_ablations:FullGateRecurrenceLSTM",
    "jozefowicz_lstm": "jozefowicz_lstm:JozefowiczLSTM",
    "mut1": "architecture_search:MUT1",
    "mut2": "architecture_search:MUT2",
    "mut3": "architecture_search:MUT3",
    "mgu": "single_gate:MGU",
    "janet": "single_gate:JANET",
    "ugrnn": "single_gate:UGRNN",
    "irnn": "simple_rnn:IRNN",
    "ind_rnn": "simple_rnn:IndRNN",
    "memoryless": "simple_rnn:Memoryless",
    "multiplicative_rnn": "multiplicative:MultiplicativeRNN",
    "multiplicative_lstm": "multiplicative:MultiplicativeLSTM",
    "deep_transition_rnn": "deep_rnn:DeepTransitionRNN",
    "deep_transition_shortcut_rnn": "deep_rnn:DeepTransitionShortcutRNN",
    "deep_output_rnn": "deep_rnn:DeepOutputRNN",
    "stacked_rnn": "deep_rnn:StackedRNN",
    "gated_feedback_rnn": "gated_feedback:GatedFeedbackRNN",
    "gated_feedback_lstm": "gated_feedback:GatedFeedbackLSTM",
    "gated_feedback_gru": "gated_feedback:GatedFeedbackGRU",
    "goodfellow_lstm": "goodfellow:GoodfellowLSTM",
    "goodfellow_gru": "goodfellow:GoodfellowGRU",
    "layer_norm_lstm": "layer_norm:LayerNormLSTM",
    "layer_norm_simple_rnn": "layer_norm:LayerNormSimpleRNN",
    "layer_norm_gru": "layer_norm:LayerNormGRU",
    "projected_lstm": "projected:ProjectedLSTM",
    "projected_peephole_lstm": "projected:ProjectedPeepholeLSTM",
    "scrn": "scrn:SCRN",
    "array_lstm": "array_lstm:ArrayLSTM",
    "nas": "architecture_search:NAS",
    "zoneout_lstm": "zoneout_lstm:ZoneoutLSTM",
    "slstm": "xlstm:SLSTM",
    "mlstm": "xlstm:MLSTM",
    "min_gru": "linear_recurrence:MinGRU",
    "min_lstm": "linear_recurrence:MinLSTM",
    "ran": "additive:RAN",
    "cfn": "additive:CFN",
    "minimal_rnn": "single_gate:MinimalRNN",
    "mi_lstm": "multiplicative:MILSTM",
    "mogrifier_lstm": "mogrifier_lstm:MogrifierLSTM",
    "on_lstm": "on_lstm:ONLSTM",
    "clockwork_rnn": "clockwork_rnn:ClockworkRNN",
    "antisymmetric_rnn": "continuous_time:AntisymmetricRNN",
    "brc": "bistable:BRC",
    "nbrc": "bistable:NBRC",
    "star": "single_gate:STAR",
    "cornn": "continuous_time:CoRNN",
    "lem": "continuous_time:LEM",
    "fast_grnn": "single_gate:FastGRNN",
    "sru": "linear_recurrence:SRU",
    "rg_lru": "linear_recurrence:RGLRU",
    "li_gru": "single_gate:LiGRU",
    "atr": "additive:ATR",
    "log_min_gru": "linear_recurrence:LogMinGRU",
    "log_min_lstm": "linear_recurrence:LogMinLSTM",
    "qrnn": "qrnn:QRNN",
    "esn": "reservoir:ESN",
    "lmu": "reservoir:LMU",
    "gla": "matrix_memory:GLA",
    "delta_net": "matrix_memory:DeltaNet",
    "gated_delta_net": "matrix_memory:GatedDeltaNet",
    "hgrn2": "matrix_memory:HGRN2",
    "rwkv7": "matrix_memory:RWKV7",
    "mamba2": "matrix_memory:Mamba2",
    "lru": "state_space:LRU",
    "s5": "state_space:S5",
}
# Over sequences of images instead of vectors.
IMAGE_TABLE = {
    "conv_lstm_1d": "convolutional:PeepholeConvLSTM1D",
    "conv_lstm_2d": "convolutional:PeepholeConvLSTM2D",
    "conv_lstm_3d": "convolutional:PeepholeConvLSTM3D",
    "conv_gru_1d": "convolutional:ConvGRU1D",
    "conv_gru_2d": "convolutional:ConvGRU2D",
    "conv_gru_3d": "convolutional:ConvGRU3D",
}
# Over sequences with a time beside each x: of those above, none would take the time for one.
TIMED_TABLE = {
    "t_lstm": "timed:TLSTM",
    "phased_lstm": "timed:PhasedLSTM",
    "cfc": "timed:CfC",
    "ltc": "timed:LTC",
    "gru_d": "timed:GRUD",
}

LAYERS = Lazy(TABLE, __name__)
CELLS = Lazy({name: f"{layer}Cell" for name, layer in TABLE.items()}, __name__)
IMAGE_LAYERS = Lazy(IMAGE_TABLE, __name__)
TIMED_LAYERS = Lazy(TIMED_TABLE, __name__)

EXPORTS = Lazy(
    {
        place.partition(":")[2] + ending: place + ending
        for place in (*TABLE.values(), *IMAGE_TABLE.values(), *TIMED_TABLE.values())
        for ending in ("", "Cell")
    },
    __name__,
)
__all__ = ["CELLS", "IMAGE_LAYERS", "LAYERS", "TIMED_LAYERS", *sorted(EXPORTS)]


def __getattr__(name: str) -> Any:
    return attribute(__name__, EXPORTS, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *EXPORTS})
