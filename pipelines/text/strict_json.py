"""JSON whose objects have each key once: JSON itself leaves open which of two would count."""

import json
from typing import Any


class RepeatedKey(ValueError):
    """A key that comes twice in one object."""

    def __init__(self, key: str):
        super().__init__(f"the key {key!r:.60} comes twice in one object; leave one")


def parse(text: str) -> Any:
    """The value of a text.

    Raises:
        RepeatedKey: A key comes twice in one object.
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        left = set(value)
        for key, _ in pairs:
            if key not in left:
                raise RepeatedKey(key)
            left.remove(key)
    return value
