"""Rows in a batch get what they get alone: the tagger's own answer."""

import json
import random

import numpy as np
import pytest
import tensorflow as tf

from pipelines.serving import calls
from pipelines.serving.admission import Queue
from pipelines.serving.batching import Worker
from pipelines.serving.messages import answer, read
from pipelines.serving.rows import TooLong
from pipelines.serving.taggers import load
from pipelines.serving.tagging import n_best, shortest

pytestmark = pytest.mark.ci  # an export

WORDS = ["Peter", "Lind", "works", "for", "Global", "Airways", "in", "London", "Oslo", "日本", "x"]
TEXT = "Peter Lind works for Global Airways in London. It rained in Oslo! "


@pytest.fixture(scope="module")
def tagger(exported):
    return load(exported)


@pytest.fixture(scope="module")
def model(tagger):
    return calls.model(tagger, longest=300)


def plain(outputs):
    """The tagger's outputs as they stand in JSON."""

    def of(value):
        if value.dtype == tf.string:
            return json.loads(json.dumps(value.numpy().tolist(), default=bytes.decode))
        return shortest(value.numpy()) if value.dtype == tf.float32 else value.numpy().tolist()

    return {name: of(value) for name, value in outputs.items()}


def check(found, wanted):
    """Equal, and the probabilities to float32's precision: sums are taken in another order."""
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        if name == "scores":
            for row, expected in zip(found[name], values, strict=True):
                assert row == pytest.approx(expected, abs=2e-6)
        else:
            assert found[name] == values


@pytest.mark.parametrize("shape", [(1, 3), (2, 5), (3, 400), (0, 4)])  # Python's way and NumPy's
def test_probabilities_have_the_shortest_digits_that_name_them(shape, rng):
    values = (rng.uniform(size=shape) ** rng.integers(1, 40, shape)).astype("float32")
    odd = [0, 1, 0.1, 1e-30, 1e-45, np.nextafter(np.float32(1), np.float32(0))]
    values.flat[:6] = odd[: values.size]
    assert shortest(values) == [[float(str(value)) for value in row] for row in values]


def test_requests_answered_together_get_what_each_gets_alone(tagger, model):
    generator, queue = random.Random(0), Queue()
    asked = []
    for n in range(40):
        if n % 3 == 0:
            texts = [TEXT * generator.randrange(5) for _ in range(generator.randrange(1, 4))]
            asked.append({"signature_name": "text", "inputs": texts})
            continue
        rows = [
            generator.choices(WORDS, k=generator.choice([0, 1, 7, 20, 40, 250]))
            for _ in range(generator.randrange(1, 6))
        ]
        if n % 4 == 0:
            rows[0][:0] = ["Oslo", "", "x"]  # a hole, and in the next lines padding
        width = max(map(len, rows)) + n % 2
        asked.append({"inputs": [[*row, *[""] * (width - len(row))] for row in rows]})
    requests = [read(body) for body in asked]
    jobs = [queue.submit(request.signature, request.rows) for request in requests]
    sizes, worker = [], Worker(queue, lambda *call: sizes.append(len(call[1])) or model(*call))
    worker.start()
    assert worker.stop(60)
    assert max(sizes) > 20  # that many went together
    for body, request, job in zip(asked, requests, jobs, strict=True):
        function = tagger.text if "signature_name" in body else tagger.tokens
        wanted = plain(function(tf.constant(body["inputs"], tf.string)))
        check(answer(request, job.future.result(0))["outputs"], wanted)


def test_alternatives_are_those_of_each_sentence_alone(tagger, model):
    text = b"Peter Lind works in London. It rained in Oslo! " * 2
    sentences = [row.split() for row in (b"Peter Lind works in London .", b"It rained in Oslo !")]
    tokens = model("serving_default", [*sentences, []], True)
    found = [[other["tags"] for other in row["alternatives"][0]] for row in tokens]
    assert [len(others) for others in found] == [5, 5, 1] and found[2] == [[]]
    for row, others, asked in zip(tokens, found, sentences, strict=False):
        assert row["tags"] == others[0] and len(set(map(tuple, others))) == 5
        exact = n_best(tagger, [asked], 30)[0]
        assert [other.tags for other in exact[:5]] == others
        assert sum(other.probability for other in exact) <= 1 + 1e-6
    none, row = model("text", [b"", text], True)
    assert none["alternatives"] == []
    assert [[other["tags"] for other in s] for s in row["alternatives"]] == found[:2] * 2
    names = ("entity_types", "entity_starts", "entity_ends")
    first = [row["alternatives"][n][0] for n in range(4)]
    joined = {name: [value for other in first for value in other[name]] for name in names}
    assert joined == {name: row[name] for name in names}


def test_a_text_with_too_long_a_sentence_is_an_error_beside_the_results_of_others(model):
    rows = [b"Oslo.", b"x " * 301 + b".", b"x " * 250 + b". " + b"It rained. " * 30]
    short, long, many = model("text", rows)
    assert short["tokens"] == ["Oslo", "."] and many["lengths"] == 251 + 3 * 30
    assert isinstance(long, TooLong) and str(long) == "302 tokens in a sentence; 300 are allowed"


def test_characters_without_spaces_count_as_the_tagger_takes_them_apart(model):
    [found] = model("text", ["日".encode() * 301])
    single = model("text", ["日本".encode()])[0]["lengths"] == 2
    assert isinstance(found, TooLong) == single
