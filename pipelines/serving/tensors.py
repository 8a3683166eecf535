"""TensorFlow Serving's messages of gRPC: what they ask for, and tensors of answers."""

import math
from collections.abc import Sequence
from typing import Any

from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from ..tagger.names import TOKENS
from . import rows
from .contract import FAULTS
from .limits import Limits
from .rows import FLOATS, INPUTS, STRINGS, Predict

MAX_REPEATED = 1 << 20  # bytes that are not sent: as many as a body may have


def signature(name: str) -> str:
    """The signature that a request names; "" means the default.

    Raises:
        Failure: There is none of this name.
    """
    if name and name not in INPUTS:
        raise FAULTS["no signature key"](signature=name)
    return name or TOKENS


def read(
    request: PredictRequest, outputs: Sequence[str], longest: int = Limits().longest
) -> Predict:
    """What a request asks for; `form` are the names of the outputs that it wants.

    Args:
        request: The request.
        outputs: The names of all outputs of its signature.
        longest: The number of tokens that a sentence may have. That of texts is not checked.

    Raises:
        Failure: It is no request for a tagger, or too large.
    """
    name = signature(request.model_spec.signature_name)
    tensor = _input(request, INPUTS[name])
    wanted = _wanted(request, outputs)
    shape = rows.check_rank(name, [dim.size for dim in tensor.tensor_shape.dim])
    return rows.read(name, shape, _values(tensor, shape, INPUTS[name]), longest, wanted)


def _input(request: PredictRequest, name: str) -> TensorProto:
    sent = sorted(request.inputs)
    if len(sent) != 1:
        raise FAULTS["inputs"](
            count=len(sent),
            sent=",".join(sent),
            name=name,
            extra=",".join(x for x in sent if x != name),
            missing="" if name in sent else name,
        )
    if sent != [name]:
        raise FAULTS["alias"](sent=sent[0], name=name)
    tensor = request.inputs[name]
    if tensor.dtype != types_pb2.DT_STRING:
        raise FAULTS["dtype"](name=name, dtype=_dtype(tensor.dtype))
    return tensor


def _dtype(number: int) -> str:
    known = number in types_pb2.DataType.values()
    return str(types_pb2.DataType.Name(number)) if known else str(number)


def _values(tensor: TensorProto, shape: Sequence[int], name: str) -> list[bytes]:
    """The elements of a tensor. The last may stand for all that are missing, as everywhere."""
    found = list(tensor.string_val)
    count = math.prod(shape)
    bounded = not tensor.tensor_shape.unknown_rank and all(
        0 <= size <= max(rows.MAX_TOKENS, len(found)) for size in shape
    )
    if not bounded or len(found) > count or (count and not found):
        raise FAULTS["tensor shape"](name=name, count=len(found), shape=shape)
    if count > max(len(found), rows.MAX_TOKENS):
        raise FAULTS["tokens"](count=count, most=rows.MAX_TOKENS)
    if found and len(found[-1]) * (count - len(found)) > MAX_REPEATED:
        raise FAULTS["repeated"](name=name, most=MAX_REPEATED)
    return found + found[-1:] * (count - len(found))


def _wanted(request: PredictRequest, outputs: Sequence[str]) -> list[str]:
    wanted: list[str] = []
    for name in request.output_filter:
        if name not in outputs:
            raise FAULTS["output"](sent=name, names=",".join(sorted(outputs)))
        if name in wanted:
            raise FAULTS["output twice"](sent=name)
        wanted.append(name)
    return wanted or list(outputs)


def answer(
    request: Predict, results: Sequence[dict[str, Any]], model: str, version: int
) -> PredictResponse:
    """The answer to a request.

    Args:
        request: What was asked for.
        results: The outputs of each row: lists without padding, or numbers.
        model: The model.
        version: Its version.
    """
    response = PredictResponse()
    response.model_spec.name = model
    response.model_spec.version.value = version
    response.model_spec.signature_name = request.signature
    columns = rows.columns(request, results)
    for name in request.form:
        response.outputs[name].CopyFrom(tensor(name, columns[name]))
    return response


def tensor(name: str, column: list[Any]) -> TensorProto:
    """An output as a tensor.

    Args:
        name: Its name, which says what its elements are.
        column: Numbers, or lists of one length.
    """
    nested = isinstance(column[0], list)
    flat = [value for row in column for value in row] if nested else column
    proto = TensorProto()
    for size in (len(column), len(column[0])) if nested else (len(column),):
        proto.tensor_shape.dim.add(size=size)
    if name in STRINGS:
        proto.dtype = types_pb2.DT_STRING
        proto.string_val.extend([value.encode() for value in flat])
    elif name in FLOATS:
        proto.dtype = types_pb2.DT_FLOAT
        proto.float_val.extend(flat)
    else:
        proto.dtype = types_pb2.DT_INT32
        proto.int_val.extend(flat)
    return proto


def signature_def(name: str, ranks: dict[str, int]) -> SignatureDef:
    """The signature of a tagger that is no SavedModel, as one would have it.

    Args:
        name: The signature.
        ranks: The number of dimensions of each output.
    """
    found = SignatureDef(method_name="tensorflow/serving/predict")
    _describe(found.inputs[INPUTS[name]], types_pb2.DT_STRING, rows.RANKS[name])
    found.inputs[INPUTS[name]].name = f"{name}_{INPUTS[name]}:0"
    for output, rank in ranks.items():
        strings, floats = output in STRINGS, output in FLOATS
        dtype = "DT_STRING" if strings else "DT_FLOAT" if floats else "DT_INT32"
        _describe(found.outputs[output], types_pb2.DataType.Value(dtype), rank)
        found.outputs[output].name = f"{name}_{output}:0"
    return found


def _describe(info: Any, dtype: int, rank: int) -> None:
    info.dtype = dtype
    for _ in range(rank):
        info.tensor_shape.dim.add(size=-1)
