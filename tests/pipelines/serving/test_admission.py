"""What waits for the model, and in which order it is done; a fake model, and no TensorFlow."""

import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.serving.admission import BATCH_ROWS, BATCH_STEPS, Busy, Closed, Late, Queue, Row
from pipelines.serving.batching import Worker
from pipelines.serving.limits import Limits


class Clock:
    """A time that passes only when something is done."""

    now = 100.0

    def __call__(self):
        return self.now


class Model:
    """Takes time for the longest row of a batch, and fails on rows that say so.

    Attributes:
        calls: The values of each call.
        done: When each value was done.
    """

    def __init__(self, clock):
        self.clock = clock
        self.calls = []
        self.done = {}

    def __call__(self, kind, values):
        self.calls.append(list(values))
        self.clock.now += 0.001 * max(size(value) for value in values)
        if any("bad" in value for value in values):
            raise ValueError("a bad row")
        self.done.update(dict.fromkeys(values, self.clock.now))
        return [ValueError(value) if "own" in value else f"{kind} {value}" for value in values]


def size(value):
    return int(value.split()[-1])


def row(value):
    return Row(value, size(value))


class Server:
    """A queue with a worker that works when it is told to."""

    def __init__(self, **limits):
        self.clock = Clock()
        self.model = Model(self.clock)
        self.queue = Queue(Limits(**limits), self.clock)
        self.worker = Worker(self.queue, self.model)

    def submit(self, *values, kind="tag"):
        return self.queue.submit(kind, [row(value) for value in values])

    def work(self, batches=None):
        """Does so many batches; without a number, all."""
        while batches is None or batches > 0:
            batch = self.queue.take(timeout=0)
            if batch is None:
                return
            self.worker.do(batch)
            batches = None if batches is None else batches - 1


def test_it_runs_without_tensorflow():
    code = "import sys, pipelines.serving.batching, pipelines.serving.messages; "
    loaded = "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'uvicorn')))"
    assert subprocess.run([sys.executable, "-c", code + loaded]).returncode == 0


# What goes together.


def test_rows_of_different_jobs_go_together_and_each_job_gets_its_own_in_order():
    server = Server()
    jobs = [server.submit("a 20"), server.submit("b 20", "c 300", "d 21"), server.submit("e 22")]
    server.work()
    assert [job.future.result(0) for job in jobs] == [
        ["tag a 20"], ["tag b 20", "tag c 300", "tag d 21"], ["tag e 22"],
    ]  # fmt: skip
    assert sorted(map(len, server.model.calls)) == [1, 4]


def test_without_batching_a_call_has_rows_of_one_job():
    server = Server(batching=False)
    jobs = [server.submit("a 20", "b 20"), server.submit("c 20")]
    server.work()
    assert server.model.calls == [["a 20", "b 20"], ["c 20"]]
    assert all(job.future.done() for job in jobs)


def test_rows_of_other_kinds_and_lengths_do_not_go_together():
    server = Server()
    for value, kind in (("a 20", "tag"), ("b 20", "text"), ("c 200", "tag"), ("d 2", "tag")):
        server.submit(value, kind=kind)
    server.work()
    assert sorted(server.model.calls) == [["a 20"], ["b 20"], ["c 200"], ["d 2"]]


@given(st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=90), min_size=1, max_size=8))
@settings(deadline=None, max_examples=25)
def test_a_batch_is_bounded_and_less_than_half_of_it_is_padding(lengths):
    server = Server(deadline=1e6, queue=10**9)
    jobs = [
        server.submit(*(f"{n}.{m} {length}" for m, length in enumerate(rows)))
        for n, rows in enumerate(lengths)
    ]
    server.work()
    for call in server.model.calls:
        steps = [size(value) for value in call]
        assert len(call) <= BATCH_ROWS
        assert len(call) == 1 or len(call) * max(steps) <= BATCH_STEPS
        assert max(steps) <= 2 * max(min(steps), 8)
    for n, (job, rows) in enumerate(zip(jobs, lengths, strict=True)):
        wanted = [f"tag {n}.{m} {length}" for m, length in enumerate(rows)]
        assert job.future.result(0) == wanted
    assert server.queue.waiting == 0


# One bad row.


@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_bad_row_fails_its_own_job_only(place):
    server = Server()
    names = [f"n{n} 20" for n in range(8)]
    names[place] = "bad 20"
    jobs = [server.submit(name) for name in names]
    server.work()
    for n, job in enumerate(jobs):
        if n == place:
            with pytest.raises(ValueError, match="a bad row"):
                job.future.result(0)
        else:
            assert job.future.result(0) == [f"tag {names[n]}"]
    assert len(server.model.calls) <= 7  # halves, not each row by itself


