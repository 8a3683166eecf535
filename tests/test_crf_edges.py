"""What comes into chains, their loss and their metric: right, or refused in a sentence."""

import itertools
import subprocess
import sys

import hypothesis
import keras
import numpy as np
import pytest
from hypothesis import strategies as st
from keras import ops

import oracles
from cases import BACKEND, of_tensorflow
from keras_lstm_variants import (
    CRF,
    LSTM,
    BestPath,
    Chain,
    CRFAccuracy,
    CRFLoss,
    Marginals,
    NBest,
    SpanMarginals,
    schemes,
)

pytestmark = pytest.mark.ci

TAGS = 3
X = np.random.default_rng(0).normal(size=(2, 4, TAGS)).astype("float32")
Y = np.array([[0, 1, 2, 0], [2, 2, 1, 0]])
MASK = np.array([[1, 1, 1, 0], [1, 1, 1, 1]], bool)
compiled = pytest.mark.skipif(BACKEND == "torch", reason="torch makes no graphs")


def numbers(x):
    return keras.tree.map_structure(ops.convert_to_numpy, x)


def chain_of(x=X, mask=MASK):
    return CRF(TAGS, initializer=keras.initializers.RandomNormal(seed=1))(x, mask=mask)


def trainable(x=X, steps=None, **options):
    """A model of a CRF alone, whose loss is that of its input."""
    scores = keras.Input((steps, TAGS))
    mask = keras.Input((steps,), dtype="bool")
    model = keras.Model([scores, mask], CRF(TAGS)(scores, mask=mask))
    model.compile("sgd", **{"loss": CRFLoss(reduction="sum"), **options})
    return model


# Labels.


def bad_labels():
    outside = Y.copy()
    outside[1, 2] = -1
    return [
        (outside, r"y_true\[1, 2\] is -1, which is none of the 3 tags, from 0 to 2"),
        (np.where(Y == 1, 3, Y), r"y_true\[0, 1\] is 3"),
        (np.where(Y == 1, 0.5, Y), r"y_true\[0, 1\] is 0\.5"),
        (np.where(Y == 1, np.nan, Y), r"y_true\[0, 1\] is nan"),
        (Y[:, :1], r"y_true must be of shape \(2, 4\), .*, not \(2, 1\)"),
        (Y[:1], r"y_true must be of shape \(2, 4\), .*, not \(1, 4\)"),
        (np.eye(TAGS)[Y], r"not \(2, 4, 3\); for labels one-hot, take their argmax"),
        (Y[..., None, None], r"\(batch, steps\), not \(2, 4, 1, 1\)"),
        (np.array(1), r"\(batch, steps\), not \(\)"),
        (Y.astype(str), "y_true must be numbers, not <U"),
        (Y.astype(object), "y_true must be numbers, not object"),
        ([[0, 1], [2]], "y_true must be one tensor; its rows have different lengths"),
        (None, "y_true must be a tensor, not None"),
    ]


@pytest.mark.parametrize("of", [CRFLoss(), CRFAccuracy()], ids=["loss", "accuracy"])
@pytest.mark.parametrize(("labels", "message"), bad_labels())
def test_labels_that_are_none_are_refused(labels, message, of):
    with pytest.raises(ValueError, match=f"{type(of).__name__}: .*{message}"):
        (of.update_state if isinstance(of, CRFAccuracy) else of)(labels, chain_of())


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float32", "float64"])
def test_labels_may_have_any_dtype_and_one_axis_more(dtype):
    expected, chain = numbers(CRFLoss()(Y, chain_of())), chain_of()
    padded = Y.copy()
    padded[0, 3] = 100  # no tag, but no step either
    for labels in Y, padded, Y[..., None], np.where(MASK, Y, 2).tolist():
        labels = np.asarray(labels, dtype) if not isinstance(labels, list) else labels
        assert numbers(CRFLoss()(labels, chain)) == expected
    two = Chain(2)(X[..., :2])
    of_truths, of_numbers = (CRFLoss()(labels, two) for labels in (Y > 0, (Y > 0) * 1))
    assert numbers(of_truths) == numbers(of_numbers)


