"""The step of training as one program: few shapes, the same numbers as without a compiler."""

import json
import os
import statistics
import subprocess
import sys
import threading
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from cases import BACKEND, of_tensorflow
from pipelines.bench.pipeline_speed import Traced
from pipelines.config.schema import Model, Training
from pipelines.encoding.batching import batches, plan, shapes_of
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.spelling import BLOCKS, PLACES, spellings
from pipelines.encoding.vocabulary import Vocabulary
from pipelines.tagger.model import build_tagger
from pipelines.training import devices
from pipelines.training.optimizers import SGD
from pipelines.training.program import program, seed_of
from pipelines.training.trainer import _NotFinite, _Steps, prepare_training, train

LONG = "https://example.org/a-long-link"  # 31 characters
WORDS = ["the", "a", "Oslo", "sleeps", "", LONG, "x" * 99, "never"]
LETTERS = sorted(set("".join(WORDS)))
TAGS = ["O", "B-LOC", "I-LOC"]


def vocabulary(**changes):
    counts = [1] * (len(WORDS) - 1)
    known = Vocabulary([w for w in WORDS if w], TAGS, "IOB2", False, counts, LETTERS, {})
    return known._replace(**changes)


def sentences(rng, count=40, words=tuple(w for w in WORDS if w)):
    return [list(rng.choice(words, rng.integers(1, 14))) for _ in range(count)]


# Blocks of distinct words.


@pytest.mark.ci
@pytest.mark.parametrize(
    "words",
    [
        [w for w in WORDS if w],
        *(pytest.param(some, marks=pytest.mark.nightly) for some in (["a", "the"], [LONG])),
    ],
    ids=len,
)
def test_each_distinct_word_of_a_batch_stands_in_a_block_once(words, rng):
    encoder = Encoder(vocabulary())
    given = sentences(rng, words=words)
    lengths = [len(tokens) for tokens in given]
    spelled = spellings(encoder, given)
    seeds = range(5)
    shapes = shapes_of(spelled, lengths, 4, seeds)
    whole = spelled.rows * 0 + 1, spelled.rows * 0
    found, seen = set(), 0
    for seed in seeds:
        planned = plan(lengths, 4, seed)
        made = batches(({"words": whole[0]}, whole[1]), lengths, 4, seed, shapes=shapes)
        for batch, (ids, *_) in zip(planned, made, strict=True):
            found.add(tuple((name, *ids[name].shape) for name in sorted(ids)))
            blocks = [ids[name].numpy() for name in BLOCKS if name in ids]
            assert [block.shape[2] for block in blocks] == [16, 64 if "x" * 99 in words else 32][
                : len(blocks)
            ]
            rows = [row for block in blocks for row in block.reshape(-1, block.shape[2])]
            read = [tuple(row[row > 0]) for row in rows]
            full = [one for one in read if one]
            assert len(set(full)) == len(full)
            for place, row in zip(batch.places, ids[PLACES].numpy(), strict=False):
                tokens = given[place] + [""] * (len(row) - len(given[place]))
                expected = np.array(encoder.arrays(tf.constant([tokens]))["characters"][0])
                assert [read[n] for n in row] == [tuple(one[one > 0]) for one in expected]
                seen += len(tokens)
    assert seen
    # Whatever a shape, all its parts follow from the length of the batch.
    assert len(found) == len({dict((n, s) for n, *s in one)["words"][1] for one in found})


def test_blocks_are_no_larger_than_some_epoch_needs(rng):
    given = sentences(rng)
    lengths = [len(tokens) for tokens in given]
    spelled = spellings(Encoder(vocabulary()), given)
    plans = [plan(lengths, 4, seed) for seed in range(3)]
    found = spelled.words(plans)
    for steps, most in found.items():
        needed = [
            {word for place in batch.places for word in given[place]}
            for planned in plans
            for batch in planned
            if batch.steps == steps
        ]
        assert most[0] == 1 + max(sum(len(w) <= 16 for w in words) for words in needed)
        assert most[1] == max(sum(len(w) > 16 for w in words) for words in needed)


