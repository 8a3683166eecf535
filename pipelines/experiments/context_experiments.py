"""What the sources claim of tasks that need a context, and of depth, as experiments."""

from .chorales import Chorales
from .context import Apple, Cue, Recall
from .definition import Arm, Axes, Expected, Experiment, Net, Protocol, Published, units
from .long_lags import TemporalOrder
from .shorthand import each, failing, solving


def at_rate(cell: str, every: int) -> Arm:
    rate = "full rate" if every == 1 else f"1 step of {every}"
    return Arm(f"{cell}, {rate}", Net(cell, units(16), output="linear"), Recall(every=every))


DOWN_SAMPLING = Experiment(
    name="down-sampling",
    title="down-sampling in place of memory",
    claim="A long sequence made short needs no LSTM; precision is what it costs.",
    source="notes on Graves 2012, chapter 4",
    kind="claims",
    answers=("0.13",),
    expected=(
        *failing("simple_rnn, full rate"),
        *solving("simple_rnn, 1 step of 4", "lstm, full rate"),
        Expected(
            "simple_rnn, 1 step of 4", less="lost by down-sampling", than="simple_rnn, 1 step of 12"
        ),
    ),
    arms=(
        at_rate("simple_rnn", 1),
        at_rate("simple_rnn", 4),
        at_rate("simple_rnn", 12),
        at_rate("lstm", 1),
    ),
    any_cell=(at_rate("lstm", 1),),
    full=Protocol("adam", 0.005, clip=1.0, budget=160_000, check=3_200, required=0.7),
    quick=Protocol("adam", 0.01, clip=1.0, budget=48_000, check=3_200, required=0.7, seeds=2),
    remark="Right is what is off by less than 0.2. What down-sampling alone loses stands in the "
    "last column: a net can hardly be better than that by reading what is left at the mark.",
)


def reads(cell: str, both: bool) -> Arm:
    label = f"{cell}, {'both directions' if both else 'forward'}"
    return Arm(label, Net(cell, units(8), both=both, output="softmax"), Apple())


APPLE = Experiment(
    name="apple",
    title="a fruit or a company, by context alone",
    claim="The word alone does not tell; without recurrence a net gives every apple one tag.",
    source="notes on tagging by recurrent nets",
    kind="claims",
    answers=("2.1", "2.2", "2.4"),
    expected=(
        *failing("memoryless, forward", "memoryless, both directions"),
        *solving("lstm, forward", "lstm, both directions"),
    ),
    published=(
        Published("I like eating apple !", "a fruit", "the notes", "read"),
        Published("The Apple is a great company !", "a company", "the notes", "read"),
    ),
    arms=(
        reads("memoryless", False),
        reads("memoryless", True),
        reads("simple_rnn", False),
        reads("lstm", False),
        reads("lstm", True),
    ),
    any_cell=(reads("lstm", False),),
    full=Protocol("adam", 0.01, loss="entropy", budget=32_000, check=800, seeds=10),
    quick=Protocol("adam", 0.02, loss="entropy", budget=9_600, check=800, seeds=2),
    remark="Text without capitals. One direction is enough where what was read tells; who reads "
    "forward only has to guess a company by what is not before it.",
)
BEGINNING = Experiment(
    name="beginning",
    title="forgetting of the beginning",
    claim="At the end of a long sentence a simple RNN has forgotten its beginning.",
    source="notes on tagging by recurrent nets",
    kind="claims",
    answers=("2.5",),
    expected=(*solving("lstm"), *failing("simple_rnn", "memoryless")),
    arms=each(Cue(), ("memoryless", "simple_rnn", "lstm", "gru"), 8, output="softmax"),
    any_cell=each(Cue(), ("lstm",), 8, output="softmax"),
    full=Protocol("adam", 0.01, loss="entropy", budget=64_000, check=3_200, test=2_000),
    quick=Protocol("adam", 0.01, loss="entropy", budget=19_200, check=3_200, test=2_000, seeds=2),
    remark="Trained on cues at all distances; the accuracy by distance is the median of the seeds.",
)