@compiled
@pytest.mark.parametrize("of", ["loss", "accuracy"])
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_in_a_graph_labels_that_are_none_end_it_or_give_no_number(of, jit):
    """Where TensorFlow runs the graph, the sentence ends it; XLA and JAX have none to say it."""
    labels, message = bad_labels()[0]
    jit = jit or BACKEND == "jax"  # which has no graph without it
    metrics = [CRFAccuracy()] if of == "accuracy" else []
    model = trainable(loss=CRFLoss() if of == "loss" else silent, metrics=metrics, jit_compile=jit)
    if BACKEND == "tensorflow" and not jit:
        import tensorflow as tf

        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            model.evaluate([X, MASK], labels, verbose=0)
        masked = MASK.copy()
        masked[1, 2] = False
        model.evaluate([X, masked], labels, verbose=0)
    else:
        found = model.evaluate([X, MASK], labels, verbose=0, return_dict=True)
        assert np.isnan(found["loss" if of == "loss" else "crf_accuracy"])


@keras.saving.register_keras_serializable("test")
def silent(y_true, y_pred):
    return ops.zeros_like(y_pred[:, 0, 0])


@of_tensorflow
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("which", ["labels", "weights"])
def test_sizes_that_only_a_running_graph_knows_are_not_broadcast(which, jit):
    import tensorflow as tf

    specs = [tf.TensorSpec((None, None, TAGS)), tf.TensorSpec((None, None)), tf.TensorSpec(None)]
    specs[2] = tf.TensorSpec((None, None))
    layer = CRF(TAGS)
    layer.build((None, None, TAGS))

    @tf.function(input_signature=specs, jit_compile=jit)
    def loss(x, y, weights):
        return CRFLoss()(y, layer(x), weights)

    def given(x, y, weights):
        return loss(X[:x], tf.constant(Y, "float32")[y], tf.ones((4, 8), "float32")[weights])

    assert np.isfinite(given(2, np.s_[:], np.s_[:2, :4]))
    assert np.isfinite(given(2, np.s_[:], np.s_[:2, :1]))
    right = np.s_[:], np.s_[:2, :4]
    wrong = [np.s_[:, :1], np.s_[:1]] if which == "labels" else [np.s_[:1, :4], np.s_[:1, :1]]
    for one in wrong:
        y, weights = (one, right[1]) if which == "labels" else (right[0], one)
        if jit:
            assert np.isnan(given(2, y, weights))
        else:
            with pytest.raises(tf.errors.InvalidArgumentError, match="must be of shape .2 4., "):
                given(2, y, weights)


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(st.data())
def test_a_loss_is_that_of_these_labels_or_none(data):
    """Any small shapes and values: the oracle's loss, or a ValueError."""
    size = st.integers(0, 3)
    batch, steps = data.draw(size), data.draw(st.integers(1, 3))
    shape = data.draw(
        st.one_of(
            st.just((batch, steps)),
            st.just((batch, steps, 1)),
            st.lists(size, max_size=3).map(tuple),
        )
    )
    labels = data.draw(
        st.lists(st.sampled_from([0, 1, 2, 2, 0, 1, -1, 3]), min_size=27, max_size=27)
    )
    labels = np.resize(np.array(labels), shape)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=9, max_size=9)))
    mask = mask[: batch * steps].reshape(batch, steps)
    x = np.random.default_rng(batch + 3 * steps).normal(size=(batch, steps, TAGS))
    chain = Chain(TAGS)(x.astype("float32"), mask=mask)
    fits = shape in ((batch, steps), (batch, steps, 1))
    if fits and np.isin(labels.reshape(batch, steps)[mask], range(TAGS)).all():
        p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
        labels = np.where(mask, labels.reshape(batch, steps), 0)
        right = np.take_along_axis(p, labels[..., None], -1)[..., 0]
        expected = -(np.log(right) * mask).sum(1)
        found = numbers(CRFLoss(reduction=None)(labels.reshape(shape), chain))
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        with pytest.raises(ValueError, match="CRFLoss: y_true"):
            CRFLoss(reduction=None)(labels, chain)


# Weights.


@pytest.mark.parametrize("shape", [(2,), (1, 4), (2, 3), (2, 4, 2), (3, 1), (2, 4, 1, 1)])
def test_weights_of_another_shape_are_refused(shape):
    for of in CRFLoss(), CRFAccuracy().update_state:
        with pytest.raises(ValueError, match="sample_weight must be .*, not " + r"\("):
            of(Y, chain_of(), np.ones(shape))


