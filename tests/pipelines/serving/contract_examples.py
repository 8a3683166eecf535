"""For each row of the table of errors, requests that provoke it and the words that they get.

The words are those of TensorFlow Serving's source, written out, where it has the case.
"""

import gzip
import json
from typing import Any, NamedTuple

from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.regression_pb2 import RegressionRequest

from pipelines.serving.rest import MAX_BODY

PREDICT, INFER = "/v1/models/m:predict", "/v2/models/m/infer"
STRING, FLOAT = 7, 1  # DT_STRING, DT_FLOAT


class Http(NamedTuple):
    """A request of HTTP.

    Attributes:
        fault: The row of the table that it provokes.
        says: The message.
        body: Of a POST: bytes, or a value to be written as JSON.
        path: The path.
        method: The method.
        headers: More headers.
        spare: Whether it comes by a connection that is there for probes.
    """

    fault: str
    says: str
    body: Any = None
    path: str = PREDICT
    method: str = "POST"
    headers: dict[str, str] = {}
    spare: bool = False


class Rpc(NamedTuple):
    """A call of gRPC.

    Attributes:
        fault: The row of the table that it provokes.
        says: The message.
        request: The request.
    """

    fault: str
    says: str
    request: Any


def rows(fault, says, instances, **more):
    return Http(fault, says, {"instances": instances, **more})


ROW = "Failed to process element: {} of 'instances' list. "
BAD = ROW + "Error: INVALID_ARGUMENT: "
NAMED = "Failed to process element: 0 key: {} of 'instances' list. Error: INVALID_ARGUMENT: "


def get(fault, says, path):
    return Http(fault, says, None, path, "GET")


def infer(says, **body):
    tensor = {"name": "tokens", "shape": [1, 1], "datatype": "BYTES", "data": ["a"]}
    inputs = [{**tensor, **body.pop("tensor", {})}]
    return Http("v2 body", says, {"inputs": inputs, **body}, INFER)


