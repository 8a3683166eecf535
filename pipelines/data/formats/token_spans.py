"""Tokens and labels that count tokens: as GLiNER, SpERT and DyGIE++ (SciERC) have them.

- GLiNER: `{"tokenized_text": [...], "ner": [[0, 1, "PER"]]}`, the last token included;
- SpERT: `{"tokens": [...], "entities": [{"start": 0, "end": 2, "type": "PER"}]}`, not included;
- DyGIE++: `{"sentences": [[...]], "ner": [[[0, 1, "PER"]]]}`, included, and counted from the
  beginning of the document.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, most, offset, read_texts, shown
from .labelled_text import Label, Text

NAME = "tokens with spans"


def recognises(source: Source) -> bool:
    return most(source, lambda record: _kind(record) is not None)


def _kind(record: dict[str, Any]) -> str | None:
    """What the list of tokens is called; None if it is another format."""
    if "ner" in record:
        return next((key for key in ("tokenized_text", "sentences") if key in record), None)
    has_spans = isinstance(record.get("entities"), list) and all(
        isinstance(one, dict) for one in record["entities"]
    )
    return "tokens" if has_spans and isinstance(record.get("tokens"), list) else None


def read(source: Source, options: Options) -> Reading:
    return read_texts(source, options, NAME, _texts)


def _texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
    kind = _kind(record) if isinstance(record, dict) else None
    if kind is None:
        raise ValueError("no tokens with their entities")
    if kind != "sentences":
        tokens = field(record, kind, list)
        key = "ner" if kind == "tokenized_text" else "entities"
        yield _text(tokens, field(record, key, list), 0, where)
        return
    sentences, labels = field(record, "sentences", list), field(record, "ner", list)
    if len(sentences) != len(labels) or not all(isinstance(s, list) for s in sentences + labels):
        raise ValueError(f"{len(sentences)} sentences and {len(labels)} lists of entities")
    begins = accumulate(map(len, sentences), initial=0)
    for number, (tokens, found, begin) in enumerate(zip(sentences, labels, begins, strict=False)):
        text = _text(tokens, found, begin, where)
        yield text._replace(is_document=True, continues=number > 0)


def _text(tokens: list[Any], entities: list[Any], begin: int, where: str) -> Text:
    """The tokens with spaces between them; they are its words wherever else it has spaces."""
    if not tokens or not all(isinstance(token, str) and token for token in tokens):
        raise ValueError(f"the tokens are {shown(tokens)}, not a list of words")
    starts = list(accumulate((len(token) + 1 for token in tokens[:-1]), initial=0))
    words = [(start, start + len(token)) for start, token in zip(starts, tokens, strict=True)]
    labels = []
    for entity in entities:
        type, first, last = _entity(entity)
        if not 0 <= first - begin <= last - begin < len(tokens):
            raise ValueError(
                f"the entity {shown(type)} has tokens {first} to {last}; there are those from "
                f"{begin} to {begin + len(tokens) - 1}"
            )
        labels.append(Label(type, words[first - begin][0], words[last - begin][1]))
    return Text(" ".join(tokens), labels, where, words=words)


def _entity(entity: Any) -> tuple[str, int, int]:
    """The type of an entity, and its first and last token."""
    if isinstance(entity, dict):
        first, stop = (offset(field(entity, k, object, "an entity"), k) for k in ("start", "end"))
        type: str = field(entity, "type", str, "an entity")
        return type, first, stop - 1
    if not isinstance(entity, list) or len(entity) < 3 or not isinstance(entity[2], str):
        raise ValueError(f"an entity is {shown(entity)}, not its first and last token and its type")
    return entity[2], offset(entity[0], "the start"), offset(entity[1], "the end")
