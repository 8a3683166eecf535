"""What the notes that this project began with say, point by point, and what answers each point.

Five notes on LSTM: 0 on Graves 2012, chapter 4; 1 on Goodfellow, Bengio & Courville 2016, chapter
10; 2 on tagging; 3 a survey of recurrent nets; 4 on Hochreiter & Schmidhuber 1997 and after.
"""

from typing import NamedTuple

from .catalogue import EXPERIMENTS


class Point(NamedTuple):
    """A point of the notes.

    Attributes:
        number: Of the note, and within it.
        says: What the note says.
        answers: What answers it, besides experiments: a command, as `lstm-variants NAME`, or
            something that Python can import, by its full name.
        runs: Whether there is anything to run: some points are remarks on other kinds of nets.
    """

    number: str
    says: str
    answers: tuple[str, ...] = ()
    runs: bool = True

    @property
    def experiments(self) -> list[str]:
        """The names of the experiments that answer it."""
        return [one.name for one in EXPERIMENTS.values() if self.number in one.answers]


def ours(*names: str) -> tuple[str, ...]:
    return tuple(f"keras_lstm_variants.{name}" for name in names)


RECORD, SENSITIVITY = ours("recording.record", "recording.sensitivity")
INSPECT, PROBE, CELLS, BENCH = (
    f"lstm-variants {name}" for name in ("inspect", "probe", "cells", "bench")
)
SWEEP, TRAIN, FORECAST = (f"lstm-variants {name}" for name in ("sweep", "train", "forecast"))