HTTP = [
    get("malformed", "Malformed request: GET /v1/models/m:predict", PREDICT),
    get("malformed", "Malformed request: GET /v1/models/m/", "/v1/models/m/"),
    Http("malformed", "Malformed request: POST /v1/models/m", {}, "/v1/models/m"),
    Http("malformed", "Malformed request: OPTIONS /v1/models/m", None, "/v1/models/m", "OPTIONS"),
    get("no path", "Not found: GET /nope", "/nope"),
    get("no path", "Not found: GET /healthz/", "/healthz/"),
    Http("no method", "Method not allowed: POST /healthz", b"", "/healthz"),
    get("no method", f"Method not allowed: GET {INFER}", INFER),
    get("no name", "Missing model name in request.", "/v1/models"),
    rows("no model", "Servable not found for request: Latest(half)", [["a"]])._replace(
        path="/v1/models/half:predict"
    ),
    get("no model", "Servable not found for request: Latest(x/y)", "/v1/models/x%2Fy/metadata"),
    get("no model", "Servable not found for request: Latest(half)", "/v2/models/half/ready"),
    rows("no version", "Servable not found for request: Specific(m, 9)", [["a"]])._replace(
        path="/v1/models/m/versions/9:predict"
    ),
    rows("no label", "Unrecognized servable version label: x", [["a"]])._replace(
        path="/v1/models/m/labels/x:predict"
    ),
    get(
        "large version",
        "Failed to convert version: 9223372036854775808 to numeric.",
        "/v1/models/m/versions/9223372036854775808",
    ),
    get("large version", f"Failed to convert version: {'9' * 5000} to numeric.",
        f"/v1/models/m/versions/{'9' * 5000}"),
    get("no status", "Could not find any versions of model x", "/v1/models/x"),
    get("no status of version", "Could not find version 9 of model m", "/v1/models/m/versions/9"),
    rows("no signature", 'Serving signature name: "x" not found in signature def', 3,
         signature_name="x"),
    rows("no signature", 'Serving signature name: "\ud800" not found in signature def', 3,
         signature_name="\ud800"),
    Http("no such signature", "No signature was found with the name: x",
         {"signature_name": "x", "examples": [{}]}, "/v1/models/m:classify"),
    Http(
        "no classification",
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict",
        {"examples": [{"a": 1}], "context": {}},
        "/v1/models/m:classify",
    ),
    Http(
        "no regression",
        "Expected regression signature method_name to be tensorflow/serving/regress. "
        "Was: tensorflow/serving/predict",
        {"examples": [{"a": 1}]},
        "/V1/Models/m:REGRESS",
    ),
    Http("too large", f"the body has more than {MAX_BODY} bytes", b" " * (MAX_BODY + 1)),
    Http("too large", f"the body has more than {MAX_BODY} bytes",
         gzip.compress(b" " * (MAX_BODY + 1)), headers={"content-encoding": "gzip"}),
    Http("encoding", "Content-Encoding: br: only gzip is understood", {},
         headers={"content-encoding": "br"}),
    Http("no gzip",
         "the body is not gzip: Error -3 while decompressing data: incorrect header check",
         {}, headers={"content-encoding": "gzip"}),
    Http("no gzip", "the body is not gzip: it is cut off, or something comes after it",
         gzip.compress(b"{}")[:-3], headers={"content-encoding": "gzip"}),
    Http("empty body", "JSON Parse error: The document is empty", b""),
    Http("no JSON", "JSON Parse error: Expecting value at offset: 14", b'{"instances": ?}'),
    Http("no JSON", "JSON Parse error: not UTF-8 at offset: 2", b'["\xff"]'),
    Http("no JSON", "JSON Parse error: nested too deep", b"[" * 100_000),
    Http("no JSON", "JSON Parse error: a number of thousands of digits", b"[" + b"9" * 5000 + b"]"),
    Http("no JSON", "JSON Parse error: Invalid control character at offset: 2", b'{"\n": 1}'),
    Http(
        "no JSON",
        "JSON Parse error: the key 'instances' comes twice in one object; leave one",
        b'{"instances": ["a"], "instances": ["b"]}',
    ),
    Http(  # as many keys as fit, in no time
        "no JSON",
        "JSON Parse error: the key 'z' comes twice in one object; leave one",
        b'{%s,"z":1,"z":1}' % b",".join(b'"%d":1' % n for n in range(90_000)),
    ),
    Http("no object", 'JSON Value: [["a"]] Is not object', [["a"]]),
    Http(
        "signature type",
        'JSON Value: {"signature_name": 100} not formatted correctly. '
        "'signature_name' key must be a string value.",
        {"signature_name": 100},
    ),
    Http("no input", "Missing 'inputs' or 'instances' key", {"instance": [["a"]]}),
    Http(
        "two inputs",
        'JSON Value: {"inputs": 1, "instances": 2} Not formatted correctly expecting only one of '
        "'inputs' or 'instances' keys to exist ",
        {"inputs": 1, "instances": 2},
    ),
    rows("no list",
         "JSON Value: {\"instances\": \"a\"} Expecting 'instances' to be an list/array", "a"),
    rows("empty list", "JSON Value: {\"instances\": []} No values in 'instances' array", []),
    rows("list among objects", "Expecting object but got list at item 1 of input list",
         [{"tokens": ["a"]}, ["a"]]),
    rows("object among lists", "Expecting value/list but got object at item 1 of input list",
         [["a"], {"tokens": ["a"]}]),
    rows("size", BAD.format(1) + "Expecting tensor size: 1 but got: 2", [["a"], ["a", "b"]]),
    rows("element", BAD.format(1) + "Expecting tensor size: 1 but got: 2", [["a"], ["a", "b"]]),
    rows("shape", BAD.format(1) + "Expecting shape [2] but got: [1,2]", [["a", "b"], [["a", "b"]]]),
    rows("named element", NAMED.format("tokens") +
         "JSON Value: 1 Type: Number is not of expected type: string", [{"tokens": [1]}]),
    rows("unknown name", NAMED.format("c") + "JSON object: does not have named input: c",
         [{"c": ["a"]}]),
    rows("keys", ROW.format(0) + "JSON object: {} keys must be equal to: tokens", [{}]),
    Http("no named input", "Missing named input: tokens in 'inputs' object.",
         {"inputs": {"text": ["a"]}}),
    Http("ragged", "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
         {"inputs": [["a", "b"], ["c"]]}),
    *(
        rows("alternatives", "'alternatives': expecting a whole number from 1 to 5", [["a"]],
             alternatives=count)
        for count in (0, 6, True, "3", None)
    ),
    rows("no alternatives", "the model gives no alternatives; the server's log says why",
         [["only"]], alternatives=1),
    rows("tokens", "3334 tokens in a request; 3333 are allowed", [["a"] * 3334], alternatives=1),
    Http("characters", "the texts are too long: 16666 characters are allowed",
         {"signature_name": "text", "inputs": ["a" * 16_667], "alternatives": 5}),
    Http("deep", "Encountered list at unexpected level: 1 expected < 1",
         {"inputs": ["a", ["b"]]}),
    Http("shallow",
         'JSON Value: "b" found at incorrect level: 2 in the JSON DOM. Expected at level: 2',
         {"inputs": [["a"], "b"]}),
    *(
        Http("type", f"JSON Value: {shown} Type: {type} is not of expected type: string",
             {"inputs": [["a", value]]})
        for value, shown, type in [
            (None, "null", "Null"),
            (True, "true", "True"),
            (1.5, "1.5", "Number"),
            (float("nan"), "NaN", "Number"),
        ]
    ),
    Http("base64 object", 'JSON Value: {"b64": 1} not formatted correctly for base64 data',
         {"inputs": [[{"b64": 1}]]}),
    Http("base64", "Unable to base64 decode", {"inputs": [[{"b64": "?"}]]}),
    Http(
        "no examples",
        "JSON Value: {\"instances\": 1} When method is classify, key 'examples' is expected and "
        "was not found",
        {"instances": 1},
        "/v1/models/m:classify",
    ),
    Http("examples type",
         "JSON Value: {\"examples\": 1} Expecting 'examples' value to be an list/array",
         {"examples": 1}, "/v1/models/m:regress"),
    Http("empty examples", "JSON Value: {\"examples\": []} 'examples' value is an empty array",
         {"examples": []}, "/v1/models/m:regress"),
    Http("example", "Example must be JSON object but got JSON Array", {"examples": [[]]},
         "/v1/models/m:regress"),
    infer("inputs: expecting a list of one tensor", inputs=[]),
    infer("inputs: expecting an object with name, shape, datatype, data", inputs=["a"]),
    infer("id: expecting a string", id=3),
    infer("inputs: no input but tokens or text is known", tensor={"name": "words"}),
    infer("input tokens: expecting the datatype BYTES", tensor={"datatype": "FP32"}),
    infer("input tokens: expecting a shape of whole numbers", tensor={"shape": [1, -1]}),
    infer("input tokens: expecting data, a list", tensor={"data": None}),
    infer("input tokens: data of shape [1] are not those of [1, 10000000000000000000]",
          tensor={"shape": [1, 10**19]}),
    infer("outputs: expecting a list of objects with a name", outputs=["tags"]),
    infer("outputs: expecting a name of each", outputs=[{}]),
    infer('outputs: no output is called "x"', outputs=[{"name": "x"}]),
    rows("rank", "input tokens: expecting the shape [batch,steps], not [1,1,1]", [[["a"]]]),
    infer("", tensor={"shape": [99] * 200_000})._replace(
        fault="rank",
        says="input tokens: expecting the shape [batch,steps], not [99,99,99,99,99,99,99,99,...]",
    ),
    Http("rank", "input text: expecting the shape [batch], not []",
         {"signature_name": "text", "inputs": "a"}),
    Http("nothing", "input text: there is no row in it", {"signature_name": "text", "inputs": []}),
    Http("encoded", "input text: not UTF-8, or an unpaired surrogate",
         b'{"signature_name": "text", "inputs": ["\\ud800"]}'),
    Http("encoded", "input tokens: not UTF-8, or an unpaired surrogate",
         {"inputs": [[{"b64": "/w"}]]}),
    rows("sentences", "257 sentences in a request; 256 are allowed", [["a"]] * 257),
    Http("tokens", "20001 tokens in a request; 20000 are allowed", {"inputs": [["a"] * 20_001]}),
    Http("characters", "the texts are too long: 100000 characters are allowed",
         {"signature_name": "text", "inputs": ["a", "b" * 50_001]}),
    rows("long", "1001 tokens in a sentence; 1000 are allowed", [["a"] * 1001]),
    rows("peer", "this address has too many requests under way", [["a"]])._replace(spare=True),
    rows("not finite", "the scores of a sentence are not finite: the model cannot tag it",
         [["nan"]]),
    rows("failed", "the model failed; the server's log says why", [["bug"]]),
]  # fmt: skip


