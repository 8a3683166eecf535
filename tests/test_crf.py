"""Chains against all paths, one by one: scores, best paths, probabilities, gradients."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

import oracles
from cases import BACKEND, FLOAT, arguments, of_tensorflow
from keras_lstm_variants import (
    CRF,
    BestPath,
    Chain,
    CRFLoss,
    Marginals,
    NBest,
    SpanMarginals,
    export,
    schemes,
)
from pipelines.text.chunking import spans, violations

TAGS, STEPS = 3, 4
LENGTHS = [4, 1, 0, 3]
MASK = np.arange(STEPS) < np.array(LENGTHS)[:, None]
ATOL = 1e-10 if FLOAT == "float64" else 2e-5
SPELLED = {
    "IOB2": ["O", "B-X", "I-X", "I-Y", "B-Y"],
    "IOB1": ["I-X", "B-X", "O", "I-Y"],
    "IOBES": ["O", "B-X", "I-X", "E-X", "S-X"],
    "BILOU": ["U-X", "O", "B-X", "L-X", "I-X"],
    "BMES": ["B", "M", "E", "S"],
    "IO": ["I-X", "O", "I-Y"],
}
every_scheme = pytest.mark.parametrize("scheme", SPELLED)


def numbers(x):
    return keras.tree.map_structure(ops.convert_to_numpy, x)


def close(actual, expected, atol=ATOL):
    np.testing.assert_allclose(numbers(actual), expected, rtol=0, atol=atol)


class Given:
    """A CRF with random weights, scores for it, and the same for the oracle, row by row."""

    def __init__(self, rng, tags=TAGS, constraints=None, scale=1.0, mask=MASK):
        self.mask, self.x = mask, scale * rng.normal(size=(*mask.shape, tags))
        self.layer = CRF(tags, constraints, dtype=FLOAT)
        self.layer.build((None, None, tags))
        self.weights = [scale * rng.normal(size=w.shape) for w in self.layer.weights]
        self.layer.set_weights(self.weights)
        forbidden = np.zeros((tags + 1, tags + 1))
        if constraints is not None:
            forbidden[~np.asarray(constraints)] = -np.inf
        transitions, start, end = self.weights
        self.legal = (
            transitions + forbidden[:-1, :-1],
            start + forbidden[-1, :-1],
            end + forbidden[:-1, -1],
        )
        self.path = np.zeros(mask.shape, int)
        for row, n in enumerate(mask.sum(1)):
            some = self.paths(row)
            self.path[row, mask[row]] = some[rng.integers(len(some))][0] if n else ()

    def chain(self):
        return self.layer(ops.convert_to_tensor(self.x, FLOAT), mask=self.mask)

    def rows(self):
        return [x[here] for x, here in zip(self.x, self.mask, strict=True)]

    def paths(self, row):
        return oracles.crf_paths(self.rows()[row], *self.legal)

    def gold(self, row):
        return tuple(int(tag) for tag in self.path[row, self.mask[row]])


def losses(path, chain, **options):
    return CRFLoss(reduction=None, dtype=FLOAT, **options)(path, chain)


def sequence_losses(given):
    return [-dict(given.paths(row))[given.gold(row)] for row in range(len(given.x))]


masks = pytest.mark.parametrize(
    "mask",
    [MASK, MASK[:, ::-1], np.array([[1, 0, 0, 1, 0], [0, 1, 1, 0, 1], [0] * 5, [1] * 5], bool)],
    ids=["right", "left", "anywhere"],
)


@masks
def test_the_loss_is_the_improbability_of_the_path_among_all_paths(mask, rng):
    given = Given(rng, mask=mask)
    close(losses(given.path, given.chain()), sequence_losses(given))


@masks
def test_the_best_path_is_the_most_probable_of_all(mask, rng):
    mask = np.tile(mask, (8, 1))
    given = Given(rng, mask=mask)
    found = numbers(BestPath()(given.chain()))
    for row, path in enumerate(found):
        assert tuple(path[mask[row]]) == given.paths(row)[0][0]
        assert set(path[~mask[row]]) <= {-1}


@masks
@pytest.mark.parametrize("n", [1, 2, 50])
def test_the_n_best_are_the_most_probable_in_their_order(n, mask, rng):
    given = Given(rng, mask=mask)
    paths, logs = numbers(NBest(n, dtype=FLOAT)(given.chain()))
    for row in range(len(mask)):
        expected = given.paths(row)[:n]
        real = mask[row]
        assert [tuple(path[real]) for path in paths[row, : len(expected)]] == [
            path for path, _ in expected
        ]
        close(logs[row, : len(expected)], [log_p for _, log_p in expected])
        assert (logs[row, len(expected) :] == -np.inf).all()
        assert (paths[row, len(expected) :] == -1).all() and (paths[row][:, ~real] == -1).all()


@masks
def test_marginals_are_sums_over_all_paths(mask, rng):
    given = Given(rng, mask=mask)
    found = numbers(Marginals(dtype=FLOAT)(given.chain()))
    for row, x in enumerate(given.rows()):
        close(found[row, mask[row]], oracles.crf_marginals(x, *given.legal))
        assert (found[row, ~mask[row]] == 0).all()


@every_scheme
@pytest.mark.parametrize("constrained", [True, False])
def test_a_span_is_as_probable_as_the_paths_that_have_it(scheme, constrained, rng):
    tags = SPELLED[scheme]
    table = schemes.transitions(tags, scheme) if constrained else None
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)
    given = Given(rng, len(tags), table, mask=mask)
    layer = SpanMarginals(*schemes.continuations(tags), dtype=FLOAT)
    found = numbers(layer(given.chain(), given.path))

    def spans_of(path):
        spelled = [tags[tag] for tag in path]
        outside = [(n, n + 1) for n, tag in enumerate(spelled) if tag == "O"]
        return [*outside, *map(tuple, spans(spelled, scheme))]

    for row, x in enumerate(given.rows()):
        expected = np.zeros(len(x))
        for span in spans_of(given.gold(row)):
            expected[slice(*span[-2:])] = oracles.crf_span(spans_of, span, x, *given.legal)
        close(found[row, mask[row]], expected)
        assert (found[row, ~mask[row]] == 0).all()


# What goes into the loss, and its gradient.


def gradient(loss, chain):
    """Of a function of a tensor."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(chain)
            value = loss(chain)
        return numbers(tape.gradient(value, chain))
    if BACKEND == "jax":
        import jax

        return numbers(jax.grad(lambda chain: loss(chain))(chain))
    chain = chain.detach().requires_grad_(True)
    loss(chain).backward()
    return numbers(chain.grad)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("constrained", [False, True])