def test_a_row_whose_result_is_an_error_fails_its_job_without_a_retry():
    server = Server()
    jobs = [server.submit("a 20"), server.submit("b 20", "own 20"), server.submit("c 20")]
    server.work()
    assert len(server.model.calls) == 1
    with pytest.raises(ValueError, match="own 20"):
        jobs[1].future.result(0)
    assert jobs[0].future.result(0) and jobs[2].future.result(0)


def test_the_rest_of_a_job_that_failed_is_not_begun():
    server = Server()
    job = server.submit("bad 20", "x 900")
    server.work()
    assert isinstance(job.future.exception(0), ValueError)
    assert server.model.calls == [["bad 20"]] and server.queue.waiting == 0


def test_a_model_that_forgets_a_row_is_an_error_and_no_end():
    server = Server()
    server.worker = Worker(server.queue, lambda kind, values: [])
    job = server.submit("a 20", "b 20")
    server.work()
    assert isinstance(job.future.exception(0), ValueError)


# What is refused.


def test_there_is_room_for_so_many_steps():
    server = Server(queue=1000)
    first = server.submit("a 500")  # padded, 512
    with pytest.raises(Busy, match="more than 1000 tokens"):
        server.submit("b 257")
    server.submit("c 256")
    with pytest.raises(Busy, match="more than 1000 tokens"):
        server.submit(*(f"d{n} 0" for n in range(15)))  # nothing is for nothing
    server.work()
    assert first.future.done() and server.queue.waiting == 0
    server.submit("d 5000")  # too much is never too much where nothing waits
    server.work()
    assert server.model.calls[-1] == ["d 5000"]


def test_who_would_wait_too_long_is_refused_and_told_for_how_long():
    server = Server(deadline=1)  # of which a quarter may be spent waiting
    for _ in range(60):  # to know that a batch takes 0.1 s
        server.submit("a 100")
        server.work()
    assert BATCH_STEPS // 128 == 32
    for n in range(64):  # two batches
        server.submit(f"n{n} 100")
    server.submit("third 100")
    with pytest.raises(Busy, match="0.3 s") as caught:
        server.submit("one more 100")
    assert caught.value.retry_after == pytest.approx(0.3, rel=0.01)
    server.submit("short 10")  # which does not wait for these
    server.work()
    server.submit("again 100")


def test_what_is_late_is_not_begun():
    server = Server(deadline=1)
    early, late = server.submit("a 1500"), server.submit("b 20")
    server.clock.now += 0.5
    punctual = server.submit("c 21")
    server.work(1)
    server.clock.now = max(server.clock.now, 101.0)
    server.work()
    with pytest.raises(Late, match="within 1 s"):
        late.future.result(0)
    assert not any("b 20" in call for call in server.model.calls)
    assert early.future.done() and punctual.future.done()


def test_what_was_given_up_is_not_begun_and_makes_room():
    server = Server(queue=150)
    jobs = [server.submit("a 64", "b 16"), server.submit("c 64")]
    server.queue.cancel(jobs[0])
    assert server.queue.waiting == 64
    server.submit("d 64", "e 16")
    server.work()
    done = sorted(value for call in server.model.calls for value in call)
    assert done == ["c 64", "d 64", "e 16"]
    assert server.queue.waiting == 0


def test_what_was_given_up_while_it_ran_harms_nothing():
    server = Server()
    jobs = []

    def model(kind, values):
        server.queue.cancel(jobs[0])
        return values

    server.worker = Worker(server.queue, model)
    jobs += [server.submit("a 20"), server.submit("b 20")]
    server.work()
    assert jobs[0].future.cancelled() and jobs[1].future.result(0) == ["b 20"]


# Long and short.


def test_long_sentences_get_their_share_and_no_more():
    server = Server(deadline=1e6, queue=10**9)
    for n in range(40):
        server.submit(f"long{n} 1000")  # ten batches of 1 s
    for n in range(64 * 20):
        server.submit(f"short{n} 16")  # 20 batches of 0.016 s
    server.work()
    shorts = max(server.model.done[f"short{n} 16"] for n in range(64 * 20)) - 100
    # One long batch may have begun; then short ones go until they had as much.
    assert shorts < 1.5
    assert server.clock.now - 100 == pytest.approx(10 + 0.32)


def test_short_sentences_do_not_stop_long_ones():
    server = Server(deadline=1e6, queue=10**9)
    server.submit("warm 16")
    server.work()
    long = server.submit("long 1000")
    for n in range(64 * 50):
        server.submit(f"short{n} 16")
    server.work(2)
    assert long.future.done()


