"""`bench layers`: what is timed beside what, and nothing is lost on the way to the table."""

import functools
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from fake_clock import Machine

from keras_lstm_variants import LAYERS
from pipelines.bench import (
    contenders,
    layer_speed,
    layer_tables,
    machine,
    report,
    servers,
    timing,
)
from pipelines.bench.contenders import Group, Product, Shape
from pipelines.errors import InputError

TINY = Shape(2, 3, 4, 8)
CPUS = str(machine.cpus())  # with all of them, nothing in the tests' process has to change


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


@pytest.mark.parametrize("directions", [1, 2])
def test_the_floor_multiplies_as_often_as_the_equations_do(directions, monkeypatch):
    B, T, D, H = shape = Shape(5, 3, 4, 8)
    group, done = Group("lstm", shape, directions), []
    monkeypatch.setattr(
        contenders, "multiplying", lambda times: functools.partial(done.append, times)
    )
    [floor] = contenders.products(group, contenders.layer(group), 2, False, None)
    once = directions * B * T * (D + H) * 4 * H
    for pass_, passes in (("forward", 1), ("training", 3)):  # two gradients for each product
        floor.make(pass_)()
        assert done.pop() == passes * once / 2  # threads


@pytest.mark.ci
def test_the_floor_is_below_the_products_of_a_good_library_but_not_far():
    """As it is not where a compiler leaves multiplications away, or takes one at a time."""
    both = """if True:
        import time
        import numpy as np
        from pipelines.bench.multipliers import multiplying

        def seconds(call):
            taken = []
            for _ in range(15):
                began = time.thread_time()
                call()
                taken.append(time.thread_time() - began)
            return min(taken)

        a = np.ones((768, 768), "float32")
        print(seconds(multiplying(768**3)) / seconds(lambda: a @ a))
    """
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", both], capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stderr
    assert 0.4 < float(done.stdout) < 1.1  # 0.5: NumPy may have half the vectors


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
    [table] = layer_tables.tables(measured)
    # Beside the cell, what differs between rows.
    assert table.columns[:3] == ["cell", "directions", "pass"]
    assert "B,T,D,H 2,3,4,8" in table.title and "float32" in table.title
    place = table.columns.index("RNN(cell)")
    both = table.columns.index("two / one direction")
    graphs = table.columns.index("graph / Keras' graph")
    for row, result in zip(table.rows, measured["results"], strict=True):
        medians = {name: n["median"] for name, n in result["contenders"].items()}
        assert row[graphs] == f"{medians['ours, scan=graph'] / medians['Keras']:.2f}"
        assert row[:3] == [result["cell"], str(result["directions"]), result["pass"]]
        assert row[place].endswith(f"({result['ratios']['RNN(cell)']:.2f})")
        assert bool(row[both]) == (result["directions"] == 2)
    assert any(measured["machine"]["cpu"] in note for note in table.notes)


@pytest.mark.nightly
def test_a_report_goes_through_json(measured, tmp_path):
    report.write(measured, layer_tables.tables(measured), tmp_path / "a.json", tmp_path / "a.md")
    again = json.loads((tmp_path / "a.json").read_text())
    assert again == measured
    assert layer_tables.tables(again) == layer_tables.tables(measured)
    assert (tmp_path / "a.md").read_text() == report.markdown(layer_tables.tables(again))


@pytest.fixture
def timed(monkeypatch):
    """Reports on stand-ins of layers: timed(cells). Memory blocks do not fit."""
    seen = Machine()
    calls = [seen.contender("ours", {"forward": 1.0}), seen.contender("Keras", {"forward": 2.0})]

    def found(group, threads):
        if group.cell == "memory_block_lstm":
            raise InputError("does not fit")
        return calls

    def of(cells):
        groups = layer_speed.plan(cells, [TINY], (1,), "float32")
        return layer_speed.measure(groups, ("forward",), budget=25, clock=seen.clock)

    monkeypatch.setattr(layer_speed, "contenders_of", found)
    return of


def test_what_cannot_be_timed_is_named_with_its_reason(timed):
    made = timed(["gru", "memory_block_lstm", "lstm", "irnn"])
    assert [result["cell"] for result in made["results"]] == ["gru", "lstm"]
    assert made["results"][0]["ratios"] == {"Keras": 0.5}
    left = {out["cell"]: out["reason"] for out in made["left_out"]}
    assert left["memory_block_lstm"] == "does not fit" and "--budget" in left["irnn"]
    [table] = layer_tables.tables(made)
    assert any("memory_block_lstm at 2,3,4,8: does not fit" in note for note in table.notes)


@pytest.mark.parametrize("others, warns", [(0.01, False), (50.0, True)])
def test_a_busy_machine_is_no_secret(others, warns, timed):
    made = timed(["gru"])
    about = {**made["machine"], "others": others}
    [table] = layer_tables.tables({**made, "machine": about})
    assert any("Other work" in note for note in table.notes) == warns


def test_the_work_of_another_process_is_seen():
    spin = """if True:
        import time
        print(began := time.process_time(), flush=True)
        while time.process_time() < began + 0.5:
            pass
        print(flush=True)
        input()
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", spin], **pipes) as process:
        process.stdout.readline()
        watch, began = machine.Others(), time.monotonic()
        process.stdout.readline()  # half a second of work later
        seen = watch.running() * (time.monotonic() - began)
        process.kill()
    assert seen > 0.4


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
    command = [*servers.COMMAND, "bench", "layers", "--cell", "irnn", "--shape", "2,3,4,8"]
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