def deep(label: str, layers: int, width: int) -> Arm:
    return Arm(label, Net("lstm", units(width), layers=layers), TemporalOrder(three=True))


DEPTH = Experiment(
    name="depth",
    title="depth against one layer of as many weights",
    claim="Two and more layers help.",
    source="Karpathy, Johnson & Fei-Fei 2015",
    kind="claims",
    answers=("3.16",),
    expected=(Expected("2 layers of 7", less="sequences", than="1 layer of 10"),),
    why="The task needs a memory, and no features of features, which are what layers are for in"
    " text: more layers of fewer units have the same way to go for the error, and more of "
    "it.",
    published=(
        Published(
            "War and Peace, 256 units, 1, 2, 3 layers",
            "1.189, 1.137, 1.141 nats",
            "Karpathy, Johnson & Fei-Fei 2015",
            "recalled",
        ),
    ),
    arms=(deep("1 layer of 10", 1, 10), deep("2 layers of 7", 2, 7), deep("3 layers of 5", 3, 5)),
    full=Protocol("adam", 0.01, clip=1.0, budget=160_000, check=1_600, required=0.98, seeds=10),
    quick=Protocol(
        "adam", 0.02, clip=1.0, batch=16, budget=64_000, check=1_600, required=0.98, seeds=2
    ),
    remark="On the order of three symbols, not on text: it asks whether depth helps a memory.",
)


def music(cell: str, width: int, layers: int = 1) -> Arm:
    label = cell if layers == 1 else f"{cell}, {layers} layers"
    return Arm(label, Net(cell, units(width), layers=layers), Chorales())


CHUNG = "Chung et al. 2014"
CHORALES = Experiment(
    name="chorales",
    title="the next chord of Bach's chorales",
    claim="LSTM and GRU predict the chorales better than a tanh net of as many weights.",
    source=CHUNG,
    kind="claims",
    answers=("3.11", "3.16"),
    expected=(
        Expected("lstm", less="nats", than="simple_rnn"),
        Expected("gru", less="nats", than="simple_rnn"),
    ),
    why="The quick protocol ends before gated nets do: by what the papers say they overtake a "
    "tanh net late.",
    published=(
        Published("simple_rnn (100 units)", "9.10 nats", CHUNG, "recalled"),
        Published("gru (46 units)", "8.54 nats", CHUNG, "recalled"),
        Published("lstm (36 units)", "8.67 nats", CHUNG, "recalled"),
        Published("marginals of the keys", "11.09 nats", "the file", "computed"),
        Published("first-order Markov by key", "10.49 nats", "the file", "computed"),
    ),
    arms=(
        music("simple_rnn", 100),
        music("gru", 46),
        music("lstm", 36),
        music("peephole_lstm", 36),
        music("lstm_1997", 36),
        music("lstm", 26, 2),
    ),
    any_cell=(music("lstm", 36),),
    full=Protocol("adam", 0.003, batch=16, loss="entropy", budget=64_000, check=224, patience=15,
                  differs="Adam, batches of 16 and early stopping in place of RMSProp and weight "
                  "noise"),
    quick=Protocol("adam", 0.01, batch=16, loss="entropy", budget=26_880, check=448, patience=6,
                   seeds=1, differs="Adam, batches of 16, early stopping; the budget ends while "
        "gated nets still get better"),
    axes=Axes("sequences of training", "nats on the validation set"),
    remark="Needs --data with the chorales in quarter notes. A sequence is a whole chorale.",
)  # fmt: skip


IMAGINET = Experiment(
    name="imaginet",
    title="two pathways over shared embeddings",
    claim="Over the same embeddings one pathway of gated units foresees the next word, and another "
    "finds the picture that a sentence describes.",
    source="Chrupala, Kadar & Alishahi 2015",
    kind="claims",
    answers=("3.15",),
    compute="two_paths:imaginet",
    axes=Axes("epochs", "pictures found, of scenes never read of"),
    remark="Scenes and pictures are made up: who does what to whom, as sums of vectors with noise.",
)

EXPERIMENTS = (DOWN_SAMPLING, APPLE, BEGINNING, DEPTH, CHORALES, IMAGINET)