@pytest.mark.parametrize("weight", [2, 0.5, np.array(2.0), np.float32(0.5)])
def test_one_weight_is_that_of_all(weight):
    expected = float(weight) * numbers(CRFLoss()(Y, chain_of()))
    assert numbers(CRFLoss()(Y, chain_of(), weight)) == pytest.approx(expected, rel=1e-6)


@of_tensorflow
@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_labels_and_weights_may_come_with_two_axes_and_then_with_three(compiled):
    """TensorFlow then traces a graph in which not even the number of axes is known."""
    model = trainable(loss=CRFLoss(), metrics=[CRFAccuracy()], jit_compile=compiled)
    by_step, by_sequence = np.random.default_rng(0).random((2, 4)), np.array([[2.0], [3.0]])

    def ask(labels, weights=None):
        return model.evaluate([X, MASK], labels, sample_weight=weights, verbose=0)

    expected = [CRFLoss()(Y, model([X, MASK]), w) for w in (None, by_step, by_sequence)]
    expected = [float(numbers(loss)) for loss in expected]
    for _ in range(2):
        for labels in Y, Y[..., None]:
            found = [ask(labels)[0], ask(labels, by_step)[0], ask(labels, by_sequence)[0]]
            assert found == pytest.approx(expected, rel=1e-5)
            assert ask(labels, by_step[..., None])[0] == pytest.approx(expected[1], rel=1e-5)
    if compiled:  # where no sentence can be said
        assert np.isnan(ask(Y, np.ones(2))[0])
    else:
        with pytest.raises(
            Exception, match=r"sample_weight must be .*label_weights=\[...\]\) weighs"
        ):
            ask(Y, np.ones(2))
        with pytest.raises(Exception, match="y_true must be of shape"):
            ask(np.ones((2, 4, 2)))
        with pytest.raises(Exception, match="y_true must be of shape"):
            ask(np.ones((2, 4, 1, 1)))


def test_weights_where_there_is_no_step_may_be_anything():
    weights = np.ones((2, 4))
    expected = numbers(CRFLoss()(Y, chain_of(), weights))
    weights[~MASK] = np.nan
    assert numbers(CRFLoss()(Y, chain_of(), weights)) == expected
    assert numbers(CRFLoss()(Y, chain_of(), weights[..., None])) == expected
    weights[0, 0] = np.nan
    assert np.isnan(numbers(CRFLoss()(Y, chain_of(), weights)))


@pytest.mark.parametrize("labels", [Y, Y[..., None]])
def test_class_weight_is_refused(labels):
    """Keras would take the step with the highest label for the class."""
    model = trainable(metrics=[CRFAccuracy()])
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit([X, MASK], labels, class_weight={0: 1.0, 1: 5.0, 2: 1.0}, verbose=0)
    if labels.ndim == 2:
        assert error.match(r"CRFLoss\(label_weights=\[...\]\) weighs tags")
    with pytest.raises(ValueError, match="label_weights"):
        model.train_on_batch([X, MASK], Y, class_weight={0: 1.0, 1: 5.0})


@of_tensorflow
def test_class_weight_is_refused_of_a_data_set_too():
    import tensorflow as tf

    data = tf.data.Dataset.from_tensors(((X, MASK), Y))
    with pytest.raises(ValueError, match="label_weights"):
        trainable().fit(data, class_weight={0: 1.0, 1: 5.0, 2: 1.0}, shuffle=False, verbose=0)


def test_weights_of_sequences_and_of_steps_come_through_fit():
    layer = CRF(TAGS)
    losses = numbers(CRFLoss(reduction=None)(Y, layer(X, mask=MASK)))
    by_sequence = np.array([[2.0], [3.0]])
    for weights in by_sequence, by_sequence * np.ones((1, 4)):
        model = trainable()
        found = model.evaluate([X, MASK], Y, sample_weight=weights, verbose=0)
        assert found == pytest.approx((losses * by_sequence[:, 0]).sum(), rel=1e-5)


def test_label_weights_are_one_for_each_tag():
    with pytest.raises(ValueError, match="label_weights must be 3, one for each tag, not 2"):
        CRFLoss([1, 2])(Y, chain_of())
    with pytest.raises(ValueError, match="label_weights must be finite"):
        CRFLoss([1, float("nan"), 2])


