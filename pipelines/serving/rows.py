"""What a predict request asks for, whatever protocol it came by; no HTTP, no TensorFlow."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..tagger.names import TEXT, TOKENS
from .admission import Row
from .contract import FAULTS
from .failures import Failure

MAX_SENTENCES = 256  # in a request
MAX_TOKENS = 20_000  # in a request, padding included
MAX_CHARACTERS = 100_000  # likewise, of texts
BYTES = 5  # of text to a token, about; three of Chinese are a character, or less than a token
WORD = 64  # bytes; longer words take more room and time than a word
INPUTS = {TOKENS: "tokens", TEXT: "text"}
RANKS = {TOKENS: 2, TEXT: 1}
SHOWN = 8  # sizes of a shape in a message
STRINGS = {"tags", "tokens", "entity_types"}
FLOATS = {"scores"}
ALTERNATIVES = "alternatives"  # of the body and of the answer
MOST_ALTERNATIVES = 5  # of a sentence; all are looked for, so that requests go together


class Predict(NamedTuple):
    """A predict request.

    Attributes:
        signature: The signature.
        rows: Sentences as lists of bytes without padding, or texts as bytes.
        width: The number of words in each sentence, padding included; 0 for texts.
        form: How the answer is written, as far as the protocol has a choice.
        alternatives: How many sequences of tags are wanted for each sentence; 0 if none.
    """

    signature: str
    rows: list[Row]
    width: int
    form: Any = None
    alternatives: int = 0


class TooLong(Failure):
    """A sentence of more tokens than one may have."""

    def __init__(self, count: int, longest: int) -> None:
        super().__init__(FAULTS["long"], count=count, most=longest)


def read(
    signature: str,
    shape: Sequence[int],
    values: Sequence[bytes],
    longest: int,
    form: Any = None,
    alternatives: int = 0,
) -> Predict:
    """The request for a tensor of strings.

    Args:
        signature: The signature, one of `INPUTS`.
        shape: The shape of its input.
        values: All its elements, row by row.
        longest: The number of tokens that a sentence may have. That of texts is not checked.
        form: Handed on.
        alternatives: Likewise; the request may be that much smaller, as they take time.

    Raises:
        Failure: The shape is not the signature's, the request is too large, or no text.
    """
    name, count = INPUTS[signature], check_rank(signature, shape)[0]
    if not count:
        raise FAULTS["nothing"](name=name)
    check_count(count)
    _check_text(values, name)
    part = 1 + MOST_ALTERNATIVES if alternatives else 1
    if signature == TEXT:
        return Predict(signature, _texts(values, MAX_CHARACTERS // part), 0, form, alternatives)
    if count * shape[1] > (most := MAX_TOKENS // part):
        raise FAULTS["tokens"](count=count * shape[1], most=most)
    sentences = _sentences(values, count, shape[1], longest)
    return Predict(signature, sentences, shape[1], form, alternatives)


def check_rank(signature: str, shape: Sequence[int]) -> Sequence[int]:
    """The shape, if it has as many dimensions as the input of a signature.

    It comes before all work with shapes that a client names: multiplying the sizes of a hundred
    thousand dimensions takes half a minute.

    Raises:
        Failure: It has not.
    """
    rank = RANKS[signature]
    if len(shape) != rank:
        wanted = _bracketed(("batch", "steps")[:rank])
        got = _bracketed([*shape[:SHOWN], "..."] if len(shape) > SHOWN else shape)
        raise FAULTS["rank"](name=INPUTS[signature], wanted=wanted, got=got)
    return shape


def check_count(count: int) -> None:
    """Whether a request may have so many rows.

    Raises:
        Failure: It may not.
    """
    if count > MAX_SENTENCES:
        raise FAULTS["sentences"](count=count, most=MAX_SENTENCES)


def _bracketed(shape: Sequence[Any]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _check_text(values: Sequence[bytes], name: str) -> None:
    try:
        b"\0".join(values).decode()  # no part of a character fits together with a zero byte
    except UnicodeDecodeError:
        raise FAULTS["encoded"](name=name) from None


def _sentences(values: Sequence[bytes], count: int, width: int, longest: int) -> list[Row]:
    found = []
    for place in range(count):
        words = list(values[place * width : (place + 1) * width])
        while words and not words[-1]:
            words.pop()
        if len(words) > longest:
            raise TooLong(len(words), longest)
        found.append(Row(words, max(len(words), sum(map(len, words)) // WORD)))
    return found


def _texts(values: Sequence[bytes], allowed: int) -> list[Row]:
    # A text has fewer tokens than characters, and the longest one decides about the padding.
    most = max(map(len, values))
    if most * len(values) > allowed:  # else there is no need to count
        most = max(len(text.decode()) for text in values)
    if most * len(values) > allowed:
        raise FAULTS["characters"](most=allowed)
    return [Row(text, len(text) // BYTES) for text in values]


def of_examples(signature: str, fault: str) -> Failure:
    """What classify and regress, which are for other signatures than ours, are answered with."""
    if signature not in INPUTS:
        return FAULTS["no such signature"](signature=signature)
    return FAULTS[fault]()


def columns(request: Predict, results: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The outputs by name, padded.

    Args:
        request: What was asked for.
        results: The outputs of each row: lists without padding, or numbers.
    """
    found = {name: [result[name] for result in results] for name in results[0]}
    for name, column in found.items():
        if name == ALTERNATIVES:
            found[name] = [_first(request, sentences) for sentences in column]
        elif isinstance(column[0], list):
            width = request.width if request.signature == TOKENS else max(map(len, column))
            blank = "" if name in STRINGS else 0.0 if name in FLOATS else 0
            found[name] = [[*row, *[blank] * (width - len(row))] for row in column]
    return found


def _first(request: Predict, sentences: list[list[Any]]) -> list[Any]:
    """As many alternatives as are wanted: those of the sentence, or of each sentence of a text."""
    wanted = [found[: request.alternatives] for found in sentences]
    return wanted[0] if request.signature == TOKENS else wanted