def test_the_gradient_is_that_of_the_sum_over_all_paths(constrained, weighted, rng):
    table = schemes.transitions(["O", "B", "I"], "IOB2") if constrained else None
    given = Given(rng, constraints=table)
    weights = rng.uniform(0.5, 2, MASK.shape) if weighted else np.ones(MASK.shape)

    def total(x, transitions, start, end):
        value = 0.0
        for row, here in enumerate(MASK):
            gold, scores = given.gold(row), x[row][here]
            for step, weight in enumerate(weights[row][here]):
                p = oracles.crf_conditional(gold, step, scores, transitions, start, end)
                value -= weight * np.log(p)
        return value

    arrays = [given.x, *given.legal]
    found = gradient(
        lambda chain: CRFLoss(reduction="sum", dtype=FLOAT)(given.path, chain, weights),
        given.chain(),
    )
    of_table = found[:, STEPS:].sum(0)
    parts = [found[:, :STEPS, :TAGS], of_table[:-1, :-1], of_table[-1, :-1], of_table[:-1, -1]]
    for n, part in enumerate(parts):
        for index in np.ndindex(part.shape):
            if not np.isfinite(arrays[n][index]):
                assert part[index] == 0
                continue
            shifted = []
            for sign in (1, -1):
                moved = [array.copy() for array in arrays]
                moved[n][index] += sign * 1e-5
                shifted.append(total(*moved))
            assert part[index] == pytest.approx((shifted[0] - shifted[1]) / 2e-5, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 1), int), r"of shape \(2, 4\), .* not \(2, 1\)"),
        (np.zeros((2, 5), int), r"of shape \(2, 4\), .* not \(2, 5\)"),
        (np.zeros((3, 4), int), r"of shape \(2, 4\), .* not \(3, 4\)"),
        (np.zeros(4, int), r"\(batch, steps\), not \(4,\)"),
        (np.zeros((2, 4, TAGS)), r"not \(2, 4, 3\); for labels one-hot, take their argmax"),
        (np.array([[0, 1, 2, 0], [0, -1, 0, 0]]), r"y_true\[1, 1\] is -1, .* 3 tags, from 0 to 2"),
        (np.array([[0, 1, 2, 3], [0, 0, 0, 0]]), r"y_true\[0, 3\] is 3, .* Mask the step"),
        (np.array([[0, 1, 0.5, 0], [0, 0, 0, 0.0]]), r"y_true\[0, 2\] is 0.5"),
    ],
)
def test_labels_that_are_no_tags_are_refused(labels, message, rng):
    chain = CRF(TAGS)(rng.normal(size=(2, 4, TAGS)))
    with pytest.raises(ValueError, match=message):
        CRFLoss()(labels, chain)