# What is no chain.


@pytest.mark.parametrize(
    "y_pred",
    [X, np.ones((2, 8, TAGS)), np.ones((2, 4)), np.ones((2, 4, TAGS, 1)), np.ones((2, 4, 1))],
)
def test_scores_are_refused_in_place_of_a_chain(y_pred):
    asked = [lambda c: CRFLoss()(Y, c), lambda c: CRFAccuracy().update_state(Y, c)]
    asked += [BestPath(), Marginals(), NBest(1), lambda c: SpanMarginals([0] * 3, np.eye(3))(c, Y)]
    if y_pred.shape == (2, 8, TAGS):  # two tags, five steps: only their mask can tell
        labels, y_pred = np.zeros((2, 5), int), y_pred * 0.3
        asked[:2] = [
            lambda c: CRFLoss()(labels, c),
            lambda c: CRFAccuracy().update_state(labels, c),
        ]
        asked.pop()
    for ask in asked:
        with pytest.raises(ValueError, match="must be what a Chain or a CRF gives"):
            ask(ops.convert_to_tensor(y_pred, "float32"))


@compiled
@pytest.mark.parametrize(
    "reduction",
    ["sum_over_batch_size", pytest.param("mean_with_sample_weight", marks=pytest.mark.nightly)],
)
@pytest.mark.parametrize("mark", [-1, 0.3, 0.8, 2])  # none, and steps that seem to be there or not
def test_scores_in_place_of_a_chain_give_no_number_in_a_graph(mark, reduction):
    dense = keras.layers.Dense(TAGS, None, True, "zeros", keras.initializers.Constant(mark))
    model = keras.Sequential([keras.Input((8, TAGS)), dense])
    options = {"metrics": [CRFAccuracy()], "jit_compile": BACKEND == "jax"}
    model.compile("sgd", CRFLoss(reduction=reduction), **options)
    given = np.ones((2, 8, TAGS)), np.zeros((2, 5))
    if BACKEND == "jax":
        assert np.isnan(model.evaluate(*given, verbose=0)).all()
    else:
        with pytest.raises(Exception, match="must be what a Chain or a CRF gives, not scores"):
            model.evaluate(*given, verbose=0)


# No sequences, no steps, no numbers.


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"]
)
def test_the_loss_of_nothing_is_zero_as_keras_has_it(reduction):
    loss = CRFLoss(reduction=reduction)
    nothing = Chain(TAGS)(X[:0])
    masked = Chain(TAGS)(X, mask=np.zeros_like(MASK))
    keras_own = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    assert numbers(loss(Y[:0], nothing)) == numbers(keras_own(Y[:0], X[:0])) == 0
    assert numbers(loss(Y, masked)) == 0
    assert numbers(CRFLoss(reduction=None)(Y[:0], nothing)).shape == (0,)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        spec = tf.TensorSpec((None, None)), tf.TensorSpec((None, None, TAGS + 1))
        in_graph = tf.function(loss, input_signature=spec, autograph=False)
        assert in_graph(Y[:0].astype("float32"), nothing) == 0


def test_scores_that_are_no_numbers_have_no_loss():
    for bad in (np.full_like(X, np.nan), np.where(X > 0, np.nan, X)):
        assert np.isnan(numbers(CRFLoss()(Y, Chain(TAGS)(bad, mask=MASK))))


# The metric.


def paths(x, table):
    """The best path of a sequence, tried one by one."""
    scores = {
        path: oracles.crf_score(path, x.astype("float64"), *table)
        for path in itertools.product(range(TAGS), repeat=len(x))
    }
    return max(scores, key=scores.get)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_accuracy_is_that_of_the_best_paths_over_all_batches(weighted, rng):
    layer = CRF(TAGS, initializer=keras.initializers.RandomNormal(stddev=2.0, seed=3))
    metric, right, total = CRFAccuracy(), 0.0, 0.0
    assert numbers(metric.result()) == 0
    for batch, steps in [(5, 4), (1, 2), (0, 3), (3, 1)]:
        x = rng.normal(size=(batch, steps, TAGS)).astype("float32")
        y = rng.integers(0, TAGS, (batch, steps))
        mask = rng.random((batch, steps)) < 0.7
        weights = rng.uniform(size=(batch, steps)) if weighted else np.ones((batch, steps))
        metric.update_state(y, layer(x, mask=mask), weights if weighted else None)
        table = [w.astype("float64") for w in layer.get_weights()]
        for row in range(batch):
            here = mask[row]
            best = paths(x[row, here], table) if here.any() else ()
            right += (weights[row, here] * (y[row, here] == np.array(best, int))).sum()
            total += weights[row, here].sum()
        assert float(numbers(metric.result())) == pytest.approx(right / max(total, 1e-9), rel=1e-6)
    metric.reset_state()
    assert numbers(metric.result()) == 0


