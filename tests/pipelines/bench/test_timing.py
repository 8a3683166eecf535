"""Who is slower is shown as slower, by as much as it is."""

import numpy as np
import pytest
from fake_clock import Machine

from pipelines.bench import (
    layer_speed,
    timing,
)


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


@pytest.mark.parametrize(
    "seconds, untimed", [(timing.WARM / 4, 4), (timing.SLOW / 2, 1), (timing.SLOW * 2, 0)]
)
def test_a_short_call_is_called_for_a_while_before_it_is_timed(seconds, untimed):
    busy = Machine()
    timed = len(busy.time({"a": seconds})["a"])
    first = max(untimed, 1)  # when its length is not known
    assert len(busy.calls) == first + untimed * (timed - 1) + timed
    assert busy.paused == pytest.approx(timed * timing.SETTLE)


def test_ratios_are_to_the_fastest_way_of_each():
    seen = Machine()
    found = [
        seen.contender(name, {"training": seconds})
        for name, seconds in (
            ("ours", 3.0), ("RNN(cell)", 6.0), ("Keras", 5.0), ("Keras, jit", 4.0),
            ("products", 1.0), ("products, slower", 2.0),
        )
    ]  # fmt: skip
    timings = layer_speed.time_group(found, ("training",), 1e9, clock=seen.clock)["training"]
    medians = {name: timing.median for name, timing in timings.items()}
    assert layer_speed.ratios(medians) == {"RNN(cell)": 0.5, "Keras": 0.75, "products": 3.0}


def test_the_first_call_is_told_apart_and_made_once_for_those_who_share_it():
    seen, warm = Machine(), {}
    slow_at_first = iter([7.0, *[1.0] * 100])
    for _ in range(2):
        found = [seen.contender("a", {"forward": slow_at_first}, "shared")]
        result = layer_speed.time_group(found, ("forward",), 1e9, warm, seen.clock)["forward"]["a"]
        assert result.first == 7.0 and set(result.seconds) == {1.0}
