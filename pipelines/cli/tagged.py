"""A tagged sentence as `tag` writes it."""

import json

from ..serving.tagging import Tagged


def as_json(sentence: Tagged, alternatives: bool) -> str:
    """A line with a JSON object."""
    values = {
        **sentence._asdict(),
        "entities": [entity._asdict() for entity in sentence.entities],
        "alternatives": [
            {**other._asdict(), "entities": [entity._asdict() for entity in other.entities]}
            for other in sentence.alternatives
        ],
    }
    if not alternatives:
        del values["alternatives"]
    return json.dumps(values, ensure_ascii=False) + "\n"


def as_columns(sentence: Tagged, alternatives: bool) -> str:
    """A line for each word, and an empty one.

    With alternatives, a column for each of them, and a line of their probabilities before.
    """
    columns, head = [sentence.tags], ""
    if alternatives:
        columns = [other.tags for other in sentence.alternatives]
        head = "\t".join(["#", *(f"{other.probability:.6g}" for other in sentence.alternatives)])
        head += "\n"
    rows = zip(sentence.tokens, *columns, strict=True)
    return head + "".join("\t".join(row) + "\n" for row in rows) + "\n"