def test_sequences_without_a_best_path_are_wrong():
    x = X.copy()
    x[0, 0] = np.nan
    metric = CRFAccuracy()
    y = numbers(BestPath()(Chain(TAGS)(X)))
    metric.update_state(y, Chain(TAGS)(x, mask=MASK))
    assert float(numbers(metric.result())) == pytest.approx(4 / 7)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "jit", [False, pytest.param(True, marks=pytest.mark.nightly)], ids=["graph", "compiled"]
)
def test_the_accuracy_counts_beyond_what_a_float_can(jit):
    if jit and BACKEND == "torch":
        pytest.skip("Keras compiles torch with another compiler")
    metric = CRFAccuracy(name="accuracy")
    model = trainable(metrics=[metric], jit_compile=jit)
    model.evaluate([X[:1], MASK[:1]], Y[:1], verbose=0)
    metric.right.total.assign(2.0**24)
    metric.all.total.assign(2.0**25)
    y = numbers(BestPath()(Chain(TAGS)(X[:1, :1])))
    for _ in range(3):
        if BACKEND == "tensorflow":
            import tensorflow as tf

            add = tf.function(metric.update_state, jit_compile=jit, autograph=False)
            add(y, Chain(TAGS)(X[:1, :1]))
        else:
            metric.update_state(y, Chain(TAGS)(X[:1, :1]))
    counts = [(metric.right, 2**24), (metric.all, 2**25)]
    for count, begun in counts:
        total, lost = (float(numbers(one)) for one in (count.total, count.lost))
        assert total + lost - begun in (3, 4), "of each batch, a 1 is lost"


def test_the_accuracy_works_in_compile_and_after_loading(tmp_path):
    model = trainable(metrics=[CRFAccuracy()], weighted_metrics=[CRFAccuracy("weighted")])
    path = numbers(BestPath()(Chain(TAGS)(X, mask=MASK)))
    y = np.where(np.arange(4) < 2, path, (path + 1) % TAGS)  # the first two of each are right
    weights = np.where(np.arange(4) < 2, 3.0, 1.0) * np.ones((2, 1))
    options = {"batch_size": 1, "verbose": 0, "return_dict": True, "sample_weight": weights}
    found = model.evaluate([X, MASK], y, **options)
    assert found["crf_accuracy"] == pytest.approx(4 / 7)
    assert found["weighted"] == pytest.approx(12 / 15)
    history = model.fit([X, MASK], y, epochs=1, verbose=0, validation_data=([X, MASK], y))
    assert "val_crf_accuracy" in history.history
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    expected = model.evaluate([X, MASK], y, **options)
    assert again.evaluate([X, MASK], y, **options) == pytest.approx(expected)
    metric = CRFAccuracy("mine")
    assert CRFAccuracy.from_config(metric.get_config()).get_config() == metric.get_config()


@pytest.mark.parametrize("named", ["accuracy", "Acc", "sparse_categorical_accuracy"])
@pytest.mark.parametrize("kind", ["metrics", "weighted_metrics"])
@of_tensorflow
def test_the_accuracy_of_keras_is_refused(named, kind):
    """On JAX and torch Keras comes first, and says that shapes do not fit."""
    model = trainable(**{kind: [named]})
    message = rf"{kind}=\['{named}'\] of Keras .*{kind}=\[keras_lstm_variants.CRFAccuracy"
    for steps in 4, 1:  # labels of one step would be broadcast
        with pytest.raises(ValueError, match=message):
            model.fit([X[:, :steps], MASK[:, :steps]], Y[:, :steps], verbose=0)


def test_other_losses_have_the_accuracy_of_keras():
    model = keras.Sequential([keras.Input((4, TAGS)), keras.layers.Dense(TAGS)])
    model.compile("sgd", "mse", metrics=["accuracy"])
    model.fit(X, X, verbose=0)


