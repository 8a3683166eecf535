"""One layer, called from several threads at the same time: the values that one thread gives.

The threads meet inside the call, again and again, wherever what belongs to one call is about to be
used: what another thread has put in its place meanwhile would be taken.
"""

import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from cases import (
    BACKEND,
    CASES,
    FEATURES,
    MECHANISMS,
    UNITS,
    build,
    distance,
    layer_gradients,
    numbers,
    of_tensorflow,
)
from keras_lstm_variants import CELLS, LAYERS, PeepholeLSTM, kernel, recording

pytestmark = pytest.mark.usefixtures("vectorised", "fresh_loops")

THREADS = 8
STEPS = 3
SECONDS = 60  # after which the threads have not met
SCANS = ("auto", "graph", "plain") if BACKEND == "tensorflow" else ("graph", "plain")
HOWS = ("values", "gradients", "graph")
PRECISIONS = ("float32", "float64", "mixed_float16")
# In single precision a product of other rows may be another in its last digits.
WITHIN = {"float32": 1e-6, "float64": 1e-12, "mixed_float16": 1e-3}


class Meeting:
    """Where threads wait for each other: each goes on when all are there.

    Attributes:
        held: How many times they have met.
        open: Whether anybody waits.
    """

    def __init__(self):
        self.barrier = threading.Barrier(THREADS, action=self.count)
        self.held, self.open = 0, False

    def count(self):
        self.held += 1

    def wait(self):
        if self.open:
            self.barrier.wait(SECONDS)

    @contextmanager
    def opened(self):
        self.open = True
        try:
            yield
        finally:
            self.open = False


def meeting_layer(name, meeting, within_steps, **options):
    """The layer of a cell in whose calls threads meet.

    That is before and after the loop and, with `within_steps`, at each place of a step that depends
    on the call. (A compiled loop is made by one thread; the others wait until it is there.)
    """

    class Cell(CELLS[name]):
        def get_dropout_mask(self, step_input):
            meeting.wait()
            return super().get_dropout_mask(step_input)

        def reset_dropout_mask(self):
            meeting.wait()
            super().reset_dropout_mask()

        def drop(self, h):
            self.meet()
            return super().drop(h)

        def net(self, *args):
            self.meet()
            return super().net(*args)

        def step(self, *args):
            self.meet()
            return super().step(*args)

        def meet(self):
            if within_steps:
                meeting.wait()

    layer = type("Layer", (LAYERS[name],), {"cell_class": Cell})
    return layer(**{**CASES[name].size, **options}, return_sequences=True)


def in_threads(function, meeting=None):
    """What function(n) gives for n from 0, each in a thread of its own, all at the same time."""
    start = threading.Barrier(THREADS)
    began, ended = [0.0] * THREADS, [0.0] * THREADS

    def run(n):
        start.wait(SECONDS)
        try:
            began[n] = time.perf_counter()
            result = function(n)
            ended[n] = time.perf_counter()
            return result
        except Exception:
            if meeting:
                meeting.barrier.abort()  # nobody waits for this one
            raise

    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(run, n) for n in range(THREADS)]
    errors = [error for future in futures if (error := future.exception())]
    # That of one thread breaks the meetings of all others.
    errors.sort(key=lambda error: isinstance(error, threading.BrokenBarrierError))
    if errors:
        raise errors[0]
    assert sorted(began)[1] < min(ended), "one was done before the next began"
    return [future.result() for future in futures]


