"""The bodies of the Open Inference Protocol, KServe's second; no HTTP, no TensorFlow.

It knows no signatures. A request names its input, and each signature's has a name of its own.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import rows
from .contract import FAULTS
from .limits import Limits
from .messages import dense, shown
from .rows import INPUTS, Predict


class Inference(NamedTuple):
    """What the answer to an inference request of the Open Inference Protocol repeats of it."""

    id: str | None
    outputs: list[str] | None


def read(body: dict[str, Any], longest: int = Limits().longest) -> Predict:
    """What an inference request of the Open Inference Protocol asks for; `form` is an `Inference`.

    Args:
        body: Its JSON object.
        longest: The number of tokens that a sentence may have.

    Raises:
        Failure: It is no request, or too large.
    """
    inputs, identity = body.get("inputs"), body.get("id")
    _check(isinstance(inputs, list) and len(inputs) == 1, "inputs: expecting a list of one tensor")
    _check(identity is None or isinstance(identity, str), "id: expecting a string")
    [tensor] = inputs  # type: ignore[misc]
    _check(isinstance(tensor, dict), "inputs: expecting an object with name, shape, datatype, data")
    names = {name: signature for signature, name in INPUTS.items()}
    name, shape, data = (tensor.get(key) for key in ("name", "shape", "data"))
    _check(isinstance(name, str) and name in names, f"inputs: no input but {_or(names)} is known")
    _check(tensor.get("datatype") == "BYTES", f"input {name}: expecting the datatype BYTES")
    _check(
        isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape),
        f"input {name}: expecting a shape of whole numbers",
    )
    rows.check_rank(names[name], shape)
    _check(isinstance(data, list), f"input {name}: expecting data, a list")
    found = dense(data)
    fits = len(found.values) == math.prod(shape)  # data may be flat, or nested as the shape is
    fits = fits and found.shape in ((len(found.values),), tuple(shape))
    _check(fits, f"input {name}: data of shape {list(found.shape)} are not those of {shape}")
    form = Inference(identity, _outputs(body))
    return rows.read(names[name], shape, found.values, longest, form)


def _outputs(body: dict[str, Any]) -> list[str] | None:
    outputs = body.get("outputs")
    if outputs is None:
        return None
    named = isinstance(outputs, list) and all(isinstance(o, dict) for o in outputs)
    _check(named, "outputs: expecting a list of objects with a name")
    names = [output.get("name") for output in outputs]
    _check(all(isinstance(name, str) for name in names), "outputs: expecting a name of each")
    return names


def _check(condition: bool, reason: str) -> None:
    if not condition:
        raise FAULTS["v2 body"](reason=reason)


def _or(names: Any) -> str:
    return " or ".join(names)


def answer(
    request: Predict, results: Sequence[dict[str, Any]], model: str, version: int
) -> dict[str, Any]:
    """The JSON value of an answer of the Open Inference Protocol.

    Args:
        request: What was asked for.
        results: The outputs of each row: lists without padding, or numbers.
        model: The model.
        version: Its version.

    Raises:
        Failure: An output was asked for that is not there.
    """
    columns = rows.columns(request, results)
    names = list(columns) if request.form.outputs is None else request.form.outputs
    for name in names:
        _check(name in columns, f"outputs: no output is called {shown(name)}")
    outputs = []
    for name in names:
        column = columns[name]
        nested = isinstance(column[0], list)
        outputs.append(
            {
                "name": name,
                "shape": [len(column), len(column[0])] if nested else [len(column)],
                "datatype": datatype(name),
                "data": [value for row in column for value in row] if nested else column,
            }
        )
    identity = {} if request.form.id is None else {"id": request.form.id}
    return {"model_name": model, "model_version": str(version), **identity, "outputs": outputs}


def datatype(output: str) -> str:
    """The name of an output's type in the Open Inference Protocol."""
    return "BYTES" if output in rows.STRINGS else "FP32" if output in rows.FLOATS else "INT32"