# Arguments of layers.


@pytest.mark.parametrize("tags", [0, -1, 2.0, True, None, "3"])
def test_the_number_of_tags_is_a_positive_integer(tags):
    for make in (Chain, CRF):
        with pytest.raises(ValueError, match=f"{make.__name__}: tags must be a positive integer"):
            make(tags)
    with pytest.raises(ValueError, match="NBest: n must be a positive integer"):
        NBest(tags)
    assert type(CRF(np.int64(3)).get_config()["tags"]) is int


def impossible():
    alternate = np.zeros((4, 4), bool)  # 0 and 1 take turns; 0 begins, 1 ends: even lengths only
    alternate[[3, 0, 1, 1], [0, 1, 0, 3]] = True
    return [
        (np.where(np.eye(4) > 0, np.nan, 1), "truth values"),
        (np.where(np.eye(4) > 0, -np.inf, 0), "truth values"),
        (np.eye(4) * 2, "truth values"),
        (np.full((4, 4), "yes"), "truth values"),
        (np.ones((3, 3)), "table of 4 rows and columns"),
        (np.ones(4), r"not of shape \(4,\)"),
        (np.zeros((4, 4)), "none of length 1"),
        (alternate, "none of length 1"),
        (np.eye(4) * np.array([1, 1, 1, 0]), "none of length 1"),
    ]


@pytest.mark.parametrize(("table", "message"), impossible())
def test_constraints_are_truths_that_leave_a_path_of_every_length(table, message):
    with pytest.raises(ValueError, match=f"CRF: constraints must .*{message}"):
        CRF(TAGS, table)


def test_the_first_length_without_a_path_is_named():
    ends_at_three = np.zeros((4, 4))  # 0 1 2 and no more
    ends_at_three[[3, 0, 1, 0, 1, 2], [0, 1, 2, 3, 3, 3]] = 1
    with pytest.raises(ValueError, match="allow none of length 4"):
        CRF(TAGS, ends_at_three)


def test_tables_of_numbers_are_as_good_as_truths():
    table = schemes.transitions(["O", "B", "I"], "IOB2")
    expected = numbers(CRF(TAGS, table)(X))
    for kind in (int, float, list):
        given = table.tolist() if kind is list else table.astype(kind)
        assert (numbers(CRF(TAGS, given)(X)) == expected).all()
    with pytest.raises(ValueError, match="SpanMarginals: continues must be a table of truth"):
        SpanMarginals([0, 1], [[0.5, 0], [0, 1]])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, TAGS), r"scores must be \(batch, steps, 3\), not \(4, 3\)"),
        ((2, 0, TAGS), "at least one step"),
        ((2, 4, 5), "is for 3 tags, but gets scores of 5"),
        ((2, 4, 1, TAGS), r"scores must be \(batch, steps, 3\)"),
    ],
)
@pytest.mark.parametrize("built", [False, True])
def test_scores_of_another_shape_are_refused(shape, message, built):
    layer = CRF(TAGS)
    if built:
        layer(X)
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, "float32"))


@pytest.mark.parametrize("shape", [(4,), (2,), (2, 1), (2, 3), (3, 4), (2, 4, 3), (2, 4, 1, 1), ()])
def test_masks_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"mask must be \(batch, steps\) = \(2, 4\), not \("):
        chain_of(mask=np.ones(shape, bool))


def test_masks_may_be_numbers_and_have_one_axis_more():
    expected = numbers(chain_of())
    for mask in MASK.astype("int32"), MASK.astype("float32"), MASK[..., None], MASK.tolist():
        assert (numbers(chain_of(mask=np.asarray(mask))) == expected).all()
    of_all = numbers(chain_of(mask=np.tile(MASK[:1], (2, 1))))
    assert (numbers(chain_of(mask=MASK[:1])) == of_all).all()


@of_tensorflow
def test_a_mask_of_one_step_is_not_broadcast_in_a_graph():
    import tensorflow as tf

    layer = CRF(TAGS)
    layer.build((None, None, TAGS))
    specs = tf.TensorSpec((None, None, TAGS)), tf.TensorSpec((None, None), "bool")

    @tf.function(input_signature=specs)
    def chain(x, mask):
        return layer(x, mask=mask)

    assert (chain(X, MASK) == layer(X, mask=MASK)).numpy().all()
    with pytest.raises(tf.errors.InvalidArgumentError, match="mask"):
        chain(X, MASK[:, :1])