POINTS = (
    Point("0.1", "a standard RNN models sequences of up to ten steps"),
    Point("0.2", "depth of colour is the contribution to the gradient", (SENSITIVITY, INSPECT)),
    Point("0.3", "the gradient decays to nothing or explodes exponentially"),
    Point(
        "0.4", "memory blocks stand in parallel and are fully connected", ours("MemoryBlockLSTM")
    ),
    Point("0.5", "they can be mixed with ordinary units", ours("MixedBlockLSTM")),
    Point("0.6", "the output layer of a standard RNN needs no change", ours("LAYERS")),
    Point("0.7", "one cell at least and three multiplicative units", ours("MemoryBlockLSTM")),
    Point("0.8", "f is logistic; g and h are tanh, or logistic"),
    Point("0.9", "gates over seven steps keep the first input, show it, and drop it"),
    Point("0.10", "good results on many synthetic tasks with long dependencies"),
    Point("0.11", "RNN and LSTM compared by the gradients of trained nets"),
    Point("0.12", "recurrence between the blocks of one layer", (CELLS,)),
    Point("0.13", "a sequence made short needs no LSTM, at a loss of precision"),
    Point("0.14", "BPTT updates the three gates; the backward pass is automatic"),
    Point("0.15", "a is the sum, b what the function makes of it", (RECORD,)),
    Point("0.16", "a gate sees all cells of its own block and no others", ours("MemoryBlockLSTM")),
    Point("0.17", "input and forget gates see the cell before, the output gate the new one"),
    Point("0.18", "the state is a plain sum, without another function"),
    Point("0.19", "others leave the peepholes out", ours("LSTM")),
    Point("0.20", "variants of LSTM are worth studying", (SWEEP,)),
    Point("1.1", "the recurrence and its unrolled graph", ours("SimpleRNN")),
    Point("1.2", "sequences over ten steps are hard"),
    Point("1.3", "mechanisms of forgetting and of saving", (RECORD,)),
    Point("1.4", "a gate is an ordinary dense layer", (CELLS,)),
    Point("1.5", "gates are sigmoid, the input unit may be any squashing function"),
    Point("1.6", "a linear loop of the state, whose weight a gate sets"),
    Point("1.7", "the equations of gates, state and output", (CELLS, *ours("LSTM"))),
    Point("1.8", "times zero it vanishes, times one it stays"),
    Point("1.9", "a GRU is in essence an LSTM without output gate"),
    Point("1.10", "one gate both forgets and updates", ours("CoupledGateLSTM", "GRU")),
    Point("1.11", "the GRU of the book, with gates of the step before", ours("GoodfellowGRU")),
    Point("1.12", "a time series predicted with Keras", (FORECAST,)),
    Point("2.1", "what apple is cannot be told from the word alone"),
    Point("2.2", "without the recurrent matrix it is a fully connected net", ours("Memoryless")),
    Point("2.3", "the recurrent matrix is shared over time", ours("SimpleRNN")),
    Point("2.4", "named entities, tagged word by word", (TRAIN,)),
    Point("2.5", "at the end of a long sentence its beginning is forgotten"),
    Point("2.6", "input gate, then forget gate, at last output gate", (RECORD,)),
    Point("2.7", "tanh for z only, sigmoid for the gates", (RECORD, *ours("LSTM"))),
    Point("2.8", "an open forget gate is said to clear the memory: in the equations it keeps it"),
    Point("3.1", "feed-forward and recurrent net side by side", ours("SimpleRNN", "Memoryless")),
    Point("3.2", "softmax at the output only, summing to one", ours("Marginals")),
    Point("3.3", "BPTT is ordered: backward from the last output"),
    Point("3.4", "three sigmoids: forget, input and output gate", (RECORD,)),
    Point("3.5", "forget and input gates see the last cell state", ours("PeepholeLSTM")),
    Point("3.6", "word embeddings", ("pipelines.tagger.model.build_tagger",)),
    Point("3.7", "the multiplicative RNN", ours("MultiplicativeRNN")),
    Point(
        "3.8",
        "deep RNNs of four kinds",
        ours("DeepTransitionRNN", "DeepTransitionShortcutRNN", "DeepOutputRNN", "StackedRNN"),
    ),
    Point("3.9", "an RNN is a very deep net"),
    Point("3.10", "the printed LSTM whose output gate is tanh", ours("JozefowiczLSTM")),
    Point("3.11", "a GRU is simpler, and faster", (BENCH,)),
    Point("3.12", "z = 1 keeps all that is old, or takes all that is new", ours("GRU")),
    Point("3.13", "reset gate and candidate", (RECORD,)),
    Point("3.14", "gated feedback between layers", ours("GatedFeedbackRNN")),
    Point("3.15", "IMAGINET: two pathways over shared embeddings"),
    Point("3.16", "deep bidirectional LSTM", (TRAIN,)),
    Point("3.17", "other implementations", (BENCH,)),
    Point("3.18", "identity mappings in ResNet and gates in ConvS2S go back to LSTM", runs=False),
    Point("4.1", "the gradient over q steps has n^(q-1) terms, which explode or vanish"),
    Point("4.2", "f' is at most 0.25, so weights below 4 / n let it vanish"),
    Point("4.3", "with infinite weights the derivative is zero"),
    Point("4.4", "training is biased towards new information"),
    Point("4.5", "a weight of one: the constant error carrousel", ours("CEC")),
    Point(
        "4.6", "one gate is enough for some tasks", ours("LSTM1997InputGate", "LSTM1997OutputGate")
    ),
    Point("4.7", "truncated back-propagation goes through the cell only"),
    Point("4.8", "g and h of 1997 are scaled logistic functions", ours("LSTM1997")),
    Point("4.9", "positive and negative functions are better"),
    Point("4.10", "forget gate, tanh, peepholes, full gradient"),
    Point("4.11", "derivatives clipped before the functions", ours("PeepholeLSTM")),
    Point("4.12", "Graves' equations, forward and backward", ours("MemoryBlockLSTM")),
    Point("4.13", "cells that mark the end of a paragraph, a quotation", (PROBE,)),
    Point("4.14", "which gates are mostly open and which shut", (INSPECT,)),
    Point("4.15", "the forget gate is the most critical component"),
    Point("4.16", "GRU and other simpler structures", ours("GRU", "CoupledGateLSTM", "MGU")),
    Point("4.17", "dropout, clipping of norms", (TRAIN,)),
)