def predict(values=(b"a",), shape=(1, 1), dtype=STRING, name="tokens", signature="", **spec):
    request = PredictRequest()
    request.model_spec.name = "m"
    request.model_spec.signature_name = signature
    for key, value in spec.items():
        if key == "version":
            request.model_spec.version.value = value
        else:
            setattr(request.model_spec, key, value)
    tensor = request.inputs[name]
    tensor.dtype = dtype
    tensor.string_val.extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return request


def filtered(*names):
    request = predict()
    request.output_filter.extend(names)
    return request


def of_model(kind, name="m", signature="", **fields):
    request = kind(**fields)
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    return request


def two_inputs():
    request = predict()
    request.inputs["extra"].CopyFrom(request.inputs["tokens"])
    return request


def of_version(kind, number):
    request = of_model(kind)
    request.model_spec.version.value = number
    return request


def config(**entry):
    request = ReloadConfigRequest()
    if entry:
        request.config.model_config_list.config.add(**entry)
    return request


HUGE = "x" * 2000
RPC = [
    Rpc("no spec", "Missing ModelSpec", PredictRequest()),
    Rpc("no spec", "Missing ModelSpec", GetModelStatusRequest()),
    Rpc("no spec", "Missing ModelSpec", GetModelMetadataRequest()),
    Rpc("no model", "Servable not found for request: Latest(half)",
        of_model(PredictRequest, "half")),
    Rpc("no version", "Servable not found for request: Specific(m, 9)", predict(version=9)),
    Rpc("no version", "Servable not found for request: Specific(m, 0)", predict(version=0)),
    Rpc("no label", "Unrecognized servable version label: x", predict(version_label="x")),
    Rpc("no status", "Could not find any versions of model x",
        of_model(GetModelStatusRequest, "x")),
    Rpc("no status of version", "Could not find version 9 of model m",
        of_version(GetModelStatusRequest, 9)),
    Rpc("no field", "GetModelMetadataRequest must specify at least one metadata_field",
        of_model(GetModelMetadataRequest)),
    Rpc("unknown field", "Metadata field x is not supported",
        of_model(GetModelMetadataRequest, metadata_field=["signature_def", "x"])),
    Rpc("unknown field", f"Metadata field {HUGE}"[:1024] + "...TRUNCATED",
        of_model(GetModelMetadataRequest, metadata_field=[HUGE])),
    Rpc("bad config", "model_config_list: no config is in it", config()),
    Rpc("bad config", "m: base_path 'm': give an absolute path, as TensorFlow Serving wants it",
        config(name="m", base_path="m")),
    Rpc("no signature key", 'Serving signature key "x" not found.', predict(signature="x")),
    Rpc("no such signature", "No signature was found with the name: x",
        of_model(ClassificationRequest, signature="x")),
    Rpc(
        "no classification",
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict",
        of_model(ClassificationRequest),
    ),
    Rpc(
        "no regression",
        "Expected regression signature method_name to be tensorflow/serving/regress. "
        "Was: tensorflow/serving/predict",
        of_model(RegressionRequest, signature="text"),
    ),
    Rpc(
        "inputs",
        "input size does not match signature: 0!=1 len({}) != len({tokens}). Sent extra: {}. "
        "Missing but required: {tokens}.",
        of_model(PredictRequest),
    ),
    Rpc(
        "inputs",
        "input size does not match signature: 2!=1 len({extra,tokens}) != len({tokens}). "
        "Sent extra: {extra}. Missing but required: {}.",
        two_inputs(),
    ),
    Rpc("alias", "input tensor alias not found in signature: words. "
        "Inputs expected to be in the set {tokens}.", predict(name="words")),
    Rpc("dtype", "input tokens: expecting DT_STRING, not DT_FLOAT", predict(dtype=FLOAT)),
    Rpc("dtype", "input tokens: expecting DT_STRING, not 77", predict(dtype=77)),
    Rpc("tensor shape", "input tokens: 2 values do not fill the shape [1, 1]",
        predict((b"a", b"b"))),
    Rpc("tensor shape", "input tokens: 0 values do not fill the shape [1, 1]", predict(())),
    Rpc("tensor shape", "input tokens: 1 values do not fill the shape [-1, -1]",
        predict(shape=(-1, -1))),
    Rpc("tensor shape", "input tokens: 1 values do not fill the shape [1, 1000000000000]",
        predict(shape=(1, 10**12))),
    Rpc("repeated", "input tokens: its last value, repeated to fill the shape, has more than "
        "1048576 bytes", predict((b"a" * 100_000,), (1, 1000))),
    Rpc("output", "output tensor alias not found in signature: x Outputs expected to be in the "
        "set {lengths,scores,tags}.", filtered("x")),
    Rpc("output twice", "duplicate output tensor alias: tags", filtered("tags", "tags")),
    Rpc("rank", "input tokens: expecting the shape [batch,steps], not [1]", predict(shape=(1,))),
    Rpc("rank",
        "input tokens: expecting the shape [batch,steps], not [99,99,99,99,99,99,99,99,...]",
        predict(shape=(99,) * 200_000)),
    Rpc("nothing", "input tokens: there is no row in it", predict((), (0, 3))),
    Rpc("encoded", "input tokens: not UTF-8, or an unpaired surrogate", predict((b"\xff",))),
    Rpc("sentences", "300 sentences in a request; 256 are allowed", predict(shape=(300, 1))),
    Rpc("tokens", "40000 tokens in a request; 20000 are allowed", predict(shape=(200, 200))),
    Rpc("characters", "the texts are too long: 100000 characters are allowed",
        predict((b"a" * 100_001,), (1,), name="text", signature="text")),
    Rpc("long", "1001 tokens in a sentence; 1000 are allowed", predict(shape=(1, 1001))),
    Rpc("not finite", "the scores of a sentence are not finite: the model cannot tag it",
        predict((b"nan",))),
    Rpc("failed", "the model failed; the server's log says why", predict((b"bug",))),
]  # fmt: skip


def encoded(body):
    return body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
