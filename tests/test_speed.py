"""No layer of ours is slower than it need be: loosely, so as not to flicker.

Marked `speed`, as it must have the machine for itself: `pytest -m speed`. `lstm-variants bench
layers` measures the ratios themselves.
"""

import time

import pytest

from pipelines.bench.contenders import OURS, PASSES, PLAIN, PRODUCTS, Group, Shape, contenders_of
from pipelines.bench.layer_speed import ratios, time_group
from pipelines.bench.machine import cpus

BOUND = 1.5
SECONDS = 2  # for each attempt


@pytest.mark.speed
@pytest.mark.parametrize("cell", ["lstm", "peephole_lstm", "memory_block_lstm", "gru", "min_gru"])
def test_a_layer_is_not_slower_than_the_plain_path_of_its_cell(cell, optimised):
    found = contenders_of(Group(cell, Shape(16, 32, 64, 64)), cpus())
    both, warm = [one for one in found if one.name in (OURS, PLAIN)], {}
    for _ in range(3):  # what else runs on the machine is not the layer's fault three times
        timings = time_group(both, PASSES, time.perf_counter() + SECONDS, warm)
        seen = {
            pass_: ratios({name: one.median for name, one in of.items()})[PLAIN]
            for pass_, of in timings.items()
        }
        if max(seen.values()) < BOUND:
            return
    pytest.fail(f"{cell}: ours / RNN(cell) is {seen}, three times")


@pytest.mark.speed
def test_products_take_no_longer_in_one_cell_than_in_another(optimised):
    """What compilers make of them depends on what stands around them."""
    shape = Shape(32, 32, 128, 256)
    for _ in range(3):
        seen = {}
        for cell in ("lstm", "gru"):
            found = contenders_of(Group(cell, shape), cpus())
            two = [one for one in found if one.name in (OURS, PRODUCTS)]
            timings = time_group(two, ("forward",), time.perf_counter() + SECONDS)["forward"]
            seen[cell] = ratios({name: one.median for name, one in timings.items()})[PRODUCTS]
        if seen["gru"] < 1.15 * seen["lstm"]:
            return
    pytest.fail(f"ours / products is {seen}, three times")