class Calls:
    """The same calls, by one thread one after the other and by several at the same time.

    Args:
        kind: The argument that draws; "zoneout" for a cell that draws without; "" for none.
        how: "values", or the "gradients" of all weights and x; "graph": these in a graph.
    """

    def __init__(self, name, scan, kind, precision, how):
        self.name, self.kind, self.how, self.within = name, kind, how, WITHIN[precision]
        self.meeting = Meeting()
        self.options = {"scan": scan, "dtype": precision, "seed": 3}
        self.options |= {kind: 0.5} if kind in ("dropout", "recurrent_dropout") else {}
        self.dtype = "float64" if precision == "float64" else "float32"
        self.within_steps = scan != "auto" or precision == "mixed_float16"
        rng = np.random.default_rng(1)
        # Of other numbers of sequences; but those that draw, draw for the same.
        sizes = [3] * THREADS if kind else [1 + n % 5 for n in range(THREADS)]
        all_x = [rng.normal(size=(n, STEPS, FEATURES)).astype(self.dtype) for n in sizes]
        self.xs = all_x[:1] * THREADS if kind else all_x

    def layer(self):
        made = meeting_layer(self.name, self.meeting, self.within_steps, **self.options)
        return build(made, np.random.default_rng(0), scale=0.5)

    def call(self, layer, n):
        x, training = self.xs[n], bool(self.kind)
        if self.how == "values":
            return [numbers(layer(x, training=training))]
        direction = np.linspace(-1, 1, UNITS) + np.ones((len(x), STEPS, 1))
        graph = self.how == "graph"
        return layer_gradients(layer, [direction], x, graph=graph, training=training)

    def one_by_one(self):
        layer = self.layer()
        return [self.call(layer, n) for n in range(THREADS)]

    def at_once(self):
        layer = self.layer()
        with self.meeting.opened():
            results = in_threads(lambda n: self.call(layer, n), self.meeting)
        assert self.meeting.held > 1, "the threads have not been in the call at the same time"
        return layer, results

    def same(self, one, other):
        return distance(one, other) <= self.within


def kinds(name):
    """What may draw in a cell."""
    found = ["", "dropout", "recurrent_dropout"]
    if CASES[name].draws:  # twice a call, with dropout
        found = ["", "zoneout"]
    return [kind for kind in found if kind not in CASES[name].refuses]


def check(name, scan, kind, precision, how):
    calls = Calls(name, scan, kind, precision, how)
    expected = calls.one_by_one()
    layer, actual = calls.at_once()
    if BACKEND == "tensorflow" and scan != "plain":
        compiles = scan == "auto" and precision != "mixed_float16"
        assert (layer.why_not_compiled == "") == compiles
        assert bool(layer.threads) == compiles
    if not kind:
        for one, other in zip(actual, expected, strict=True):
            assert calls.same(one, other)
        return
    pairs = [(n, m) for n in range(THREADS) for m in range(n)]
    assert not any(calls.same(expected[n], expected[m]) for n, m in pairs), "the same is drawn"
    # All calls are of the same x, so that only what is drawn tells them apart: each draw of one
    # thread must be found once. A thread with another's mask would repeat that, or have none.
    found = [[n for n in range(THREADS) if calls.same(one, expected[n])] for one in actual]
    assert all(len(places) == 1 for places in found), "what no mask explains"
    if how != "graph":  # whose draws TensorFlow itself makes at the same time
        assert sorted(n for (n,) in found) == list(range(THREADS))


def crossed(names, scans=SCANS, precisions=("float32",), hows=("gradients", "graph"), only=()):
    """All of these with each other; on other backends what these can."""
    return [
        (name, scan, kind, precision, how)
        for name in names
        for scan in scans
        for kind in only or kinds(name)
        for precision in precisions
        for how in hows
        if how == "values"
        or BACKEND == "tensorflow"
        or (how == "gradients" and (BACKEND == "torch" or not kind))  # JAX's draw nothing anew
    ]


def parameters():
    """In CI every loop, and each thing that is drawn; at night these crossed, and all cells."""
    newcomer = crossed(["lstm"], ["graph"], hows=["gradients"], only=["recurrent_dropout"])
    ci = crossed(["goodfellow_gru"], hows=["gradients"], only=["recurrent_dropout"])
    ci += crossed(["goodfellow_gru"], ["plain"], hows=["gradients"], only=["dropout"])
    ci += crossed(["goodfellow_gru"], ["auto"], hows=["graph"], only=["recurrent_dropout"])
    ci += crossed(["goodfellow_gru"], ["graph"], PRECISIONS[2:], ["values"], ["dropout"])
    ci += crossed(["zoneout_lstm"], ["plain"], hows=["values"], only=["zoneout"])
    nightly = crossed(["goodfellow_gru"], SCANS, PRECISIONS, HOWS) + crossed(MECHANISMS)
    for name in CELLS:
        nightly += crossed([name], hows=["gradients"], only=kinds(name)[-1:])
    found = dict.fromkeys([*newcomer, *ci, *nightly])
    found |= dict.fromkeys(nightly, pytest.mark.nightly) | dict.fromkeys(ci, pytest.mark.ci)
    found |= dict.fromkeys(newcomer, ())
    return [pytest.param(*one, marks=marks) for one, marks in found.items()]