def test_labels_have_a_last_axis_if_they_like_and_need_no_tag_where_there_is_no_step(rng):
    mask = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], bool)
    chain = CRF(TAGS, initializer="ones")(rng.normal(size=(2, 4, TAGS)), mask=mask)
    labels = rng.integers(0, TAGS, size=(2, 4))
    expected = numbers(CRFLoss()(labels, chain))
    close(CRFLoss()(labels[..., None].astype("float32"), chain), expected)
    close(CRFLoss()(np.where(mask, labels, -100), chain), expected)


def test_scores_are_no_chain(rng):
    with pytest.raises(ValueError, match="y_pred must be what a Chain or a CRF gives"):
        CRFLoss()(np.zeros((2, 3), int), rng.normal(size=(2, 3, 5)))


def test_weights_multiply_what_each_step_adds_to_the_loss(rng):
    given = Given(rng)
    expected = np.zeros(MASK.shape)
    for row, x in enumerate(given.rows()):
        for step in range(len(x)):
            p = oracles.crf_conditional(given.gold(row), step, x, *given.legal)
            expected[row, step] = -np.log(p)
    chain, steps = given.chain(), rng.uniform(size=MASK.shape)
    by_row, by_tag = steps[:, 0], np.array([1.0, 0.0, 3.0])

    def weighted(weights=None, **options):
        return CRFLoss(reduction=None, dtype=FLOAT, **options)(given.path, chain, weights)

    close(weighted(steps), (expected * steps).sum(1))
    close(weighted(by_row[:, None]), expected.sum(1) * by_row)
    of_tags = by_tag[given.path]
    close(weighted(label_weights=by_tag), (expected * of_tags).sum(1))
    close(weighted(steps, label_weights=by_tag), (expected * steps * of_tags).sum(1))


def test_reductions_count_sequences_or_steps_but_no_padding(rng):
    given, weights = Given(rng), rng.uniform(size=MASK.shape)
    each = np.array(sequence_losses(given))
    chain = given.chain()
    for reduction, expected in [
        ("sum", each.sum()),
        ("sum_over_batch_size", each.mean()),
        ("mean", each.mean()),
        ("mean_with_sample_weight", each.sum() / MASK.sum()),
    ]:
        close(CRFLoss(reduction=reduction, dtype=FLOAT)(given.path, chain), expected)
    found = CRFLoss(reduction="mean_with_sample_weight", dtype=FLOAT)(given.path, chain, weights)
    close(found, numbers(losses_of(given, chain, weights)).sum() / weights[MASK].sum())


def losses_of(given, chain, weights):
    return CRFLoss(reduction=None, dtype=FLOAT)(given.path, chain, weights)


