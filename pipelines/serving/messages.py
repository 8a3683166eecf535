"""The bodies of TensorFlow Serving's REST requests and answers; no HTTP, no TensorFlow.

What is wrong with a request is said in its words, and found in its order.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..tagger.names import TOKENS
from ..text.strict_json import RepeatedKey, parse
from . import rows
from .contract import FAULTS
from .failures import Failure
from .limits import Limits
from .rows import INPUTS, Predict

SHOWN = 256  # characters of a value in a message
TYPES = {type(None): "Null", dict: "Object", list: "Array", str: "String"}


class Dense(NamedTuple):
    """A tensor of strings: its shape, and all its elements."""

    shape: tuple[int, ...]
    values: list[bytes]


def parsed(body: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        Failure: It is none.
    """
    if not body:
        raise FAULTS["empty body"]()
    try:
        value = parse(body.decode())
    except json.JSONDecodeError as error:
        said = error.msg.removesuffix(" at")
        raise FAULTS["no JSON"](reason=f"{said} at offset: {error.pos}") from None
    except RepeatedKey as error:
        raise FAULTS["no JSON"](reason=error) from None
    except UnicodeDecodeError as error:
        raise FAULTS["no JSON"](reason=f"not UTF-8 at offset: {error.start}") from None
    except RecursionError:
        raise FAULTS["no JSON"](reason="nested too deep") from None
    except ValueError:
        raise FAULTS["no JSON"](reason="a number of thousands of digits") from None
    if not isinstance(value, dict):
        raise FAULTS["no object"](value=shown(value))
    return value


def signature(body: dict[str, Any]) -> str:
    """The signature that a request names; "" means the default, too.

    Raises:
        Failure: What it names is no string.
    """
    name = body.get("signature_name", "")
    if not isinstance(name, str):
        raise FAULTS["signature type"](value=shown(body))
    return name or TOKENS


def read(body: dict[str, Any], longest: int = Limits().longest) -> Predict:
    """What a predict request asks for; `form` says whether the answer is a list of rows.

    Args:
        body: Its JSON object.
        longest: The number of tokens that a sentence may have. That of texts is not checked.

    Raises:
        Failure: It is no request, or too large.
    """
    name = signature(body)
    if name not in INPUTS:
        raise FAULTS["no signature"](signature=name)
    if "instances" not in body and "inputs" not in body:
        raise FAULTS["no input"]()
    if "instances" in body and "inputs" in body:
        raise FAULTS["two inputs"](value=shown(body))
    by_row = "instances" in body
    tensor = _of_rows(body, INPUTS[name]) if by_row else _of_inputs(body["inputs"], INPUTS[name])
    return rows.read(name, tensor.shape, tensor.values, longest, by_row, _alternatives(body))


def _alternatives(body: dict[str, Any]) -> int:
    """How many sequences of tags a request wants for each sentence, which is of ours alone."""
    if rows.ALTERNATIVES not in body:
        return 0
    count = body[rows.ALTERNATIVES]
    if type(count) is not int or not 1 <= count <= rows.MOST_ALTERNATIVES:
        raise FAULTS["alternatives"](most=rows.MOST_ALTERNATIVES)
    return count


def _of_rows(body: dict[str, Any], name: str) -> Dense:
    instances = body["instances"]
    if not isinstance(instances, list):
        raise FAULTS["no list"](value=shown(body))
    if not instances:
        raise FAULTS["empty list"](value=shown(body))
    rows.check_count(len(instances))
    named = _is_named(instances[0])
    found: list[Dense] = []
    for item, element in enumerate(instances):
        if _is_named(element) != named:
            raise FAULTS["list among objects" if named else "object among lists"](item=item)
        pairs = element.items() if named else [(name, element)]
        for key, value in pairs:
            try:
                if key != name:
                    raise FAULTS["unknown name"](name=key)
                found.append(_like(found[:1], dense(value)))
            except Failure as error:
                fault = FAULTS["named element" if named else "element"]
                raise fault(item=item, key=key, reason=error) from None
        if not pairs:
            raise FAULTS["keys"](item=item, value=shown(element), name=name)
    values = [value for tensor in found for value in tensor.values]
    return Dense((len(found), *found[0].shape), values)


def _like(first: list[Dense], tensor: Dense) -> Dense:
    if first and len(tensor.values) != len(first[0].values):
        raise FAULTS["size"](wanted=len(first[0].values), got=len(tensor.values))
    if first and tensor.shape != first[0].shape:
        wanted, got = (f"[{','.join(map(str, x.shape))}]" for x in (first[0], tensor))
        raise FAULTS["shape"](wanted=wanted, got=got)
    return tensor


def _of_inputs(inputs: Any, name: str) -> Dense:
    if not _is_named(inputs):
        return dense(inputs)
    if name not in inputs:
        raise FAULTS["no named input"](name=name)
    return dense(inputs[name])


def _is_named(value: Any) -> bool:
    """Whether it is an object of named inputs, and no binary string."""
    return isinstance(value, dict) and not _is_binary(value)


def _is_binary(value: dict[str, Any]) -> bool:
    return value.keys() == {"b64"} and isinstance(value["b64"], str)


def dense(value: Any) -> Dense:
    """A tensor out of lists within lists, all of the lengths of the first ones.

    Raises:
        Failure: It cannot be one, or has other elements than strings.
    """
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    values: list[bytes] = []
    _fill(value, 0, shape, values)
    return Dense(tuple(shape), values)


def _fill(value: Any, level: int, shape: list[int], values: list[bytes]) -> None:
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise FAULTS["shallow"](value=shown(value), level=level + 1, rank=rank)
        values.append(_encoded(value))
        return
    if level >= rank:
        raise FAULTS["deep"](level=level, rank=rank)
    if len(value) != shape[level]:
        raise FAULTS["ragged"](got=len(value), level=level, wanted=shape[level])
    if level == rank - 1 and all(type(item) is str for item in value):  # nearly all there is
        values.extend([item.encode(errors="surrogatepass") for item in value])
        return
    for item in value:
        _fill(item, level + 1, shape, values)


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        # A surrogate alone is no character; what comes of it is refused with all that is no UTF-8.
        return value.encode(errors="surrogatepass")
    if not isinstance(value, dict):
        raise FAULTS["type"](value=shown(value), type=_type(value))
    if not _is_binary(value):
        raise FAULTS["base64 object"](value=shown(value))
    encoded = value["b64"]
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise FAULTS["base64"]() from None


def _type(value: Any) -> str:
    """The type's name in TensorFlow Serving's messages."""
    if isinstance(value, bool):
        return str(value)
    return TYPES.get(type(value), "Number")


def shown(value: Any) -> str:
    """The beginning of a JSON value, for messages."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return "..."
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def check_examples(body: dict[str, Any]) -> None:
    """Whether a body could be one of classify or regress.

    Raises:
        Failure: It could not.
    """
    objects = [body["context"]] if "context" in body else []
    if "examples" not in body:
        raise FAULTS["no examples"](value=shown(body))
    if not isinstance(body["examples"], list):
        raise FAULTS["examples type"](value=shown(body))
    if not body["examples"]:
        raise FAULTS["empty examples"](value=shown(body))
    for value in [*objects, *body["examples"]]:
        if not isinstance(value, dict):
            raise FAULTS["example"](type=_type(value))


def answer(request: Predict, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The JSON value of an answer.

    Args:
        request: What was asked for.
        results: The outputs of each row: lists without padding, or numbers.
    """
    columns = rows.columns(request, results)
    if not request.form:
        return {"outputs": columns}
    by_row = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in by_row]}
