"""Sets of cells to compare, each for a question; the LSTM is in all of them, as the baseline."""

# In the order of the catalogue where no reason is given for another.
PRESETS: dict[str, tuple[str, ...]] = {
    # Which of the well-known cells?
    "core": (
        "simple_rnn",
        "lstm_1997",
        "lstm",
        "peephole_lstm",
        "memory_block_lstm",
        "gru",
        "gru_reset_before",
    ),
    # Which cell where weights are scarce? Those with at most half the LSTM's at the same units.
    "small": (
        "lstm",
        "simple_rnn",
        "irnn",
        "ind_rnn",
        "mgu",
        "janet",
        "ugrnn",
        "minimal_rnn",
        "min_gru",
        "rg_lru",
        "antisymmetric_rnn",
        "star",
        "fast_grnn",
        "li_gru",
        "atr",
    ),
    # Which cell where what decides is far away? Those whose papers are about long lags.
    "long-memory": (
        "lstm",
        "lstm_1997",
        "irnn",
        "ind_rnn",
        "scrn",
        "janet",
        "clockwork_rnn",
        "on_lstm",
        "antisymmetric_rnn",
        "brc",
        "nbrc",
        "cornn",
        "lem",
        "rg_lru",
        "mlstm",
        "lmu",
        "lru",
        "s5",
    ),
    # Which cell where time is scarce? Few and small products in each step, or none.
    "fast": ("lstm", "gru", "simple_rnn", "ind_rnn", "sru", "min_gru", "min_lstm", "rg_lru", "atr"),
    # Which of the cells whose steps are all computed side by side?
    "parallel": (
        "lstm",
        "mlstm",
        "min_gru",
        "min_lstm",
        "rg_lru",
        "log_min_gru",
        "log_min_lstm",
        "gla",
        "delta_net",
        "gated_delta_net",
        "hgrn2",
        "rwkv7",
        "mamba2",
        "lru",
        "s5",
    ),
}


# Not trained, so that no number of units gives it as many trained weights as others have.
FIXED = ("esn",)


def cells(preset: str) -> list[str]:
    """The cells of a preset; `all` has every cell for sequences that is trained.

    Raises:
        KeyError: There is no such preset.
    """
    if preset == "all":
        from keras_lstm_variants import CELLS

        return [name for name in CELLS if name not in FIXED]
    return list(PRESETS[preset])


NAMES = (*PRESETS, "all")