def test_a_right_tag_against_the_constraints_is_left_out_and_all_else_counts(rng):
    table = schemes.transitions(["O", "B", "I"], "IOB2")
    given = Given(rng, constraints=table, mask=np.ones((1, 4), bool))
    given.path[0] = [1, 0, 2, 2]  # B O I I: no I may follow O
    chain = given.chain()
    weights = [np.eye(4)[n][None] for n in range(4)]
    each = [float(numbers(losses_of(given, chain, w))[0]) for w in weights]
    assert each[2] == 0 and all(np.isfinite(each)) and min(each[0], each[1], each[3]) > 0
    close(losses(given.path, chain), [sum(each)])
    assert np.isfinite(gradient(lambda c: ops.sum(losses(given.path, c)), chain)).all()


# What must not matter, and what must not break.


def test_padding_neighbours_and_what_stands_in_padding_change_nothing(rng):
    given = Given(rng)
    layers = [BestPath(), Marginals(dtype=FLOAT)]
    given.x[~MASK], given.path[~MASK] = np.nan, -100
    chain = given.chain()
    together = [numbers(layer(chain)) for layer in layers]
    each = numbers(losses(given.path, chain))
    for row, n in enumerate(LENGTHS):
        if not n:
            continue
        alone = given.layer(ops.convert_to_tensor(given.x[row : row + 1, :n], FLOAT))
        close(losses(given.path[row : row + 1, :n], alone), each[row : row + 1])
        for layer, found in zip(layers, together, strict=True):
            close(layer(alone), found[row : row + 1, :n])
    slopes = gradient(lambda chain: ops.sum(losses(given.path, chain)), chain)
    assert np.isfinite(slopes).all()
    assert (slopes[:, :STEPS][~MASK] == 0).all()


DECODERS = {
    "tags": BestPath(),
    "marginals": Marginals(dtype=FLOAT),
    "n best": NBest(2, dtype=FLOAT),
}