@of_tensorflow
@pytest.mark.ci
@pytest.mark.parametrize("characters", ["cnn", "lstm"])
def test_a_tagger_that_reads_distinct_words_gives_the_same_scores(characters, rng):
    known = vocabulary()
    config = Model(units=3, layers=1, characters=characters, character_units=4, decoder="softmax",
                   features=[], embedding=5)  # fmt: skip
    plain, packed = build_tagger(known, config), build_tagger(known, config, blocks=BLOCKS)
    for one, other in zip(plain.weights, packed.weights, strict=True):
        assert one.path.split("/")[0] == other.path.split("/")[0] and one.shape == other.shape
    packed.set_weights([rng.normal(size=w.shape) for w in packed.weights])
    plain.set_weights(packed.get_weights())
    given = sentences(rng, 4)
    lengths = [len(tokens) for tokens in given]
    spelled = spellings(Encoder(known), given)
    ids = {"words": Encoder(known)(tf.ragged.constant(given).to_tensor(""))["words"]}
    rows = tf.RaggedTensor.from_tensor(ids["words"], lengths)
    shapes = shapes_of(spelled, lengths, 4, [7])
    ((ids, *_),) = batches(({"words": rows}, rows), lengths, 4, 7, shapes=shapes)
    assert {*ids} == {"words", PLACES, *BLOCKS}
    order = plan(lengths, 4, 7)[0].places
    for n, place in enumerate(order):
        alone = plain(Encoder(known)(tf.constant([given[place]])))[0]
        np.testing.assert_allclose(packed(ids)[n, : lengths[place]], alone, atol=1e-5)
        assert np.ptp(np.asarray(alone)) > 0.1


@pytest.mark.parametrize("characters", ["cnn", "lstm"])
def test_the_weights_of_both_taggers_have_the_same_order(characters):
    """What is trained is handed over in this order."""
    vectors = np.ones((2, 3), "float32")
    known = vocabulary(features={"casing": ["a"], "shape": ["x"]}, vectors=["the", "a"])
    config = Model(units=3, layers=2, characters=characters, character_units=4, embedding=5)
    plain, packed = (build_tagger(known, config, vectors, True, blocks) for blocks in ((), BLOCKS))
    for one, other in zip(plain.weights, packed.weights, strict=True):
        names = [variable.path.split("/") for variable in (one, other)]
        assert names[0][0] == names[1][0] and names[0][-1] == names[1][-1]
        assert one.shape == other.shape


# What a device is not held up for.


@pytest.mark.parametrize("callbacks", [[], [keras.callbacks.Callback()]], ids=len)
def test_a_device_is_not_held_up_until_the_loss_of_each_batch_is_known(callbacks):
    """In a `fit` of Keras', whose way of handing batches to threads this relies on."""
    told, threads = [], set()

    def step(epoch, batch):
        told.append(batch)
        threads.add(threading.current_thread())

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(SGD(0.1), "mse")
    model.optimizer.build(model.trainable_variables)
    called = keras.callbacks.CallbackList(callbacks)
    called.on_train_begin()

    def epoch(x):
        model.optimizer.finite_batches.assign(0)
        steps = _Steps(SimpleNamespace(step=step), called, 1, 6, beside=True)
        model.fit(x, np.ones((6, 1)), batch_size=1, shuffle=False, callbacks=[steps], verbose=0)

    epoch(np.ones((6, 1)))
    assert told == sorted(told) and (set(told) == {*range(1, 7)} or not callbacks)
    assert told[-1] == 6
    waits = callbacks or BACKEND == "tensorflow"  # where Keras has no threads for it
    assert (threading.main_thread() in threads) == bool(waits)
    with pytest.raises(_NotFinite) as caught:
        epoch(np.array([[1.0], [1.0], [np.nan], [1.0], [1.0], [1.0]]))
    assert caught.value.first == 3 and caught.value.where == "batch 3 of 6"


