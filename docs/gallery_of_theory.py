"""What to see in the pictures of `lstm-variants reproduce`, for their pages of the gallery."""

SEE = {
    "explode-or-decay": (
        "Lines are straight on the logarithmic scale: the gradient is multiplied by the same "
        "weight at every step.",
        "Only a weight of exactly 1 keeps it. At 0.9 fifty steps leave half a percent, at 1.1 "
        "they make a hundred times as much.",
        "This is the dilemma that the carrousel of 1997 answers with a weight fixed at 1.",
    ),
    "ten-steps": (
        "The root mean square of the gradient of a net of 32 units on random inputs, before any "
        "training.",
        "As Keras starts it, with an orthogonal matrix and tanh, it falls below 0.1 within ten "
        "steps and goes on falling.",
        "With the small uniform weights of older papers, or with logistic units, less than a "
        "millionth is left after ten.",
    ),
    "saturating-weight": (
        "A larger weight helps at first, up to a few times 1 / h.",
        "Then the unit saturates: its derivative falls exponentially and the weight grows only "
        "linearly.",
        "So weights cannot be made large to keep the gradient from vanishing.",
    ),
    "recent-inputs": (
        "How much of the last output's gradient the last k of sixty inputs have, before training.",
        "In the simple RNN ten inputs have nearly all of it, and in an LSTM with a forget bias of "
        "1 nearly nine tenths.",
        "A forget bias of 5 spreads it over the sequence, as does the cell of 1997: the nearer to "
        "a straight diagonal, the more equal the inputs.",
    ),
    "gate-schedule": (
        "The gates of one cell are forced: it writes at step 1, holds, and is cleared at step 7.",
        "Blue: what the cell knows of the first input does not fade while the forget gate is open.",
        "Orange: the output shows it at steps 4 and 6 only, where the output gate is open.",
    ),
    "carrousel": (
        "Flat lines at 1 are the carrousel: with the truncated gradient the error neither fades "
        "nor grows over a hundred steps.",
        "With a forget gate at the usual bias of 1 ten orders of magnitude are lost in a hundred "
        "steps, and more than twenty at 0.",
        "A forget bias of 5 keeps it within an order of magnitude.",
    ),
    "never-reset": (
        "Untrained cells read a stream that never ends; nothing resets their states.",
        "Without a forget gate the mean size of the states grows in proportion to the stream, and "
        "saturates whatever comes after.",
        "With one it stays small: this is why forget gates were added in 2000.",
    ),
    "peephole-clock": (
        "One cell with weights set by hand: its output gate is shut between spikes, and opens when "
        "the cell has counted to the period.",
        "Only the peephole lets the gate see the count; without it there is no spike at all.",
        "The printed error is over a thousand periods.",
    ),
    "bptt": (
        "The deltas of a small net, in the order in which they are computed: from the last step "
        "back to the first.",
        "They shrink on the way back, as gradients do here.",
        "The printed table has them beside what automatic differentiation gives.",
    ),
    "path-sums": (
        "The gradient between two units q steps apart is a sum over all paths through the units "
        "between.",
        "It does not fall evenly: terms of both signs may cancel, as they do at three steps here.",
        "The printed table has the number of paths and the sum beside automatic differentiation.",
    ),
    "gradient-bound": (
        "For three sizes of the weights, the bound from the largest slope of the logistic "
        "function, 0.25, and what is measured.",
        "What is measured is always below its bound, mostly by many orders of magnitude.",
        "Where the bound grows, it says nothing: the gradient vanishes all the same.",
    ),
    "cell-gradients": (
        "A row for every cell of the catalogue: how much of its first state is left one step "
        "later, and many steps later, before training.",
        "Some keep all of it, most lose it within tens of steps, at rates that their initial "
        "biases decide.",
        "The printed table names them.",
    ),
}
