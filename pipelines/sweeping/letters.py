"""Groups of settings that cannot be told apart, as letters."""

import string
from collections.abc import Collection, Sequence


def letters(order: Sequence[int], told_apart: Collection[tuple[int, int]]) -> list[str]:
    """A compact letter display: two settings share a letter unless they are told apart.

    By insertion and absorption (Piepho 2004): as few letters as that finds, and those of the best
    setting come first.

    Args:
        order: The numbers of all settings, the best first.
        told_apart: Pairs of numbers, in either order.

    Returns:
        The letters of each setting, by number.
    """
    columns = [set(order)]
    for one, other in told_apart:
        split = []
        for column in columns:
            if one in column and other in column:
                split += [column - {one}, column - {other}]
            else:
                split.append(column)
        columns = _absorbed(split)
    ranks = {setting: rank for rank, setting in enumerate(order)}
    columns.sort(key=lambda column: sorted(ranks[setting] for setting in column))
    names = [_name(n) for n in range(len(columns))]
    return [
        "".join(name for name, column in zip(names, columns, strict=True) if setting in column)
        for setting in range(len(order))
    ]


def _absorbed(columns: list[set[int]]) -> list[set[int]]:
    """Without those that are part of another one."""
    kept: list[set[int]] = []
    for column in sorted(columns, key=len, reverse=True):
        if not any(column <= other for other in kept):
            kept.append(column)
    return kept


def _name(number: int) -> str:
    """a to z, then a2 to z2 and so on."""
    turn, place = divmod(number, len(string.ascii_lowercase))
    return string.ascii_lowercase[place] + (str(turn + 1) if turn else "")
