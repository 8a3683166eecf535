"""What the sources derive, as experiments without training."""

from .definition import Axes, Experiment

GRADIENT = "Hochreiter & Schmidhuber 1997, section 3"

EXPERIMENTS = (
    Experiment(
        name="path-sums",
        title="a gradient over q steps is a sum over n^(q-1) paths",
        claim="The error that flows back q steps is the sum over n^(q-1) paths of the products of "
        "f'(net) w along each.",
        source=GRADIENT,
        kind="theory",
        answers=("4.1",),
        compute="theory:path_sums",
        axes=Axes("steps q", "size of the gradient", "y"),
    ),
    Experiment(
        name="gradient-bound",
        title="the bound of a logistic net's gradient, beside what is measured",
        claim="As f' is at most 0.25, the gradient over q steps is at most n (n w_max / 4)^q: it "
        "vanishes where w_max < 4 / n.",
        source=GRADIENT,
        kind="theory",
        answers=("4.2",),
        compute="theory:gradient_bound",
        axes=Axes("steps q", "largest |d h(T) / d h(T-q)|", "y"),
    ),
    Experiment(
        name="saturating-weight",
        title="large weights do not keep the gradient",
        claim="f'(w h) w goes to zero as w grows, because the unit saturates.",
        source=GRADIENT,
        kind="theory",
        answers=("4.3",),
        compute="theory:saturating_weight",
        axes=Axes("weight w", "|f'(w h) w|", "xy"),
    ),
    Experiment(
        name="explode-or-decay",
        title="the gradient explodes or decays by the recurrent weight",
        claim="Through a linear unit of recurrent weight w the gradient over q steps is w^q.",
        source=GRADIENT,
        kind="theory",
        answers=("0.3", "4.1"),
        compute="theory:explode_or_decay",
        axes=Axes("steps q", "|d h(T) / d h(T-q)|", "y"),
    ),
    Experiment(
        name="ten-steps",
        title="how far back an untrained simple RNN sees",
        claim="A standard RNN models sequences of up to about ten steps: its gradient is below 0.1 "
        "at lag 10 and below 0.01 at lag 20.",
        source="Graves 2012, chapter 4",
        kind="theory",
        answers=("0.1", "1.2"),
        compute="theory:vanishing_at_start",
        axes=Axes("steps q", "|d h(T) / d h(T-q)|", "y"),
    ),
    Experiment(
        name="recent-inputs",
        title="the share of the gradient that the last k inputs have",
        claim="Training is biased towards new information: in a simple RNN the last inputs have "
        "almost all of the gradient.",
        source=GRADIENT,
        kind="theory",
        answers=("4.4",),
        compute="theory:recent_inputs",
        axes=Axes("last k inputs", "share of the gradient of the last output", ""),
    ),
    Experiment(
        name="bptt",
        title="back-propagation through time, step by step",
        claim="Forward for t = 1 .. T, deltas for t = T .. 1, then the weights change; automatic "
        "differentiation gives the same.",
        source="Werbos 1990",
        kind="theory",
        answers=("0.14", "3.3", "3.9"),
        compute="theory:backpropagation",
        axes=Axes("step t", "|delta_t|", ""),
    ),
    Experiment(
        name="gate-schedule",
        title="gates that keep a gradient over seven steps",
        claim="Written at step 1 and held, the input is seen at 4 and 6, where the output gate is "
        "open, and forgotten at 7; the cell's gradient is constant from 1 to 6.",
        source="Graves 2012, figure 4.4",
        kind="theory",
        answers=("0.9", "1.3", "1.8", "2.8"),
        compute="memories:gate_schedule",
        axes=Axes("step", "derivative by the first input", ""),
        remark="A forget gate that is open, at one, keeps; shut, at zero, it clears.",
    ),
    Experiment(
        name="carrousel",
        title="the gradient of a cell state over time, by kind of cell",
        claim="In a cell of 1997 the error is constant; a forget gate at its usual bias of one "
        "lets it vanish all the same.",
        source="Hochreiter & Schmidhuber 1997, section 4",
        kind="theory",
        answers=("0.18", "1.6", "4.5", "4.7"),
        compute="memories:carrousel",
        axes=Axes("steps", "|d c(T) / d c(0)|", "y"),
    ),
    Experiment(
        name="cell-gradients",
        title="|d c_T / d c_0| of every cell as it starts",
        claim="How far the state of an untrained cell reaches depends on the cell and on its "
        "initial biases.",
        source="this catalogue",
        kind="theory",
        answers=("0.20",),
        compute="memories:cell_gradients",
        axes=Axes("steps", "|d c(T) / d c(0)|", "y"),
    ),
    Experiment(
        name="trained-reach",
        title="how far back trained nets see, two cells side by side",
        claim="Trained on the same task, a simple RNN has no gradient left where an LSTM still has "
        "one.",
        source="Graves 2012, chapter 4",
        kind="theory",
        answers=("0.11",),
        compute="memories:trained_reach",
        axes=Axes("steps back from the end", "|d output / d x|", "y"),
        remark="Trained to tell which of two cues stood in 60 words; the lines are single "
        "sentences.",
    ),
    Experiment(
        name="peephole-clock",
        title="one cell with peepholes keeps exact time",
        claim="Only peepholes tell the gates of a cell whose output gate is shut what time it is.",
        source="Gers, Schraudolph & Schmidhuber 2002",
        kind="theory",
        answers=("0.17",),
        compute="memories:peephole_clock",
        axes=Axes("step", "output", ""),
    ),
    Experiment(
        name="never-reset",
        title="states without a forget gate grow with a stream",
        claim="On a stream that is never reset the states of cells without forget gates grow "
        "linearly.",
        source="Gers, Schmidhuber & Cummins 2000",
        kind="theory",
        answers=("4.10",),
        compute="memories:never_reset",
        axes=Axes("symbols read", "mean |c|", ""),
    ),
    Experiment(
        name="gru-is-an-lstm",
        title="a GRU that never resets is an LSTM without output gate",
        claim="With r = 1 a GRU is an LSTM with f = 1 - i, whose state is its output.",
        source="notes on Goodfellow, Bengio & Courville 2016, chapter 10",
        kind="theory",
        answers=("1.9", "3.11"),
        compute="memories:gru_is_an_lstm",
    ),
)