def test_a_lane_saves_nothing_while_it_is_empty():
    server = Server(deadline=1e6, queue=10**9)
    for n in range(4 * 5):
        server.submit(f"early{n} 1000")
    server.work()  # 5 s; short ones could have had as much
    for n in range(32 * 12):
        server.submit(f"other{n} 128")  # 12 batches of 0.128 s
    server.submit("long 1000")
    server.work()
    # Its turn comes after as much time as its last batch took, not after all that it ever had.
    before = [n for n in range(32 * 12) if server.model.done[f"other{n} 128"] < 106.1]
    assert 32 * 7 <= len(before) <= 32 * 9
    assert server.model.done["long 1000"] < server.clock.now


def test_a_new_lane_does_not_catch_up_on_the_past():
    server = Server(deadline=1e6, queue=10**9)
    for n in range(4 * 20):
        server.submit(f"early{n} 1000")
    server.work()
    for n in range(4 * 10):
        server.submit(f"other{n} 500")  # its first work ever: 5 batches of 0.5 s
    server.submit("long 1000")
    server.work()
    assert server.model.done["long 1000"] < max(
        server.model.done[f"other{n} 500"] for n in range(4 * 10)
    )


# The thread.


def test_the_worker_does_all_that_was_admitted_and_takes_no_more_when_it_stops():
    queue, began, go = Queue(), threading.Event(), threading.Event()

    def model(kind, values):
        began.set()
        assert go.wait(10)
        return values

    worker = Worker(queue, model)
    worker.start()
    jobs = [queue.submit("tag", [Row(n, 20)]) for n in range(3)]
    assert began.wait(10)
    assert not worker.stop(0.01)  # it still works
    with pytest.raises(Closed):
        queue.submit("tag", [Row("late", 20)])
    go.set()
    assert [job.future.result(10) for job in jobs] == [[0], [1], [2]]
    assert worker.stop(10)


def test_many_threads_get_their_own_results():
    queue = Queue()
    worker = Worker(queue, lambda kind, values: [value * 2 for value in values])
    worker.start()
    wrong = []

    def ask(start):
        for n in range(start, start + 200):
            job = queue.submit("tag", [Row(n, n % 50), Row(-n, 20)])
            if job.future.result(10) != [2 * n, -2 * n]:
                wrong.append(n)

    threads = [threading.Thread(target=ask, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong and worker.stop(10) and queue.waiting == 0


# Clients that ask again.


def test_those_just_answered_may_join_the_next_batch_and_one_alone_waits_for_nobody():
    server = Server()
    server.submit("a 1000")
    server.work()  # 1 s, of which a quarter may be spent waiting for others
    server.submit("alone 1000")
    began = time.monotonic()
    server.work(1)
    assert time.monotonic() - began < 0.2
    server.submit("b 1000"), server.submit("c 1000")
    server.work(1)
    server.submit("b again 1000")
    other = threading.Timer(0.03, server.submit, ["c again 1000"])
    other.start()
    server.work(1)
    other.join()
    assert server.model.calls[-1] == ["b again 1000", "c again 1000"]
    server.submit("b 1000")  # nobody else comes
    server.work(1)
    assert server.model.calls[-1] == ["b 1000"]


def test_a_short_row_that_finds_nothing_else_is_done_by_who_asks(wait_for_the_worker):
    server = Server()
    queue, short = server.queue, [row("a 4")]

    def taken():
        """Whether it is done at once; then it is."""
        if not (batch := queue.alone("tag", short)):
            return False
        server.worker.do(batch)
        assert batch.rows[0].job.future.result(0) == ["tag a 4"]
        return True

    assert not taken()  # no worker is there
    began = threading.Event()
    thread = threading.Thread(target=lambda: (began.set(), queue.take()))
    thread.start()
    assert began.wait(10)
    wait_for_the_worker(queue)
    assert not taken()  # nobody knows yet how long it takes
    lane = queue._lane("tag", 4)
    lane.pace = 0.004
    assert taken() and taken()
    assert queue.alone("tag", short * 2) is None
    assert queue.alone("other", short) is None
    lane.expected = 2  # others have just been answered
    assert not taken()
    lane.expected, lane.pace = 1, 0.006
    assert not taken()
    lane.pace = 0.004
    assert taken()
    queue.submit("tag", [row("b 900")])  # which the worker may not have seen yet
    assert not taken()
    thread.join(10)
    assert queue.waiting == 0 and not taken()  # it works
    queue.close()
    assert not taken()