@pytest.mark.parametrize("name, scan, kind, precision, how", parameters())
def test_many_threads_get_what_one_gets(name, scan, kind, precision, how):
    check(name, scan, kind, precision, how)


@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
def test_the_first_call_may_be_that_of_any_thread(scan, monkeypatch):
    """It builds the layer, and compiles its loop: once."""
    meeting, made = Meeting(), []
    if BACKEND == "tensorflow":
        from keras_lstm_variants.kernel import tensorflow

        generate = tensorflow.generate
        monkeypatch.setattr(
            tensorflow, "generate", lambda *given: made.append(given) or generate(*given)
        )
    layer = meeting_layer("lstm", meeting, within_steps=scan == "plain", scan=scan)
    x = np.ones((2, STEPS, FEATURES), "float32")
    with meeting.opened():
        outputs = in_threads(lambda n: numbers(layer(x)), meeting)
    assert meeting.held > 1
    assert len(layer.weights) == 3
    for one in outputs:
        assert distance([one], [outputs[0]]) <= 1e-6
    if BACKEND == "tensorflow" and scan == "auto":
        assert len(made) == len(kernel.compiled[layer.cell]) == 1
        assert layer.threads == {"forward": 1}


@of_tensorflow
@pytest.mark.ci
@pytest.mark.parametrize("scan", SCANS)
def test_one_graph_runs_in_many_threads(scan, rng):
    import tensorflow as tf

    layer = build(LAYERS["lstm"](UNITS, scan=scan, recurrent_dropout=0.5, seed=1), rng)
    xs = rng.normal(size=(THREADS, 40, 20, FEATURES)).astype("float32")
    graph = tf.function(lambda x, training: layer(x, training=training))
    expected = [graph(x, False) for x in xs]
    graph(xs[0], True)

    def run(training):
        return in_threads(lambda n: [graph(xs[n], training) for _ in range(5)])

    for outputs, other in zip(run(False), expected, strict=True):
        assert all(distance([one], [other]) <= 1e-6 for one in outputs)
    for outputs, other in zip(run(True), expected, strict=True):
        assert all(distance([one], [other]) > 1e-3 for one in outputs)


@pytest.mark.ci
def test_the_masks_of_a_call_that_fails_are_not_kept(rng):
    layer = build(PeepholeLSTM(UNITS, dropout=0.5, recurrent_dropout=0.5, seed=1), rng)
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")

    def out_of_order(**_):
        raise ArithmeticError

    layer.inner_loop = out_of_order
    with pytest.raises(ArithmeticError):
        layer(x, training=True)
    del layer.inner_loop
    assert layer(x[:2], training=True).shape == (2, UNITS)


@pytest.mark.ci
def test_another_thread_trains_with_dropout_while_one_records(rng):
    layer = build(PeepholeLSTM(UNITS, dropout=0.5, recurrent_dropout=0.5, seed=1), rng)
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")
    expected = recording.record(layer, x)
    inference = numbers(layer(x))
    trained = [[] for _ in range(THREADS)]
    done = threading.Event()

    def record():
        records = []
        while min(map(len, trained[1:])) < 3 and len(records) < 1000:
            records.append(recording.record(layer, x))
        done.set()
        return records

    def train(n):
        while not done.is_set():
            trained[n].append(numbers(layer(x, training=True)))

    recorded, *_ = in_threads(lambda n: train(n) if n else record())
    assert min(map(len, trained[1:])) >= 3
    for outputs in trained:
        for one in outputs:
            assert distance([one], [inference]) > 1e-3, "without dropout"
    for one in recorded:
        assert one.keys() == expected.keys()
        for name in one:
            assert distance([one[name]], [expected[name]]) <= 1e-6, name


@of_tensorflow
@pytest.mark.ci
def test_one_thread_registers_the_kernel(monkeypatch):
    """A second time would be an error in every graph."""
    from keras_lstm_variants.kernel import operation

    made = []

    @functools.cache
    def register():
        made.append(threading.get_ident())
        time.sleep(0.1)
        return True

    monkeypatch.setattr(operation, "register", register)
    assert in_threads(lambda n: operation.registered()) == [True] * THREADS
    assert len(made) == 1
