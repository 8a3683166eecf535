"""How weights move: schedules, clipping, averages, smoothing, each as its definition."""

import keras
import numpy as np
import pytest

from pipelines.config.schema import Experiment, Model, Training
from pipelines.training.program import compile_model
from pipelines.training.schedule import (
    OPTIMIZERS,
    RawWeights,
    SmoothedCrossentropy,
    learning_rate,
    optimizer,
)


def rates(scores, **options):
    training = Training(learning_rate=1.0, epochs=len(scores), **options)
    return [learning_rate(training, scores[:n]) for n in range(len(scores))]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"schedule": "constant"}, [1, 1, 1, 1]),
        ({"schedule": "inverse", "decay": 0.5}, [1, 1 / 1.5, 1 / 2, 1 / 2.5]),
        ({"schedule": "linear"}, [1, 0.75, 0.5, 0.25]),
        ({"schedule": "cosine"}, [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]),
        ({"schedule": "constant", "warmup": 2}, [1 / 3, 2 / 3, 1, 1]),
        ({"schedule": "linear", "warmup": 2}, [1 / 3, 2 / 3, 1, 0.5]),
    ],
    ids=str,
)
def test_the_rate_follows_its_schedule(options, expected):
    assert rates([0.0] * 4, **options) == pytest.approx(expected)


def test_a_plateau_halves_the_rate_each_time_that_scores_stay_where_they_are():
    scores = [0.1, 0.2, 0.2, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4]
    found = rates(scores, schedule="plateau", plateau=2)
    assert found == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_step_follows_a_gradient_longer_than_its_limit(name):
    made = optimizer(Training(optimizer=name, learning_rate=1.0, clip_norm=0.1))
    assert made.get_config()["global_clipnorm"] == 0.1
    if name != "sgd":
        return
    weights = [keras.Variable(np.zeros(3)), keras.Variable(np.zeros(1))]
    made.apply([keras.ops.full((3,), 30.0), keras.ops.full((1,), 40.0)], weights)
    moved = np.concatenate([weight.numpy() for weight in weights])
    np.testing.assert_allclose(np.linalg.norm(moved), 0.1, rtol=1e-5)
    np.testing.assert_allclose(moved / moved[0], [1, 1, 1, 4 / 3], rtol=1e-5)


def model_of_one_weight(**options):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    training = Training(optimizer="sgd", learning_rate=0.1, clip_norm=100, **options)
    model.compile(optimizer(training), "mse")
    model.set_weights([np.array([[0.0]])])
    return model


class Own(keras.callbacks.Callback):
    """Keeps the weight after each step."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_train_batch_end(self, batch, logs=None):
        self.values.append(self.model.get_weights()[0].item())


@pytest.mark.ci
@pytest.mark.parametrize("batches", [1, 2])
def test_epochs_are_scored_with_averaged_weights_and_go_on_from_their_own(batches):
    """Each step is of so many batches, after each of which the average moves by its part."""
    momentum, x, y = 0.75, np.ones((8, 1)), np.ones((8, 1))
    seen = {}
    for average in (0.0, momentum):
        model = model_of_one_weight(average=average, gradient_accumulation_steps=batches)
        own, scored = Own(), []
        for _ in range(3):
            raw = RawWeights()
            model.fit(x, y, batch_size=2, verbose=0, callbacks=[own, raw])
            scored.append(model.get_weights()[0].item())
            raw.restore()
        seen[average] = own.values, scored
    own, scored = seen[0.0]
    assert scored == own[3::4]
    assert len(set(own)) == len(own) // batches + (batches > 1)  # and zero, before the first step
    np.testing.assert_allclose(seen[momentum][0], own, rtol=1e-6)  # training is the same
    means, part = own[:batches], momentum ** (1 / batches)  # it begins with the first step
    for value in own[batches:]:
        means.append(part * means[-1] + (1 - part) * value)
    np.testing.assert_allclose(seen[momentum][1], means[3::4], rtol=1e-5)


def test_smoothing_gives_a_share_of_each_tag_to_all_tags(rng):
    scores, tags = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    right = 0.9 * np.eye(4)[tags] + 0.1 / 4
    weights = rng.random((2, 3))
    found = SmoothedCrossentropy(0.1)(tags, scores, sample_weight=weights)
    np.testing.assert_allclose(found, -(right * logs).sum(-1).ravel() @ weights.ravel(), rtol=1e-5)


def test_labels_are_not_smoothed_unless_asked_for():
    losses = []
    for training in (Training(), Training(label_smoothing=0.1)):
        inputs = keras.Input((None, 2))
        model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
        softmax = Model(decoder="softmax")
        compile_model(model, Experiment.model_construct(training=training, model=softmax))
        losses.append(type(model.loss))
    assert losses == [keras.losses.SparseCategoricalCrossentropy, SmoothedCrossentropy]
