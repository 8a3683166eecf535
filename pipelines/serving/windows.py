"""What is tagged together, so that little of it is padding and memory is bounded; no TensorFlow."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ..errors import InputError

FIRST, MOST = 64, 1024  # items of a window: the first comes early, later ones are worth sorting
AREA = 1 << 20  # of a window: items times the length of the longest
STEPS = 4096  # of a batch, padding included

Item = TypeVar("Item", bound=Sized)
Given = TypeVar("Given")
Made = TypeVar("Made")


def windows(items: Iterable[Item | None]) -> Iterator[list[Item]]:
    """Items as they come, in lists that are worked on one after the other.

    Depends on the items alone, not on when they come, so that two runs do the same. If bad input is
    among the items, those before it come first. For None, by which an item is waited for, there is
    an empty list beside the others.
    """
    size, window, longest = FIRST, list[Item](), 0
    iterator = iter(items)
    while True:
        try:
            item = next(iterator)
        except StopIteration:
            break
        except InputError:
            if window:
                yield window
            raise
        if item is None:
            yield []
            continue
        if window and max(longest, len(item)) * (len(window) + 1) > AREA:
            yield window
            window, longest = [], 0
        window.append(item)
        longest = max(longest, len(item))
        if len(window) == size:
            yield window
            size, window, longest = min(2 * size, MOST), [], 0
    if window:
        yield window


def overlapped(work: Callable[[Given], Made], items: Iterable[Given | None]) -> Iterator[Made]:
    """What is made of each item, in order, in a thread: the next item comes meanwhile.

    None is no item; it says that the next has to be waited for, and what is being made comes first.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(1, "tagging") as thread:
        under_way: Future[Made] | None = None
        ended, failed = False, None
        while not ended:
            item = None
            try:
                item = next(iterator)
            except StopIteration:
                ended = True
            except InputError as error:
                ended, failed = True, error
            done, under_way = under_way, None if item is None else thread.submit(work, item)
            if done is not None:
                yield done.result()
    if failed is not None:
        raise failed


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The places of rows, all of them, in batches of like length; the longest first."""
    order = sorted(range(len(lengths)), key=lambda n: -lengths[n])
    while order:
        rows = max(1, STEPS // max(1, lengths[order[0]]))
        yield order[:rows]
        order = order[rows:]
