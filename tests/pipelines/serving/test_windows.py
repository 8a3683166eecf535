"""What is tagged together: everything once, in order, of like length and bounded; and when."""

import threading
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.serving.windows import AREA, FIRST, MOST, STEPS, batches, overlapped, windows

LENGTHS = st.lists(st.integers(0, 3 * STEPS // 2), max_size=80)


@given(LENGTHS)
def test_windows_are_the_items_in_order_within_their_area(lengths):
    items = [" " * length * 40 for length in lengths]
    found = list(windows(iter(items)))
    assert list(chain.from_iterable(found)) == items
    for window in found:
        assert len(window) == 1 or len(window) * max(map(len, window)) <= AREA


def test_windows_grow_from_what_is_answered_soon_to_what_is_worth_sorting():
    sizes = [len(window) for window in windows(repeat("a", 2 * MOST + 4 * FIRST))]
    assert sizes[:2] == [FIRST, 2 * FIRST] and max(sizes) == MOST


def test_a_full_window_does_not_wait_for_the_next_item():
    def lines():
        yield from repeat("a", FIRST)
        raise AssertionError("asked for more")

    assert next(windows(lines())) == ["a"] * FIRST


def test_what_comes_before_an_error_comes_before_it():
    def lines():
        yield "a"
        raise InputError("not UTF-8")

    found = windows(lines())
    assert next(found) == ["a"]
    with pytest.raises(InputError, match="not UTF-8"):
        next(found)


def test_the_next_item_comes_while_something_is_made_of_the_one_before():
    came = threading.Event()

    def items():
        yield 1
        came.set()
        yield 2

    assert list(overlapped(lambda n: came.wait(10) and -n, items())) == [-1, -2]


def test_what_is_being_made_does_not_wait_for_an_item_that_has_to_be_waited_for():
    def lines():
        yield from repeat("a", FIRST)
        yield None
        raise AssertionError("asked for more")

    assert next(overlapped(len, (window or None for window in windows(lines())))) == FIRST


@given(st.lists(st.none() | st.integers()))
def test_everything_is_made_once_in_order_wherever_one_has_to_wait(items):
    made = list(overlapped(lambda n: [n], iter(items)))
    assert made == [[n] for n in items if n is not None]


def test_one_thing_is_made_at_a_time():
    second = threading.Event()

    def make(n):
        if n == 2:
            second.set()
        return second.wait(0.2) if n == 1 else None

    assert list(overlapped(make, iter([1, 2])))[0] is False, "both were made at once"


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_what_is_made_before_an_error_comes_before_it(bad):
    def made(n):
        if n == 2 and bad == 2:
            raise InputError("2")
        return n

    def items():
        yield 1
        if bad == 1:
            raise InputError("1")
        yield 2
        raise InputError("3")

    found = overlapped(made, items())
    for n in (1, 2)[: max(1, bad - 1)]:
        assert next(found) == n
    with pytest.raises(InputError, match=str(bad)):
        next(found)


@given(LENGTHS)
def test_batches_are_all_rows_once_with_bounded_padding(lengths):
    found = list(batches(lengths))
    assert sorted(chain.from_iterable(found)) == list(range(len(lengths)))
    longest = [lengths[n] for places in found for n in places]
    assert longest == sorted(lengths, reverse=True)
    for places in found:
        assert len(places) == 1 or len(places) * lengths[places[0]] <= STEPS
