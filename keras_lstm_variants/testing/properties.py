"""Checks of what must change nothing: padding, the order of a batch, a break, saving."""

import os
import tempfile

import keras
import numpy as np
from keras import ops

from .checks import check
from .subject import (
    BATCH,
    FEATURES,
    LOOPS,
    MASK,
    SEED,
    NotApplicable,
    Subject,
    Violation,
    float_type,
    numbers,
    padded,
)


@check("padding changes nothing")
def padding(subject: Subject) -> None:
    x = padded(subject.x)
    for loop in subject.loops("keras", "graph", "auto"):
        hs, *finals = map(numbers, subject.layer(loop)(x, initial_state=subject.states, mask=MASK))
        says = f"Padding must change nothing, but with {LOOPS[loop]} "
        if not np.all(np.isfinite(hs)):
            raise Violation(says + "makes outputs that are not finite.")
        for n in range(BATCH - 1):
            row = [state[n : n + 1] for state in subject.states]
            expected_hs, expected = subject.solve(subject.x[n : n + 1, MASK[n]], row)
            subject.close(hs[n][MASK[n]], expected_hs[0], says + "outputs differ", MIXED)
            of_n = [final[n] for final in finals]
            subject.close(of_n, [e[0] for e in expected], says + "last states differ", MIXED)
        of_padding = [final[-1] for final in finals]
        unchanged = [state[-1] for state in subject.states]
        subject.close(of_padding, unchanged, says + "states of nothing but padding differ")


MIXED = "Does `step` mix the sequences of a batch, by a mean over the first axis for example?"


@check("padding changes nothing in both directions", "layer")
def padding_in_both_directions(subject: Subject) -> None:
    loop = subject.ours[0]
    for sequences in True, False:
        one = subject.unbuilt(loop, return_sequences=sequences, return_state=False)
        layer = keras.layers.Bidirectional(one, dtype=float_type())
        layer.build((None, None, FEATURES))
        layer.set_weights(2 * subject.weights)
        y = numbers(layer(padded(subject.x), mask=MASK))
        for n in range(BATCH - 1):
            alone = layer(subject.x[n : n + 1, MASK[n]])[0]
            says = "Padding must change nothing, but in keras.layers.Bidirectional outputs differ"
            subject.close(y[n][MASK[n]] if sequences else y[n], alone, says, MIXED)


@check("the order of a batch changes nothing")
def batch_order(subject: Subject) -> None:
    order = [2, 0, 3, 1]
    hs, finals = subject.by_the_step(subject.x, subject.states)
    shuffled = subject.by_the_step(subject.x[order], [state[order] for state in subject.states])
    says = "The order of a batch must change nothing, but outputs differ"
    subject.close(
        [shuffled[0], *shuffled[1]], [hs[order], *(f[order] for f in finals)], says, MIXED
    )
    alone = subject.by_the_step(subject.x[:1], [state[:1] for state in subject.states])
    says = "The other sequences of a batch must change nothing, but outputs differ"
    subject.close([alone[0], *alone[1]], [hs[:1], *(f[:1] for f in finals)], says, MIXED)


@check("two halves are the whole")
def halves(subject: Subject) -> None:
    for loop in subject.loops("keras", "graph", "auto"):
        layer = subject.layer(loop)
        whole, *finals = layer(subject.x)
        first, *between = layer(subject.x[:, :2])
        second, *last = layer(subject.x[:, 2:], initial_state=between)
        joined = ops.concatenate([first, second], axis=1)
        says = f"Two halves of a sequence must give the whole, but with {LOOPS[loop]} differ"
        do = "All that a step hands to the next belongs in `state`."
        subject.close([joined, *last], [whole, *finals], says, do)


@check("a stateful layer carries on until it is reset", "layer")
def stateful(subject: Subject) -> None:
    loop = subject.ours[0]
    layer = subject.new_layer(loop, stateful=True)
    whole = subject.layer(loop)(subject.x)[0]
    parts = [layer(subject.x[:, :2])[0], layer(subject.x[:, 2:])[0]]
    says = "A stateful layer must carry on where it stopped, but differs"
    subject.close(ops.concatenate(parts, axis=1), whole, says)
    layer.reset_state()
    subject.close(
        layer(subject.x)[0], whole, "A stateful layer that is reset must start anew, but differs"
    )


@check("reading backwards is reading the reversed sequence", "layer")
def backwards(subject: Subject) -> None:
    for loop in subject.loops("keras", "graph", "auto"):
        hs, *finals = subject.layer(loop, go_backwards=True)(subject.x)
        expected_hs, expected = subject.solve(subject.x[:, ::-1], subject.zeros)
        says = f"{LOOPS[loop]} must read backwards with go_backwards, but differs"
        subject.close([hs, *finals], [expected_hs, *expected], says)


@check("without sequences only the last output is returned", "layer")
def last_output(subject: Subject) -> None:
    loop = subject.ours[0]
    layer = subject.layer(loop, return_sequences=False)
    last, *finals = layer(subject.x, initial_state=subject.states)
    hs, expected = subject.solve(subject.x, subject.states)
    says = "Without return_sequences a layer must return the last output, but differs"
    subject.close([last, *finals], [hs[:, -1], *expected], says)


@check("stacked cells are stacked layers", "layer")
def stacked(subject: Subject) -> None:
    loop = subject.ours[0]
    rng = np.random.default_rng(SEED + 6)
    lower = subject.layer(loop)
    upper = subject.unbuilt(loop, return_state=False)
    try:
        upper.build((None, None, subject.sizes[0]))
    except ValueError as error:
        raise NotApplicable(f"the cell does not take its own output: {error}") from None
    upper.set_weights([rng.normal(size=weight.shape) for weight in upper.weights])
    cells = keras.layers.StackedRNNCells(
        [subject.new_cell(), subject.new_cell()], dtype=float_type()
    )
    both = keras.layers.RNN(cells, return_sequences=True, dtype=float_type())
    both.build((None, None, FEATURES))
    both.set_weights([*lower.get_weights(), *upper.get_weights()])
    says = "keras.layers.StackedRNNCells must give what two layers do, but differs"
    subject.close(both(subject.x), upper(lower(subject.x)[0]), says)


@check("a layer saved as .keras and loaded gives the same numbers")
def reload(subject: Subject) -> None:
    options = {**subject.choices, **subject.taken({"dropout": 0.5, "recurrent_dropout": 0.25})}
    x = keras.Input((None, FEATURES), dtype=float_type())
    ours = subject.unbuilt(subject.ours[0], return_state=False, **options)
    theirs = subject.unbuilt("keras", return_state=False, **options)
    model = keras.Model(x, [ours(x), theirs(x)])
    rng = np.random.default_rng(SEED + 7)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.keras")
        model.save(path)
        again = keras.models.load_model(path)
    do = "Make all weights in `build`, with self.add_weight, and keep all arguments in get_config."
    says = "A saved and loaded layer must give the same numbers, but differs"
    subject.close(again(subject.x), model(subject.x), says, do)
