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
    if not alternatives:
        pairs = zip(sentence.tokens, sentence.tags, strict=True)
        return "".join([f"{word}\t{tag}\n" for word, tag in pairs]) + "\n"
    head = ["#", *(f"{other.probability:.6g}" for other in sentence.alternatives)]
    rows = zip(sentence.tokens, *(other.tags for other in sentence.alternatives), strict=True)
    return "".join(["\t".join(row) + "\n" for row in (head, *rows)]) + "\n"