@pytest.mark.parametrize("dtype", ["complex64", "object", "str"])
@pytest.mark.parametrize("argument", ["scores", "mask", "sample_weight"])
def test_what_is_no_number_is_refused(argument, dtype):
    given = {"scores": X, "mask": MASK, "sample_weight": np.ones((2, 4))}
    given[argument] = given[argument].astype(dtype)
    with pytest.raises(ValueError, match=f"{argument} must be numbers, not "):
        CRFLoss()(Y, chain_of(given["scores"], given["mask"]), given["sample_weight"])


def test_scores_may_be_a_list():
    assert (numbers(chain_of(X.tolist(), MASK.tolist())) == numbers(chain_of())).all()


def test_integers_are_scores_too():
    whole = np.round(3 * X).astype("int32")
    assert (numbers(chain_of(whole)) == numbers(chain_of(whole.astype("float32")))).all()


def test_spans_need_the_tags_of_the_chain_and_a_path_of_its_size():
    chain = chain_of()
    layer = SpanMarginals([0, 1, 1], np.eye(3))
    with pytest.raises(ValueError, match="kinds must be 3 numbers, one for each tag.*, not 2"):
        SpanMarginals([0, 1], np.eye(2))(chain, Y)
    with pytest.raises(ValueError, match=r"path must be \(batch, steps\) = \(2, 4\), not \(2, 1\)"):
        layer(chain, Y[:, :1])
    expected = numbers(layer(chain, Y))
    for wrong in (-1, 3):
        path = Y.copy()
        path[0, 3] = wrong  # where there is no step
        assert (numbers(layer(chain, path)) == expected).all()
        path[1, 1] = wrong
        found = numbers(layer(chain, path))
        assert np.isnan(found[1]).all() and (found[0] == expected[0]).all()


def test_half_precision_is_that_of_models_not_of_losses():
    expected = numbers(CRFLoss()(Y, chain_of()))
    keras.config.set_floatx("float16")
    try:
        loss, metric = CRFLoss(), CRFAccuracy()
    finally:
        keras.config.set_floatx("float32")
    assert numbers(loss(Y, chain_of())) == expected
    assert loss.dtype == metric.dtype == "float32"


# Elsewhere in Keras.


@pytest.mark.parametrize("steps", [3, None])
def test_time_distributed_says_what_a_mask_of_whole_sequences_must_be(steps, rng):
    """keras #4786. What the sentence says gives the right values."""
    x = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    inner = LSTM(3)
    layer = keras.layers.TimeDistributed(inner)
    scores, given = keras.Input((steps, 4, 5)), keras.Input((steps,), dtype="bool")
    with pytest.raises(Exception, match=r"mask must be \(.*, 4\) .*ops.repeat\(mask"):
        keras.Model([scores, given], layer(scores, mask=given))([x, mask])
    inner.build((None, 4, 5))
    found = numbers(layer(x, mask=ops.repeat(mask[..., None], 4, axis=-1)))
    for row, step in np.ndindex(mask.shape):
        expected = numbers(inner(x[row, step][None]))[0] if mask[row, step] else 0
        np.testing.assert_allclose(found[row, step], expected, atol=1e-6)


REPLICAS = """
import numpy as np
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras
from keras_lstm_variants import CRF, CRFAccuracy, CRFLoss

rng = np.random.default_rng(0)
x, y = rng.normal(size=(8, 5, 3)).astype("float32"), rng.integers(0, 3, (8, 5))
found = []
for strategy in tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]):
    with strategy.scope():
        model = keras.Sequential([keras.Input((5, 3)), CRF(3)])
        model.compile(keras.optimizers.SGD(1.0), CRFLoss(), metrics=[CRFAccuracy()])
        history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    found.append([*history["loss"], *history["crf_accuracy"], *model.get_weights()[0].ravel()])
np.testing.assert_allclose(*found, rtol=1e-4)
"""


@of_tensorflow
@pytest.mark.nightly
def test_on_several_devices_the_loss_is_that_of_one():
    subprocess.run([sys.executable, "-c", REPLICAS], check=True, timeout=300)