# Whether XLA compiles.


@of_tensorflow
@pytest.mark.parametrize(
    "gpu, cudnn, options, expected",
    [
        (None, False, {}, False),
        ("H100", False, {}, True),
        ("H100", True, {}, False),
        ("H100", True, {"jit_compile": True}, True),
        ("H100", False, {"jit_compile": False}, False),
        ("H100", False, {"devices": 2}, False),
        (None, False, {"jit_compile": True}, True),
    ],
)
def test_gpus_run_compiled_steps_unless_cudnn_has_the_loops(
    gpu, cudnn, options, expected, monkeypatch
):
    monkeypatch.setattr(devices, "gpu", lambda: gpu)
    assert devices.compiles(Training(**options), cudnn) == expected


# Forced, on the CPU.

# One length in one batch: a shape takes seconds to compile.
SMALL = {
    "training.batch_size": 24,
    "training.epochs": 2,
    "model.units": 3,
    "model.direction": "forward",
    "model.recurrent_dropout": 0.5,
    "model.dropout": 0.0,
    "model.unknown": 0.0,
    # Adam makes whole steps of gradients that are rounding errors.
    "training.optimizer": "sgd",
}


# XLA draws other random numbers than TensorFlow's own kernels from the same seed.
ALIKE = """
def alternating(inputs, rate, noise_shape=None, seed=None):
    from keras import ops

    assert rate == 0.5 and noise_shape is None
    places = ops.cumsum(ops.ones_like(inputs), axis=0) + ops.cumsum(ops.ones_like(inputs), axis=1)
    return inputs * ops.cast(places % 2 == 0, inputs.dtype) * 2
"""


