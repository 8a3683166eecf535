"""The benchmarks: who is slower is shown as slower, by as much as it is, and nothing is lost."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import tensorflow as tf

from keras_lstm_variants import LAYERS
from pipelines.bench import (
    contenders,
    layer_speed,
    machine,
    pipeline_speed,
    report,
    server_speed,
    timing,
)
from pipelines.bench.contenders import Contender, Group, Product, Shape
from pipelines.bench.report import Table
from pipelines.data.reader import read
from pipelines.encoding.batching import PADDING, ordered
from pipelines.errors import InputError

TINY = Shape(2, 3, 4, 8)
CPUS = str(machine.cpus())  # with all of them, nothing in the tests' process has to change


class Machine:
    """A clock, and calls that take its time: each later one takes a little longer than before."""

    def __init__(self, drift=0.0):
        self.now, self.drift, self.paused, self.calls = 0.0, drift, 0.0, []

    def clock(self):
        return self.now

    def pause(self, seconds):
        self.paused += seconds

    def call(self, name, seconds):
        def run():
            takes = next(seconds) if hasattr(seconds, "__next__") else seconds
            self.now += takes * (1 + self.drift * len(self.calls))
            self.calls.append(name)

        return run

    def time(self, calls, deadline=1e9):
        calls = {name: self.call(name, seconds) for name, seconds in calls.items()}
        return timing.interleaved(calls, deadline, self.clock, self.pause)

    def contender(self, name, seconds, shared=None):
        return Contender(name, lambda pass_: self.call(name, seconds[pass_]), shared or (name,))


# Timing.


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.95, 0.99, 1])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_quantiles_are_those_of_numpy(share, count, rng):
    values = rng.normal(size=count).tolist()
    assert timing.quantile(values, share) == pytest.approx(np.quantile(values, share))


def test_a_slow_call_is_slower_by_what_it_is_even_while_the_machine_slows_down():
    seconds = Machine(drift=0.003).time({"fast": 1.0, "slow": 1.5})
    ratio = np.median(seconds["slow"]) / np.median(seconds["fast"])
    assert ratio == pytest.approx(1.5, rel=0.03)


def test_every_round_has_each_call_once_in_changing_order():
    calm = Machine(drift=0.1)  # so that none stands still
    calm.time(dict.fromkeys("abc", 1.0))
    # In the first round, before their length is known, all are called once without being timed.
    rounds = ["".join(calm.calls[n : n + 3]) for n in range(6, len(calm.calls), 3)]
    assert {"".join(sorted(order)) for order in rounds} == {"abc"}
    assert len(set(rounds)) > 3


def test_a_call_that_stands_still_is_done_and_one_that_does_not_goes_on():
    noisy = iter([1.0, 9.0] * 100)
    seconds = Machine().time({"still": 1.0, "noisy": noisy})
    assert len(seconds["still"]) == 2 * timing.FEWEST
    assert len(seconds["noisy"]) == timing.MOST


def test_no_round_begins_after_the_deadline_but_a_few_are_run():
    noisy = {"a": iter([1.0, 9.0] * 100)}
    assert len(Machine().time(noisy, deadline=0)["a"]) == timing.FEWEST
    assert 5 <= len(Machine().time(noisy, deadline=60)["a"]) < timing.MOST


@pytest.mark.parametrize("seconds, untimed", [(timing.SLOW / 2, 1), (timing.SLOW * 2, 0)])
def test_only_a_short_call_is_called_before_it_is_timed(seconds, untimed):
    busy = Machine()
    timed = len(busy.time({"a": seconds})["a"])
    assert len(busy.calls) == 1 + untimed * (timed - 1) + timed  # the first time, it is not known
    assert busy.paused == pytest.approx(timed * timing.SETTLE)


def test_ratios_are_to_the_fastest_way_of_each():
    seen = Machine()
    found = [
        seen.contender(name, {"training": seconds})
        for name, seconds in (
            ("ours", 3.0), ("RNN(cell)", 6.0), ("Keras", 5.0), ("Keras, jit", 4.0),
            ("products", 1.0), ("products, 2 shares", 2.0),
        )
    ]  # fmt: skip
    timings = layer_speed.time_group(found, ("training",), 1e9, clock=seen.clock)["training"]
    assert layer_speed.ratios(timings) == {"RNN(cell)": 0.5, "Keras": 0.75, "products": 3.0}


def test_the_first_call_is_told_apart_and_made_once_for_those_who_share_it():
    seen, warm = Machine(), {}
    slow_at_first = iter([7.0, *[1.0] * 100])
    for _ in range(2):
        found = [seen.contender("a", {"forward": slow_at_first}, "shared")]
        result = layer_speed.time_group(found, ("forward",), 1e9, warm, seen.clock)["forward"]["a"]
        assert result.first == 7.0 and set(result.seconds) == {1.0}


# What is timed.


@pytest.mark.parametrize(
    "cell, wanted",
    [
        ("lstm", {(4, 32, True), (8, 32, False)}),
        ("peephole_lstm", {(4, 32, True), (8, 32, False)}),  # peepholes are no products
        ("gru", {(4, 24, True), (8, 24, False)}),
        ("memory_block_lstm", {(4, 14, True), (8, 14, False)}),  # blocks of four
        ("projected_lstm", {(4, 32, True), (4, 32, False), (8, 4, False)}),
        ("multiplicative_rnn", {(4, 8, True), (8, 8, False)}),  # each of them twice
        ("ind_rnn", {(4, 8, True)}),
    ],
)
@pytest.mark.parametrize("directions", [1, 2])
def test_the_products_are_those_of_the_equations(cell, wanted, directions):
    made = contenders.layer(Group(cell, TINY, directions))
    assert set(contenders.products_of(made)) == {Product(*product) for product in wanted}


@pytest.mark.parametrize("shares", [1, 2])
@pytest.mark.parametrize("directions", [1, 2])
def test_the_floor_multiplies_as_often_as_the_equations_do(shares, directions, monkeypatch):
    B, T, D, H = shape = Shape(5, 3, 4, 8)
    wanted = (Product(D, 4 * H, True), Product(H, 4 * H, False))
    done = []

    class Counting:
        def __getattr__(self, name):
            return getattr(np, name)

        def matmul(self, a, b, out):
            assert out.shape == (a.shape[0], b.shape[1])
            done.append(a.shape[0] * a.shape[1] * b.shape[1])
            return np.matmul(a, b, out=out)

    monkeypatch.setattr(contenders, "np", Counting())
    once = directions * B * T * (D + H) * 4 * H
    group = Group("lstm", shape, directions)
    for pass_, passes in (("forward", 1), ("training", 3)):  # two gradients for each product
        done.clear()
        contenders._numpy_products(wanted, group, shares, 2, pass_)()
        assert sum(done) == passes * once


@pytest.mark.ci
@pytest.mark.parametrize("jit", [False, True])
def test_training_is_the_gradients_of_the_input_and_of_all_weights(jit):
    group = Group("peephole_lstm", TINY, 2)
    made = contenders.layer(group)
    of_x, *of_weights = contenders.compile_pass(made, group, "training", jit)()
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=TINY[:3]), tf.float32)
    upstream = tf.constant(rng.normal(size=(2, 3, 16)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(made(x) * upstream)
    expected = tape.gradient(loss, [x, *made.trainable_variables])
    assert len(of_weights) == len(made.trainable_variables) == 12
    for one, other in zip([of_x, *of_weights], expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_floor_of_a_gpu_is_every_product_once_and_can_be_differentiated():
    group = Group("lstm", TINY)
    wanted = contenders.products_of(contenders.layer(group))
    made = contenders._built(contenders.Products(tuple(wanted), group), group)
    assert contenders.compile_pass(made, group, "forward", True)().shape == (6, 64)
    gradients = contenders.compile_pass(made, group, "training", True)()
    assert [tuple(g.shape) for g in gradients] == [(2, 3, 4), (4, 32), (8, 32), (6, 8)]


@pytest.mark.parametrize(
    "cell, peer",
    [("lstm", "LSTM"), ("mlstm", "LSTM"), ("gru", "GRU"), ("janet", "GRU"), ("irnn", "GRU")],
)
def test_a_cell_with_a_cell_state_meets_the_lstm_and_others_the_gru(cell, peer):
    assert contenders.peer(contenders.layer(Group(cell, TINY))) == peer


@pytest.mark.ci
@pytest.mark.parametrize("directions", [1, 2])
def test_every_scan_of_a_layer_that_has_several_is_timed(directions, monkeypatch):
    monkeypatch.setattr(contenders, "compile_pass", lambda made, *_: contenders.own(made).scan)
    found = contenders.contenders_of(Group("gru", TINY, directions), 1)
    scans = {c.name: c.make("forward") for c in found if c.name.startswith("ours")}
    assert scans == {"ours": "auto", "ours, scan=graph": "graph", "ours, scan=plain": "plain"}


# `bench layers`.


def test_cells_and_shapes_multiply_and_there_are_defaults():
    one_shape = layer_speed.plan([], [], (1,), "float32")
    assert [group.cell for group in one_shape] == list(LAYERS)
    assert {group.shape for group in one_shape} == {layer_speed.SHAPES[0]}
    every_shape = layer_speed.plan(["lstm"], [], (1, 2), "float32")
    assert [(g.shape, g.directions) for g in every_shape] == [
        (shape, directions) for shape in layer_speed.SHAPES for directions in (1, 2)
    ]
    assert layer_speed.plan(["gru"], [TINY], (2,), "bfloat16") == [
        Group("gru", TINY, 2, "bfloat16")
    ]


@pytest.fixture(scope="module")
def measured():
    """A report on real layers."""
    groups = layer_speed.plan(["peephole_lstm"], [TINY], (1, 2), "float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "MOST", timing.FEWEST)
        return layer_speed.measure(groups, budget=300, threads=1)


@pytest.mark.nightly
def test_a_report_has_every_group_pass_and_contender(measured):
    named = [(r["cell"], r["directions"], r["pass"]) for r in measured["results"]]
    assert named == [
        ("peephole_lstm", directions, pass_)
        for directions in (1, 2)
        for pass_ in ("forward", "training")
    ]
    for result in measured["results"]:
        medians = {name: n["median"] for name, n in result["contenders"].items()}
        assert {"ours", "RNN(cell)", "Keras", "Keras, jit", "products"} <= set(medians)
        fastest = min(medians["Keras"], medians["Keras, jit"])
        assert result["ratios"]["Keras"] == pytest.approx(medians["ours"] / fastest)
        for numbers in result["contenders"].values():
            low, high = numbers["quartiles"]
            assert 0 < low <= numbers["median"] <= high
            assert numbers["rounds"] == timing.FEWEST
        # That of a traced function is far from the later ones.
        assert result["contenders"]["ours"]["first"] > medians["ours"]
        assert result["ratios"]["products"] > 1


@pytest.mark.nightly
def test_the_table_says_what_the_report_says(measured):
    [table] = layer_speed.tables(measured)
    # Beside the cell, what differs between rows.
    assert table.columns[:3] == ["cell", "directions", "pass"]
    assert "B,T,D,H 2,3,4,8" in table.title and "float32" in table.title
    place = table.columns.index("RNN(cell)")
    both = table.columns.index("two / one direction")
    for row, result in zip(table.rows, measured["results"], strict=True):
        assert row[:3] == [result["cell"], str(result["directions"]), result["pass"]]
        assert row[place].endswith(f"({result['ratios']['RNN(cell)']:.2f})")
        assert bool(row[both]) == (result["directions"] == 2)
    assert any(measured["machine"]["cpu"] in note for note in table.notes)


@pytest.mark.ci
def test_a_report_goes_through_json(measured, tmp_path):
    report.write(measured, layer_speed.tables(measured), tmp_path / "a.json", tmp_path / "a.md")
    again = json.loads((tmp_path / "a.json").read_text())
    assert again == measured
    assert layer_speed.tables(again) == layer_speed.tables(measured)
    assert (tmp_path / "a.md").read_text() == report.markdown(layer_speed.tables(again))


def test_what_cannot_be_timed_is_named_with_its_reason(monkeypatch):
    seen = Machine()
    calls = [seen.contender("ours", {"forward": 1.0}), seen.contender("Keras", {"forward": 2.0})]

    def found(group, threads):
        if group.cell == "memory_block_lstm":
            raise InputError("does not fit")
        return calls

    monkeypatch.setattr(layer_speed, "contenders_of", found)
    groups = layer_speed.plan(["gru", "memory_block_lstm", "lstm", "irnn"], [TINY], (1,), "float32")
    made = layer_speed.measure(groups, ("forward",), budget=25, clock=seen.clock)
    assert [result["cell"] for result in made["results"]] == ["gru", "lstm"]
    assert made["results"][0]["ratios"] == {"Keras": 0.5}
    left = {out["cell"]: out["reason"] for out in made["left_out"]}
    assert left["memory_block_lstm"] == "does not fit" and "--budget" in left["irnn"]
    [table] = layer_speed.tables(made)
    assert any("memory_block_lstm at 2,3,4,8: does not fit" in note for note in table.notes)


@pytest.mark.ci
@pytest.mark.parametrize("others, warns", [(0.01, False), (50.0, True)])
def test_a_busy_machine_is_no_secret(others, warns, measured):
    about = {**measured["machine"], "others": others}
    [table] = layer_speed.tables({**measured, "machine": about})
    assert any("Other work" in note for note in table.notes) == warns


def test_the_work_of_another_process_is_seen():
    spin = "import time; print(flush=True); end = time.time() + 2\nwhile time.time() < end: pass"
    with subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        watch = machine.Others()
        time.sleep(1)
        seen = watch.running()
        process.kill()
    assert seen > 0.3


@pytest.mark.ci
def test_layers_are_timed_from_the_command_line(cli, tmp_path):
    files = tmp_path / "out.json", tmp_path / "out.md"
    sizes = ("--cell", "irnn", "--shape", "2,3,4,8", "--forward", "--budget", "1")
    outcome = cli(
        "bench", "layers", *sizes, "--threads", CPUS, "--json", files[0], "--markdown", files[1]
    )
    assert outcome.status == 0, outcome.err
    [result] = json.loads(files[0].read_text())["results"]
    assert (result["cell"], result["pass"]) == ("irnn", "forward")
    assert "irnn" in outcome.out and "irnn" in files[1].read_text()


@pytest.mark.nightly
@pytest.mark.parametrize(
    "passes", [["--forward"], pytest.param([], id="both", marks=pytest.mark.nightly)], ids=str
)
def test_layers_are_timed_on_jax_too(passes, tmp_path):
    command = [*server_speed.COMMAND, "bench", "layers", "--cell", "irnn", "--shape", "2,3,4,8"]
    command += ["--dtype", "bfloat16", "--budget", "1", "--json", str(tmp_path / "out.json")]
    command += passes
    surroundings = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["backend"] == "jax"
    for result in found["results"]:
        assert {"ours", "RNN(cell)", "Keras"} <= set(result["contenders"])


@pytest.mark.nightly
def test_longer_sequences_take_more_memory():
    short, long = (Group("gru", Shape(16, steps, 32, 64)) for steps in (8, 2048))
    assert layer_speed.peak(long, "ours", 1) > layer_speed.peak(short, "ours", 1) + 20 * machine.MIB


# Reports and the machine.


@pytest.mark.parametrize(
    ("flags", "instructions"),
    [
        (["sse2", "avx", "avx2", "avx512f", "avx512vl"], "AVX-512"),
        (["sse2", "avx", "avx2"], "AVX2"),
        (["sse2", "avx"], "AVX"),
        (["asimd", "fp"], "NEON"),
        (["sse2"], None),
        (None, None),  # py-cpuinfo leaves out what it cannot find
    ],
    ids=str,
)
def test_the_widest_instructions_of_the_cpu_are_named(flags, instructions, monkeypatch):
    told = {"brand_raw": "Some CPU", **({} if flags is None else {"flags": flags})}
    monkeypatch.setattr("cpuinfo.get_cpu_info", lambda: told)
    monkeypatch.setattr(machine, "_instructions_of_loops", lambda: instructions)
    machine._cpu.cache_clear()
    about = machine.describe(1)
    machine._cpu.cache_clear()
    assert (about["cpu"], about["instructions"]) == ("Some CPU", instructions)
    with_them = f" with {instructions}" if instructions else ""
    assert machine.line(about).startswith(f"Some CPU, 1 thread of {about['cpus']} CPUs{with_them};")


def test_compiled_loops_with_other_instructions_are_named(monkeypatch):
    monkeypatch.setenv("CXX", "c++ -march=x86-64 -mavx2")
    about = machine.describe(1) | {"instructions": "AVX-512"}
    monkeypatch.setenv("CXX", "no-such-compiler")
    without = machine.describe(1) | {"instructions": "AVX-512"}
    if about["loops"] is None:
        pytest.skip("no compiler for x86")
    assert "CPUs with AVX-512, compiled loops with AVX2; " in machine.line(about)
    assert "CPUs with AVX-512; " in machine.line(without)


def test_memory_once_used_is_remembered():
    used = machine.peak_memory() + 64 * machine.MIB - psutil.Process().memory_info().rss
    held = np.ones(used, "uint8")  # more in all than this process has had so far
    del held
    assert machine.peak_memory() >= psutil.Process().memory_info().rss + used // 2


def test_markdown_has_the_title_all_rows_and_all_notes():
    table = Table("title", ["a", "b"], [["1", "2|3"], ["4", "5"]], ["note", "more"])
    assert report.markdown([table]) == (
        "**title**\n\n| a | b |\n| --- | ---: |\n| 1 | 2\\|3 |\n| 4 | 5 |\n\nnote\n\nmore\n"
    )


def test_two_cpus_are_used_or_all_if_there_are_fewer(monkeypatch):
    for there, used in ((1, 1), (2, 2)):
        monkeypatch.setattr(machine, "cpus", lambda there=there: there)
        assert machine.limit_threads(None) == used


def test_fewer_threads_are_fewer_cpus_for_every_library():
    code = (
        "from pipelines.bench.machine import cpus, limit_threads; print(limit_threads(1), cpus())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "1 1\n", done.stderr


# `bench pipeline`.


@pytest.mark.nightly
def test_the_pipeline_is_timed_and_its_padding_counted(cli, tiny, tiny_toml, tmp_path):
    file = tmp_path / "out.json"
    outcome = cli(
        "bench", "pipeline", tiny_toml, "--epochs", 2, "--threads", CPUS, "--json", file,
        "--set", "training.batch_size=1",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "waiting for data" in outcome.out
    found = json.loads(file.read_text())
    data = tiny().data
    for path, kind in ((data.train, "training"), (data.dev, "tagging")):
        lengths = [len(sentence.tokens) for sentence in read(path).sentences]
        numbers = found["results"][kind]
        assert (numbers["sentences"], numbers["tokens"]) == (len(lengths), sum(lengths))
        assert len(numbers["seconds"]) == 2
        speed = sum(lengths) / np.median(numbers["seconds"])
        assert numbers["tokens_per_second"] == pytest.approx(speed)
        assert 0 <= numbers["waiting"] <= 1
        # Lengths differ from batch to batch, but no length has a function of its own.
        assert 1 <= numbers["traces"] <= 3
        # Training takes one sentence at a time here, of few lengths; tagging all of them at once.
        few = sum(batch.steps for batch in ordered(lengths, 1, padding=PADDING))
        padded = {"training": few, "tagging": max(lengths) * len(lengths)}[kind]
        assert numbers["padding"] == pytest.approx(1 - sum(lengths) / padded)
    assert found["memory"]["peak"] >= found["memory"]["before"] > 0


@pytest.mark.nightly
def test_a_slow_reader_is_waited_for(tiny, monkeypatch):
    def slow(*args):
        def delayed(*batch):
            wait = tf.py_function(lambda: time.sleep(0.05), [], [])
            with tf.control_dependencies([wait]):
                return tf.nest.map_structure(tf.identity, batch)

        return quick(*args).map(delayed)

    quick = pipeline_speed.batches
    shares = []
    for reader in (quick, slow):
        monkeypatch.setattr(pipeline_speed, "batches", reader)
        found = pipeline_speed.measure(tiny(), epochs=1)["results"]["training"]
        shares.append(found["waiting"])
    assert shares[0] < 0.5 < shares[1]


# `bench serve`.


@pytest.fixture(scope="module")
def asked(exported):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_speed, "COLD", 1)
        return server_speed.measure(exported, requests=20)


@pytest.mark.nightly
def test_every_kind_of_request_is_asked_both_ways(asked):
    kinds = ["5 tokens", "20 tokens", "80 tokens", "32 sentences of 20 tokens"]
    assert [(r["way"], r["kind"]) for r in asked["results"]] == [
        (way, kind) for way in ("HTTP", "function") for kind in kinds
    ]
    for result in asked["results"]:
        latency = list(result["latency"].values())
        assert result["requests"] == 20
        assert latency[0] > 0 and latency == sorted(latency)
    of = {(r["way"], r["kind"]): r for r in asked["results"]}
    for way in ("HTTP", "function"):  # together they are faster than one by one
        together, alone = of[way, kinds[-1]], of[way, kinds[1]]
        assert together["sentences_per_second"] > 2 * alone["sentences_per_second"]
    # Starting a process and loading the model takes longer than any answer.
    assert asked["cold"][0] > max(r["latency"]["p99"] for r in asked["results"])


@pytest.mark.nightly
def test_its_table_has_a_row_for_each(asked, tmp_path):
    [table] = server_speed.tables(asked)
    assert len(table.rows) == 8 and any("Cold start" in note for note in table.notes)
    report.write(asked, [table], tmp_path / "a.json", None)
    assert server_speed.tables(json.loads((tmp_path / "a.json").read_text())) == [table]


def test_a_server_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(
        server_speed, "COMMAND", [sys.executable, "-c", "exit('error: no such thing')"]
    )
    with pytest.raises(InputError, match="^no such thing$"), server_speed.served(tmp_path):
        pass
