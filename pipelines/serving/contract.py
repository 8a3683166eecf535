"""Every error that a client can get, as one table of codes and messages; no HTTP, no TensorFlow.

The protocols take their statuses and messages from here, `docs/contract.rst` is written from it and
from `routes`, and the tests provoke each of its rows. Codes and messages are those of TensorFlow
Serving, so far as it has the case: its clients tell errors apart by them.
"""

from .failures import Code, Fault

_INVALID = Code.INVALID_ARGUMENT
FAULTS = {
    # Which model
    "malformed": Fault(
        "no such path below /v1/, or another method than the path's",
        _INVALID,
        "Malformed request: {method} {path}",
        "REST",
    ),
    "no path": Fault(
        "no such path elsewhere", Code.NOT_FOUND, "Not found: {method} {path}", "REST"
    ),
    "no method": Fault(
        "another method than that of the path, outside /v1/",
        _INVALID,
        "Method not allowed: {method} {path}",
        "REST",
        405,
    ),
    "no name": Fault("no model is named", _INVALID, "Missing model name in request.", "REST"),
    "no spec": Fault("no model is named", _INVALID, "Missing ModelSpec", "gRPC"),
    "no model": Fault(
        "unknown model, or none of its versions is available",
        Code.NOT_FOUND,
        "Servable not found for request: Latest({model})",
    ),
    "no version": Fault(
        "unknown version",
        Code.NOT_FOUND,
        "Servable not found for request: Specific({model}, {version})",
    ),
    "no label": Fault("unknown label", _INVALID, "Unrecognized servable version label: {label}"),
    "large version": Fault(
        "a version beyond 64 bits",
        _INVALID,
        "Failed to convert version: {version} to numeric.",
        "REST",
    ),
    "no status": Fault(
        "status of an unknown model",
        Code.NOT_FOUND,
        "Could not find any versions of model {model}",
    ),
    "no status of version": Fault(
        "status of an unknown version",
        Code.NOT_FOUND,
        "Could not find version {version} of model {model}",
    ),
    "no field": Fault(
        "metadata without a field",
        _INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
        "gRPC",
    ),
    "unknown field": Fault(
        "metadata of another field than signature_def",
        _INVALID,
        "Metadata field {field} is not supported",
        "gRPC",
    ),
    "reload": Fault(
        "HandleReloadConfigRequest to a server without --reload",
        Code.PERMISSION_DENIED,
        "this server was started without --reload",
        "gRPC",
    ),
    "bad config": Fault(
        "a configuration that names no models, or such as cannot be loaded",
        _INVALID,
        "{reason}",
        "gRPC",
    ),
    # Which signature
    "no signature": Fault(
        "unknown signature",
        _INVALID,
        'Serving signature name: "{signature}" not found in signature def',
        "REST",
    ),
    "no signature key": Fault(
        "unknown signature",
        Code.FAILED_PRECONDITION,
        'Serving signature key "{signature}" not found.',
        "gRPC",
    ),
    "no such signature": Fault(
        "classify or regress, unknown signature",
        _INVALID,
        "No signature was found with the name: {signature}",
    ),
    "no classification": Fault(
        "classify: taggers have predict signatures",
        _INVALID,
        "Expected classification signature method_name to be tensorflow/serving/classify. "
        "Was: tensorflow/serving/predict",
    ),
    "no regression": Fault(
        "regress: likewise",
        _INVALID,
        "Expected regression signature method_name to be tensorflow/serving/regress. "
        "Was: tensorflow/serving/predict",
    ),
    # The body
    "too large": Fault(
        "a body beyond the limit", _INVALID, "the body has more than {most} bytes", "REST", 413
    ),
    "encoding": Fault(
        "a Content-Encoding other than gzip",
        _INVALID,
        "Content-Encoding: {encoding}: only gzip is understood",
        "REST",
        415,
    ),
    "no gzip": Fault("a broken gzip body", _INVALID, "the body is not gzip: {reason}", "REST"),
    "empty body": Fault("no body", _INVALID, "JSON Parse error: The document is empty", "REST"),
    "no JSON": Fault("a body that is no JSON", _INVALID, "JSON Parse error: {reason}", "REST"),
    "no object": Fault(
        "a body that is no object", _INVALID, "JSON Value: {value} Is not object", "REST"
    ),
    "signature type": Fault(
        "signature_name is no string",
        _INVALID,
        "JSON Value: {value} not formatted correctly. 'signature_name' key must be a string value.",
        "REST",
    ),
    "no input": Fault(
        "neither instances nor inputs", _INVALID, "Missing 'inputs' or 'instances' key", "REST"
    ),
    "two inputs": Fault(
        "both instances and inputs",
        _INVALID,
        "JSON Value: {value} Not formatted correctly expecting only one of 'inputs' or "
        "'instances' keys to exist ",
        "REST",
    ),
    "no list": Fault(
        "instances is no list",
        _INVALID,
        "JSON Value: {value} Expecting 'instances' to be an list/array",
        "REST",
    ),
    "empty list": Fault(
        "instances is empty", _INVALID, "JSON Value: {value} No values in 'instances' array", "REST"
    ),
    "list among objects": Fault(
        "a list among objects",
        _INVALID,
        "Expecting object but got list at item {item} of input list",
        "REST",
    ),
    "object among lists": Fault(
        "an object among lists",
        _INVALID,
        "Expecting value/list but got object at item {item} of input list",
        "REST",
    ),
    "element": Fault(
        "a row of instances that is wrong; the reason is one of those below",
        _INVALID,
        "Failed to process element: {item} of 'instances' list. Error: INVALID_ARGUMENT: {reason}",
        "REST",
    ),
    "named element": Fault(
        "likewise, of an object",
        _INVALID,
        "Failed to process element: {item} key: {key} of 'instances' list. "
        "Error: INVALID_ARGUMENT: {reason}",
        "REST",
    ),
    "keys": Fault(
        "an object with other keys than the input's name",
        _INVALID,
        "Failed to process element: {item} of 'instances' list. JSON object: {value} keys must be "
        "equal to: {name}",
        "REST",
    ),
    "unknown name": Fault(
        "an object with an unknown key",
        _INVALID,
        "JSON object: does not have named input: {name}",
        "REST",
    ),
    "size": Fault(
        "rows of different length: pad them with empty strings",
        _INVALID,
        "Expecting tensor size: {wanted} but got: {got}",
        "REST",
    ),
    "shape": Fault(
        "rows of different shape", _INVALID, "Expecting shape {wanted} but got: {got}", "REST"
    ),
    "no named input": Fault(
        "inputs is an object without the input's name",
        _INVALID,
        "Missing named input: {name} in 'inputs' object.",
        "REST",
    ),
    "ragged": Fault(
        "lists of different length: pad them with empty strings",
        _INVALID,
        "Encountered list at unexpected size: {got} at level: {level} expected size: {wanted}",
        "REST",
    ),
    "alternatives": Fault(
        "alternatives is no number of sequences that is allowed",
        _INVALID,
        "'alternatives': expecting a whole number from 1 to {most}",
        "REST",
    ),
    "no alternatives": Fault(
        "alternatives of a model that has none",
        Code.FAILED_PRECONDITION,
        "the model gives no alternatives; the server's log says why",
        "REST",
    ),
    "deep": Fault(
        "a list in place of a string",
        _INVALID,
        "Encountered list at unexpected level: {level} expected < {rank}",
        "REST",
    ),
    "shallow": Fault(
        "a string in place of a list",
        _INVALID,
        "JSON Value: {value} found at incorrect level: {level} in the JSON DOM. "
        "Expected at level: {rank}",
        "REST",
    ),
    "type": Fault(
        "no string",
        _INVALID,
        "JSON Value: {value} Type: {type} is not of expected type: string",
        "REST",
    ),
    "base64 object": Fault(
        'an object that is not {"b64": "..."}',
        _INVALID,
        "JSON Value: {value} not formatted correctly for base64 data",
        "REST",
    ),
    "base64": Fault("bad base64", _INVALID, "Unable to base64 decode", "REST"),
    "no examples": Fault(
        "classify or regress without examples",
        _INVALID,
        "JSON Value: {value} When method is classify, key 'examples' is expected and was not found",
        "REST",
    ),
    "examples type": Fault(
        "examples is no list",
        _INVALID,
        "JSON Value: {value} Expecting 'examples' value to be an list/array",
        "REST",
    ),
    "empty examples": Fault(
        "examples is empty",
        _INVALID,
        "JSON Value: {value} 'examples' value is an empty array",
        "REST",
    ),
    "example": Fault(
        "an example that is no object",
        _INVALID,
        "Example must be JSON object but got JSON {type}",
        "REST",
    ),
    # Tensors
    "inputs": Fault(
        "another number of inputs than the signature's",
        _INVALID,
        "input size does not match signature: {count}!=1 len({{{sent}}}) != len({{{name}}}). "
        "Sent extra: {{{extra}}}. Missing but required: {{{missing}}}.",
        "gRPC",
    ),
    "alias": Fault(
        "an input of another name",
        _INVALID,
        "input tensor alias not found in signature: {sent}. "
        "Inputs expected to be in the set {{{name}}}.",
        "gRPC",
    ),
    "dtype": Fault(
        "a tensor that is no string",
        _INVALID,
        "input {name}: expecting DT_STRING, not {dtype}",
        "gRPC",
    ),
    "tensor shape": Fault(
        "a tensor whose values do not fill its shape",
        _INVALID,
        "input {name}: {count} values do not fill the shape {shape}",
        "gRPC",
    ),
    "repeated": Fault(
        "a long last value that would stand for many",
        _INVALID,
        "input {name}: its last value, repeated to fill the shape, has more than {most} bytes",
        "gRPC",
    ),
    "output": Fault(
        "output_filter names an unknown output",
        _INVALID,
        "output tensor alias not found in signature: {sent} "
        "Outputs expected to be in the set {{{names}}}.",
        "gRPC",
    ),
    "output twice": Fault(
        "output_filter names an output twice",
        _INVALID,
        "duplicate output tensor alias: {sent}",
        "gRPC",
    ),
    # The Open Inference Protocol
    "v2 body": Fault("/v2/: a body of another form", _INVALID, "{reason}", "REST"),
    # Of both
    "rank": Fault(
        "an input of another rank than the signature's",
        _INVALID,
        "input {name}: expecting the shape {wanted}, not {got}",
    ),
    "nothing": Fault("an input without a row", _INVALID, "input {name}: there is no row in it"),
    "encoded": Fault(
        "bytes that are no text", _INVALID, "input {name}: not UTF-8, or an unpaired surrogate"
    ),
    "sentences": Fault(
        "too many rows", _INVALID, "{count} sentences in a request; {most} are allowed"
    ),
    "tokens": Fault("too many tokens", _INVALID, "{count} tokens in a request; {most} are allowed"),
    "characters": Fault(
        "too long texts", _INVALID, "the texts are too long: {most} characters are allowed"
    ),
    "long": Fault(
        "too long a sentence", _INVALID, "{count} tokens in a sentence; {most} are allowed"
    ),
    # Room and time
    "full": Fault(
        "too much waits already",
        Code.RESOURCE_EXHAUSTED,
        "more than {most} tokens would be waiting",
    ),
    "slow": Fault(
        "it would have to wait for too large a part of its deadline",
        Code.RESOURCE_EXHAUSTED,
        "the answer would have to wait for {seconds:.1f} s",
    ),
    "peer": Fault(
        "the client's address has too many requests under way",
        Code.RESOURCE_EXHAUSTED,
        "this address has too many requests under way",
    ),
    "receiving": Fault(
        "too many bytes of bodies are under way",
        Code.UNAVAILABLE,
        "too many requests are being received",
        "REST",
    ),
    "late": Fault("the deadline passed", Code.DEADLINE_EXCEEDED, "no answer within {seconds:g} s"),
    "closed": Fault("the server ends", Code.UNAVAILABLE, "the server is shutting down"),
    "not ready": Fault(
        "readiness while a model has no version, or the server ends",
        Code.UNAVAILABLE,
        "not ready: {reason}",
        "REST",
    ),
    "gone": Fault("the client hung up", Code.CANCELLED, "the client is gone"),
    "not finite": Fault(
        "scores that are not finite",
        Code.INTERNAL,
        "the scores of a sentence are not finite: the model cannot tag it",
    ),
    "failed": Fault(
        "the model failed",
        Code.INTERNAL,
        "the model failed; the server's log says why",
    ),
}