@of_tensorflow
@pytest.mark.ci
def test_a_compiled_step_makes_the_step_that_is_not_compiled(tiny, monkeypatch):
    """Dropout within the loop over words, several batches to a call, and gradients included."""
    found, made_here = {}, {}
    exec(ALIKE, made_here)
    monkeypatch.setattr(keras.random, "dropout", made_here["alternating"])
    for compiled in (True, False):
        changes = {"training.jit_compile": compiled, "training.steps_per_execution": 1 + compiled}
        experiment = tiny(**{**SMALL, **changes})
        sentences, words, rows, *_ = prepare_training(experiment)
        keras.utils.set_random_seed(1)
        made = program(sentences["train"], words, rows, experiment)
        assert made.compiled == made.model.jit_compile == compiled
        traced = Traced(made.model)
        found[compiled] = (
            [
                made.model.fit(made.batches(seed_of(experiment, epoch)), verbose=0, shuffle=False)
                for epoch in (1, 2)
            ],
            made.model.get_weights(),
        )
        assert traced.calls == 1
    losses = [[h.history["loss"][0] for h in found[compiled][0]] for compiled in found]
    np.testing.assert_allclose(*losses, rtol=0, atol=1e-5)
    assert losses[0][1] < losses[0][0]
    for one, other in zip(found[True][1], found[False][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


@of_tensorflow
@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_bfloat16_scores_as_float32_does_within_the_noise_of_seeds(tiny, tmp_path):
    scores = {}
    for precision in ("float32", "mixed_bfloat16"):
        for seed in range(1, 5):
            # In the few epochs of the tiny experiment, some seeds learn next to nothing.
            changes = {"training.precision": precision, "training.seed": seed}
            experiment = tiny(**changes, **{"training.epochs": 24})
            found = train(experiment, tmp_path / f"{precision}-{seed}")
            scores.setdefault(precision, []).append(found["dev"])
    exact, rounded = scores.values()
    differences = [one - other for one, other in zip(rounded, exact, strict=True)]
    noise = statistics.stdev(exact) * (2 / len(exact)) ** 0.5  # of a difference of two means
    assert statistics.mean(exact) > 0.5 and len(set(rounded)) > 1
    assert abs(statistics.mean(differences)) <= max(2 * noise, 0.05)


STEPS = """
import glob, json, os, sys
os.environ["XLA_FLAGS"] = f"--xla_dump_to={sys.argv[2]} --xla_dump_hlo_as_text"
import keras
from pipelines.config.loading import load, vary
from pipelines.tagger.model import build_tagger, decoded
from pipelines.tagger.prediction import batched, predict
from pipelines.encoding.encoder import Encoder
from pipelines.training.program import program, seed_of
from pipelines.training.trainer import prepare_training

{ALIKE}
keras.random.dropout = alternating

def programs(name):
    return len(glob.glob(f"{sys.argv[2]}/*{name}*before_optimizations.txt"))

changes = json.loads(sys.argv[3])
experiment = vary(load(sys.argv[1]), {**changes, "training.jit_compile": True})
sentences, words, rows, *_ = prepare_training(experiment)
keras.utils.set_random_seed(1)
made = program(sentences["train"], words, rows, experiment)
found = {"losses": {"compiled": [], "not": []}, "programs": []}
states = [v.numpy() for v in made.model.variables + made.model.optimizer.variables]
for way, losses in found["losses"].items():
    for v, value in zip(made.model.variables + made.model.optimizer.variables, states):
        v.assign(value)
    made.model.jit_compile = way == "compiled"
    made.model.make_train_function(force=True)
    for epoch in range(1, experiment.training.epochs + 1):
        order = made.batches(seed_of(experiment, epoch))
        losses.append(made.model.fit(order, verbose=0, shuffle=False).history["loss"][0])
        if way == "compiled":
            found["programs"].append(programs("one_step_on_data"))
found["lengths"] = len(made.shapes.words)
before = programs("")
tagger = build_tagger(words, experiment.model, rows)
tagger.set_weights(made.model.get_weights())
for compiled in (True, False):
    decoder = decoded(tagger, words, scored=False)
    dev = batched(Encoder(words), [s.tokens for s in sentences["dev"]], 4, compiled)
    found[f"tags_{compiled}"] = predict(decoder, words, dev)
    found[f"programs_of_tagging_{compiled}"] = programs("") - before
found["shapes_of_tagging"] = len({ids["words"].shape[1] for ids in
    batched(Encoder(words), [s.tokens for s in sentences["dev"]], 4, True).ids})
print(json.dumps(found))
"""


@of_tensorflow
@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_default_tagger_trains_and_tags_in_few_programs_with_the_same_losses(
    tmp_path, tiny_toml
):
    defaults = Model()
    changes = {"training.epochs": 3, "training.batch_size": 6, "model.unknown": 0.0}
    for key in ("units", "layers", "embedding", "decoder", "character_units"):
        changes[f"model.{key}"] = getattr(defaults, key) or 100
    # Keras' layer Dropout does not draw by `keras.random`; dropout within the loop does.
    for key in ("model.dropout", "model.recurrent_dropout", "training.optimizer"):
        changes[key] = SMALL[key]
    steps = STEPS.replace("{ALIKE}", ALIKE)
    command = [sys.executable, "-c", steps, tiny_toml, tmp_path, json.dumps(changes)]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ})
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    losses = found["losses"]
    np.testing.assert_allclose(losses["compiled"], losses["not"], rtol=0, atol=1e-5)
    assert losses["compiled"][-1] < losses["compiled"][0]
    assert found["programs"] == [found["lengths"]] * 3  # none after the first epoch
    assert found["tags_True"] == found["tags_False"]
    assert found["programs_of_tagging_True"] == found["shapes_of_tagging"]
    assert found["programs_of_tagging_False"] == found["programs_of_tagging_True"]
