"""The bodies of TensorFlow Serving's REST predict requests and answers; no HTTP, no TensorFlow."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..tagger.names import TEXT, TOKENS
from .admission import Row
from .limits import Limits

MAX_SENTENCES = 256  # in a request
MAX_TOKENS = 20_000  # in a request, padding included
MAX_CHARACTERS = 100_000  # likewise, of texts
BYTES = 5  # of text to a token, about; three of Chinese are a character, or less than a token
WORD = 64  # bytes; longer words take more room and time than a word
INPUTS = {TOKENS: "tokens", TEXT: "text"}
STRINGS = {"tags", "tokens", "entity_types"}
FLOATS = {"scores"}


class BadRequest(Exception):
    """What the client got wrong; its text goes into the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Predict(NamedTuple):
    """A predict request.

    Attributes:
        signature: The signature.
        rows: Sentences as lists of bytes without padding, or texts as bytes.
        by_row: Whether the answer is a list of rows, or has a list for each output.
        width: The number of words in each sentence, padding included; 0 for texts.
    """

    signature: str
    rows: list[Row]
    by_row: bool
    width: int


def read(body: Any, longest: int = Limits().longest) -> Predict:
    """What the JSON value of a request asks for.

    Args:
        body: The value.
        longest: The number of tokens that a sentence may have. That of texts is not checked.

    Raises:
        BadRequest: It is no request, or too large.
    """
    if not isinstance(body, dict):
        raise BadRequest("JSON Value: Is not object")
    signature = body.get("signature_name", TOKENS)
    if not isinstance(signature, str):
        raise BadRequest("'signature_name' key must be a string value.")
    if signature not in INPUTS:
        raise BadRequest(f'Serving signature name: "{signature}" not found in signature def')
    if ("instances" in body) == ("inputs" in body):
        raise BadRequest("expecting one of 'inputs' or 'instances' keys to exist")
    by_row = "instances" in body
    values = _values(body["instances"] if by_row else body["inputs"], INPUTS[signature], by_row)
    if signature == TEXT:
        return Predict(signature, _texts(values), by_row, 0)
    return Predict(signature, _sentences(values, longest), by_row, len(values[0]))


def _values(rows: Any, name: str, by_row: bool) -> list[Any]:
    """The rows of the one input, out of the three ways in which TensorFlow Serving takes them."""
    if isinstance(rows, dict) and not by_row:
        if name not in rows:
            raise BadRequest(f"Missing named input: {name} in 'inputs' object.")
        rows = rows[name]
    if not isinstance(rows, list) or not rows:
        raise BadRequest(f"{name}: expecting a list that is not empty")
    if by_row and all(isinstance(row, dict) for row in rows):
        if any(set(row) != {name} for row in rows):
            raise BadRequest(f"JSON object: keys must be equal to: {name}")
        rows = [row[name] for row in rows]
    if len(rows) > MAX_SENTENCES:
        raise BadRequest(f"{len(rows)} sentences in a request; {MAX_SENTENCES} are allowed")
    return rows


def _sentences(rows: list[Any], longest: int) -> list[Row]:
    if not all(isinstance(row, list) for row in rows):
        raise BadRequest("tokens: expecting a list of strings for each sentence")
    if len({len(row) for row in rows}) > 1:
        raise BadRequest("tokens: sentences of different length: pad them with empty strings")
    if (count := len(rows) * len(rows[0])) > MAX_TOKENS:
        raise BadRequest(f"{count} tokens in a request; {MAX_TOKENS} are allowed")
    found = []
    for row in rows:
        words = _encoded(row, "tokens")
        while words and not words[-1]:
            words.pop()
        if len(words) > longest:
            raise TooLong(len(words), longest)
        found.append(Row(words, max(len(words), sum(map(len, words)) // WORD)))
    return found


def _texts(rows: list[Any]) -> list[Row]:
    encoded = _encoded(rows, "text")
    # A text has fewer tokens than characters, and the longest one decides about the padding.
    if max(map(len, rows)) * len(rows) > MAX_CHARACTERS:
        raise BadRequest(f"the texts are too long: {MAX_CHARACTERS} characters are allowed")
    return [Row(text, len(text) // BYTES) for text in encoded]


class TooLong(BadRequest):
    """A sentence of more tokens than one may have."""

    def __init__(self, count: int, longest: int) -> None:
        super().__init__(f"{count} tokens in a sentence; {longest} are allowed")


def _encoded(strings: list[Any], name: str) -> list[bytes]:
    if not all(isinstance(string, str) for string in strings):
        raise BadRequest(f"{name}: expecting strings")
    try:
        return [string.encode() for string in strings]
    except UnicodeEncodeError:
        raise BadRequest("an unpaired surrogate is not a character") from None


def answer(request: Predict, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON value of an answer.

    Args:
        request: What was asked for.
        results: The outputs of each row: lists without padding, or numbers.
    """
    columns = {name: [result[name] for result in results] for name in results[0]}
    for name, column in columns.items():
        if isinstance(column[0], list):
            width = request.width if request.signature == TOKENS else max(map(len, column))
            blank = "" if name in STRINGS else 0.0 if name in FLOATS else 0
            columns[name] = [[*row, *[blank] * (width - len(row))] for row in column]
    if not request.by_row:
        return {"outputs": columns}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}