@pytest.mark.ci
@pytest.mark.parametrize("bad", [np.nan, np.inf, pytest.param(1e31, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("constrained", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_a_sequence_with_scores_that_are_no_numbers_has_no_loss_no_tags_and_no_probabilities(
    bad, constrained, rng
):
    table = schemes.transitions(["O", "B", "I"], "IOB2") if constrained else None
    given = Given(rng, constraints=table)
    fine = given.chain()
    expected = numbers(losses(given.path, fine))
    decoded = {name: numbers(layer(fine)) for name, layer in DECODERS.items()}
    for row, step, tag in [(0, 0, 0), (0, 3, 2), (3, 1, 1)]:
        others, here = np.arange(len(MASK)) != row, MASK[row]
        given.x[row, step, tag], kept = bad, given.x[row, step, tag]
        chain = given.chain()
        given.x[row, step, tag] = kept
        found = numbers(losses(given.path, chain))
        assert not np.isfinite(found[row])
        close(found[others], expected[others])
        slopes = gradient(lambda c: ops.sum(losses(given.path, c)), chain)
        assert not np.isfinite(slopes[row, :STEPS][here]).all()

        tags, p = numbers(DECODERS["tags"](chain)), numbers(DECODERS["marginals"](chain))
        assert (tags[row] == -1).all() and np.isnan(p[row, here]).all()
        paths, logs = numbers(DECODERS["n best"](chain))
        assert (paths[row] == -1).all() and np.isnan(logs[row]).all()
        for now, before in (
            (tags, decoded["tags"]),
            (p, decoded["marginals"]),
            (paths, decoded["n best"][0]),
        ):
            close(now[others], before[others])


@pytest.mark.ci
@pytest.mark.parametrize("which", range(3))
def test_weights_that_are_no_numbers_leave_no_sequence_a_loss_or_tags(which, rng):
    given = Given(rng)
    for bad in (np.nan, np.inf, -1e38):
        given.weights[which].flat[1] = bad
        given.layer.set_weights(given.weights)
        chain = given.chain()
        assert np.isnan(numbers(losses(given.path, chain))).all()
        assert (numbers(BestPath()(chain)) == -1).all()
        assert np.isnan(numbers(NBest(2, dtype=FLOAT)(chain))[1]).all()
        assert np.isnan(numbers(Marginals(dtype=FLOAT)(chain))[MASK]).all()


@pytest.mark.ci
def test_a_step_that_forbids_all_tags_has_no_loss_and_no_tags_and_one_that_forbids_some_has(rng):
    given = Given(rng)
    given.path[0, 2], given.x[0, 2, :2] = 2, -np.inf
    chain = given.chain()
    assert np.isfinite(numbers(losses(given.path, chain))).all()
    assert (numbers(BestPath()(chain))[MASK] >= 0).all()
    given.x[0, 2, 2] = -np.inf
    chain = given.chain()
    found, tags = numbers(losses(given.path, chain)), numbers(BestPath()(chain))
    assert np.isnan(found[0]) and np.isfinite(found[1:]).all()
    assert (tags[0] == -1).all() and (tags[1:][MASK[1:]] >= 0).all()


@pytest.mark.ci
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_in_a_graph_too_scores_that_are_no_numbers_have_no_loss_and_no_tags(jit, rng):
    if jit and BACKEND == "torch":
        pytest.skip("Keras compiles torch with another compiler")
    x, mask = keras.Input((None, TAGS), name="x"), keras.Input((None,), dtype="bool", name="mask")
    chain = CRF(TAGS)(x, mask=mask)
    model = keras.Model([x, mask], chain)
    model.compile("sgd", CRFLoss(), jit_compile=jit)
    scores = rng.normal(size=(*MASK.shape, TAGS)).astype("float32")
    scores[~MASK] = np.nan  # padding must not matter
    tags = np.zeros(MASK.shape, "int32")
    assert np.isfinite(model.evaluate([scores, MASK], tags, verbose=0))
    assert np.isfinite(model.fit([scores, MASK], tags, verbose=0).history["loss"]).all()
    scores[0, 2, 1] = np.nan
    assert np.isnan(model.evaluate([scores, MASK], tags, verbose=0))
    path, p = keras.Model([x, mask], [BestPath()(chain), Marginals()(chain)]).predict(
        [scores, MASK], verbose=0
    )
    assert (path[0] == -1).all() and np.isnan(p[0]).all()
    assert (path[1:][MASK[1:]] >= 0).all() and np.isfinite(p[1:]).all()


@pytest.mark.parametrize("scale", [1e3, 1e8, 1e20])
@pytest.mark.parametrize("constrained", [False, True])
def test_extreme_scores_break_nothing(scale, constrained, rng):
    table = schemes.transitions(["O", "B", "I"], "IOB2") if constrained else None
    given = Given(rng, constraints=table, scale=scale)
    chain = given.chain()
    best, p = numbers(BestPath()(chain)), numbers(Marginals(dtype=FLOAT)(chain))
    for row, here in enumerate(MASK):
        assert tuple(best[row, here]) == given.paths(row)[0][0]
    close(p.sum(-1), MASK, 1e-5)
    given.path[MASK] = best[MASK]
    np.testing.assert_allclose(numbers(losses(given.path, chain)), 0, atol=1e-4)
    assert np.isfinite(gradient(lambda c: ops.sum(losses(given.path, c)), chain)).all()
    if scale == 1e3:  # paths that are e^-1000 as probable as the best
        worst = [given.paths(row)[-1] for row in range(len(MASK))]
        for row, (path, _) in enumerate(worst):
            given.path[row, MASK[row]] = path
        expected = [-log_p for _, log_p in worst]
        np.testing.assert_allclose(numbers(losses(given.path, chain)), expected, rtol=1e-5)


@pytest.mark.nightly
def test_nothing_fades_over_a_thousand_steps(rng):
    x = 3 * rng.normal(size=(1, 1000, TAGS)).astype("float32")
    layer = CRF(TAGS, initializer=keras.initializers.RandomNormal(stddev=2.0))
    chain = layer(x)
    p = numbers(Marginals()(chain))
    assert p.max() <= 1
    best = numbers(BestPath()(chain))
    transitions, start, end = (w.astype("float64") for w in layer.get_weights())
    rows = x[0].astype("float64")
    alphas, betas = [start + rows[0]], [end]
    for row in rows[1:]:
        alphas.append(np.logaddexp.reduce(alphas[-1][:, None] + transitions, axis=0) + row)
    for row in rows[:0:-1]:
        betas.append(np.logaddexp.reduce(transitions + row + betas[-1], axis=1))
    alpha = alphas[-1]
    log_z = np.logaddexp.reduce(alpha + end)
    score = oracles.crf_score(best[0].tolist(), x[0].astype("float64"), transitions, start, end)
    loss = CRFLoss(reduction="sum")(best, chain)
    assert float(numbers(loss)) == pytest.approx(log_z - score, rel=1e-5)
    close(p[0], np.exp(np.array(alphas) + np.array(betas[::-1]) - log_z), 1e-5)


@every_scheme
@pytest.mark.parametrize("layer", [CRF, pytest.param(Chain, marks=pytest.mark.nightly)])
def test_nothing_decoded_is_ever_against_the_scheme(layer, scheme, rng):
    tags = [*SPELLED[scheme][:1], *SPELLED[scheme][1:]]
    chain_of = layer(len(tags), schemes.transitions(tags, scheme))
    for scale in (0.0, 1.0, 1e4, 1e15):  # ties, too
        x = (scale * rng.normal(size=(20, 7, len(tags)))).astype("float32")
        lengths = rng.integers(2, 8, 20)
        chain = chain_of(x, mask=np.arange(7) < lengths[:, None])
        best, (n_best, logs) = numbers(BestPath()(chain)), numbers(NBest(3)(chain))
        for row, n in enumerate(lengths):
            for path in [best[row], *n_best[row][logs[row] > -np.inf]]:
                assert not violations([tags[tag] for tag in path[:n]], scheme)


def test_without_constraints_a_chain_is_a_softmax(rng):
    x = rng.normal(size=(*MASK.shape, TAGS)).astype("float32")
    chain = Chain(TAGS)(x, mask=MASK)
    close(BestPath()(chain), np.where(MASK, x.argmax(-1), -1), 0)
    expected = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    close(Marginals()(chain), np.where(MASK[..., None], expected, 0), 1e-6)


def test_without_sequences_there_are_no_paths():
    chain = CRF(TAGS)(np.zeros((0, 5, TAGS), "float32"))
    assert numbers(BestPath()(chain)).shape == (0, 5)
    assert numbers(Marginals()(chain)).shape == (0, 5, TAGS)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_in_mixed_precision_it_still_computes_in_float32(policy, rng):
    x = (100 * rng.normal(size=(2, 5, TAGS))).astype("float16")
    expected = numbers(Marginals()(CRF(TAGS)(x.astype("float32"))))
    keras.config.set_dtype_policy(policy)
    try:
        found = Marginals()(CRF(TAGS)(x))
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    close(found, expected, 1e-6)


# In Keras.

LOAD = """
import sys
import keras
import numpy as np
import keras_lstm_variants

folder = sys.argv[1]
inputs = np.load(f"{folder}/inputs.npz")
model = keras.models.load_model(f"{folder}/model.keras")
tagger = keras.models.load_model(f"{folder}/tagger.keras")
loss = model.evaluate(inputs["words"], inputs["tags"], verbose=0)
found = [keras.ops.convert_to_numpy(y) for y in tagger(inputs["words"])]
np.savez(f"{folder}/outputs.npz", *found, loss=loss)
"""
NAMES = ["O", "B", "I"]


def trained(rng):
    """A model that has learned what only transitions tell: tags take turns, whatever the word."""
    words = rng.integers(1, 9, (64, 6))
    tags = (np.arange(6) + rng.integers(0, 3, (64, 1))) % 3
    lengths = rng.integers(1, 7, 64)
    words[np.arange(6) >= lengths[:, None]] = 0
    ids = keras.Input((None,), dtype="int32")
    scores = keras.layers.Dense(3)(keras.layers.Embedding(9, 4)(ids))
    chain = CRF(3)(scores, mask=ops.not_equal(ids, 0))
    model = keras.Model(ids, chain)
    jit = keras.backend.backend() == "jax"  # without, it compiles each step anew
    model.compile(keras.optimizers.Adam(0.1), CRFLoss(), jit_compile=jit)
    first = model.evaluate(words, tags, verbose=0)
    model.fit(words, tags, epochs=30, verbose=0, sample_weight=np.ones((64, 1)))
    assert model.evaluate(words, tags, verbose=0) < 0.6 * first
    path = BestPath()(chain)
    spans = SpanMarginals(*schemes.continuations(NAMES))(chain, path)
    outputs = [path, Marginals()(chain), *NBest(2)(chain), spans]
    return model, keras.Model(ids, outputs), words, tags


@pytest.mark.nightly
def test_a_model_learns_what_follows_what_and_is_itself_in_another_process(rng, tmp_path):
    model, tagger, words, tags = trained(rng)
    path = numbers(tagger(words)[0])
    turns = (path[:, :-1] + 1) % 3 == path[:, 1:]
    assert turns[words[:, 1:] > 0].mean() > 0.99
    model.save(tmp_path / "model.keras")
    tagger.save(tmp_path / "tagger.keras")
    np.savez(tmp_path / "inputs.npz", words=words, tags=tags)
    subprocess.run([sys.executable, "-c", LOAD, tmp_path], check=True, timeout=300)
    found = np.load(tmp_path / "outputs.npz")
    assert float(found["loss"]) == pytest.approx(model.evaluate(words, tags, verbose=0), rel=1e-5)
    for n, expected in enumerate(numbers(tagger(words))):
        close(found[f"arr_{n}"], expected, 1e-5)


def test_options_survive_saving():
    table = schemes.transitions(NAMES, "IOB2")
    for layer in (
        Chain(3, table),
        CRF(3, table, "random_normal", keras.regularizers.L2(0.1)),
        NBest(4),
        SpanMarginals([0, 1, 1], np.eye(3)),
    ):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert arguments(type(layer)) <= layer.get_config().keys()
    loss = CRFLoss([1, 2, 0.5], "sum")
    assert CRFLoss.from_config(loss.get_config()).get_config() == loss.get_config()
    assert arguments(CRFLoss) - {"dtype"} <= loss.get_config().keys()  # as Keras' own losses


OTHERS = "onnx", "litert"


@pytest.mark.nightly
@of_tensorflow
@pytest.mark.parametrize(
    "format", ["tf_saved_model", *(pytest.param(f, marks=pytest.mark.nightly) for f in OTHERS)]
)
def test_everything_decoded_is_the_same_in_other_formats(format, tmp_path, rng):
    """`export` runs the file and compares; SavedModels are run here."""
    tags = SPELLED["IOBES"]
    x, mask = keras.Input((None, 5), name="x"), keras.Input((None,), dtype="bool", name="mask")
    chain = CRF(5, schemes.transitions(tags, "IOBES"), "random_normal")(x, mask=mask)
    path = BestPath()(chain)
    spans = SpanMarginals(*schemes.continuations(tags))(chain, path)
    model = keras.Model([x, mask], [path, Marginals()(chain), *NBest(2)(chain), spans])
    export(model, tmp_path / "model", format, 3 if format == "litert" else None)
    if format == "tf_saved_model":
        import tensorflow as tf

        serve = tf.saved_model.load(tmp_path / "model").signatures["serving_default"]
        for steps in (1, 6):
            given = rng.normal(size=(2, steps, 5)).astype("float32")
            here = np.arange(steps) < np.array([[1], [steps]])
            found = serve(x=tf.constant(given), mask=tf.constant(here))
            for n, expected in enumerate(model([given, here])):
                close(found[f"output_{n}"], numbers(expected), 1e-6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="table of 4 rows and columns, a tag each and one more"):
        CRF(3, np.ones((3, 3)))
    with pytest.raises(ValueError, match="is for 3 tags, but gets scores of 4"):
        CRF(3)(np.zeros((1, 2, 4), "float32"))
    with pytest.raises(ValueError, match="table of 2 rows and columns, as there are kinds"):
        SpanMarginals([0, 1], np.ones((3, 3)))
    with pytest.raises(ValueError, match="'I-X' is no tag of BMES"):
        schemes.transitions(["O", "I-X"], "BMES")
