"""Serve: every request gets an answer that says what to do; good ones get what `tag` gives."""

import http.client
import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from pipelines.serving import loading
from pipelines.serving.contract import FAULTS
from pipelines.serving.limits import Limits
from pipelines.serving.rest import MAX_BODY
from pipelines.serving.rows import MAX_CHARACTERS, MAX_SENTENCES, MAX_TOKENS
from pipelines.serving.service import _failure
from pipelines.serving.taggers import NoTags, load
from pipelines.serving.tagging import tag

pytestmark = pytest.mark.ci  # a server in a process of its own

WORDS = ["Peter", "Lind", "works", "for", "Global", "Airways", "in", "London", "."]
SHORT = ["It", "rained"]


class Server:
    """A `lstm-variants serve` of its own process."""

    def __init__(self, process):
        self.process = process
        self.says = process.stdout.readline()
        self.url = self.says.split()[-1]
        self.grpc = process.stdout.readline().split()[-1]
        self.first = self.post({"instances": [["Oslo"]]})  # the moment the URL is there

    def request(self, url, data=None):
        """Status and JSON of the answer, or the answer as it is where it is no JSON."""
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
            try:
                return error.code, json.loads(body)
            except ValueError:
                return error.code, body
        except urllib.error.URLError as error:
            return None, str(error)

    def post(self, body, url=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request(url or self.url, data)


@pytest.fixture(scope="module")
def server(start_for_module, exported):
    server = Server(start_for_module("serve", exported, "--port", 0))
    for _ in range(100):  # test_it_answers_as_soon_as_it_says_where is strict, the others are not
        if server.post({"instances": [["Oslo"]]})[0] is not None:
            break
        time.sleep(0.1)
    return server


@pytest.fixture(scope="module")
def expected(trained):
    """What `tag` gives for the two sentences."""
    return list(tag(load(trained), [" ".join(WORDS), " ".join(SHORT)], split=True))


def padded(values, blank):
    return [*values, *[blank] * (len(WORDS) - len(values))]


def close(scores):
    return pytest.approx(scores, abs=1e-5)


def test_answers_through_one_connection_are_not_held_back(server):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=60)
    seconds = []
    for _ in range(60):  # the first few are always acknowledged at once
        began = time.perf_counter()
        connection.request("POST", server.url, json.dumps({"instances": [["Oslo"]]}))
        assert connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()
    # By Nagle's algorithm and delayed acknowledgement, each would take 40 ms or more.
    assert min(seconds[-20:]) < 0.04


def test_it_answers_as_soon_as_it_says_where(server, exported):
    assert f"serving {exported / '1'} at http://127.0.0.1:" in server.says
    assert server.first[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [WORDS, padded(SHORT, "")]},
        {"instances": [{"tokens": WORDS}, {"tokens": padded(SHORT, "")}]},
        {"signature_name": "serving_default", "instances": [WORDS, padded(SHORT, "")]},
    ],
)
def test_sentences_by_row_get_the_tags_that_tag_gives(body, server, expected):
    status, answer = server.post(body)
    assert status == 200
    assert answer.keys() == {"predictions"}
    for found, sentence in zip(answer["predictions"], expected, strict=True):
        assert found == {
            "tags": padded(sentence.tags, ""),
            "scores": close(padded(sentence.scores, 0.0)),
            "lengths": len(sentence.tokens),
        }


@pytest.mark.parametrize(
    "inputs", [[WORDS, padded(SHORT, "")], {"tokens": [WORDS, padded(SHORT, "")]}]
)
def test_sentences_by_column_get_the_tags_that_tag_gives(inputs, server, expected):
    status, answer = server.post({"inputs": inputs})
    assert status == 200
    assert answer["outputs"] == {
        "tags": [padded(sentence.tags, "") for sentence in expected],
        "scores": [close(padded(sentence.scores, 0.0)) for sentence in expected],
        "lengths": [len(WORDS), len(SHORT)],
    }


@pytest.mark.parametrize(
    "part",
    [
        {"instances": [" ".join(WORDS), "It rained"]},
        {"instances": [{"text": " ".join(WORDS)}, {"text": "It rained"}]},
        {"inputs": [" ".join(WORDS), "It rained"]},
        {"inputs": {"text": [" ".join(WORDS), "It rained"]}},
    ],
)
def test_text_gets_the_words_and_tags_that_tag_gives(part, server, expected):
    status, answer = server.post({"signature_name": "text", **part})
    assert status == 200
    if "inputs" in part:
        columns = answer["outputs"]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        rows = answer["predictions"]
    most = max(len(sentence.entities) for sentence in expected)
    for found, sentence in zip(rows, expected, strict=True):
        assert found == {
            "tokens": padded(sentence.tokens, ""),
            "tags": padded(sentence.tags, ""),
            "scores": close(padded(sentence.scores, 0.0)),
            "lengths": len(sentence.tokens),
            "starts": padded(sentence.starts, 0),
            "ends": padded(sentence.ends, 0),
            "sentences": [0] * len(WORDS),
            "entities": len(sentence.entities),
            **{
                f"entity_{key}s": [*values, *[blank] * (most - len(values))]
                for key, blank in (("type", ""), ("start", 0), ("end", 0))
                for values in [[getattr(entity, key) for entity in sentence.entities]]
            },
        }


@pytest.fixture(scope="module")
def stub(server):
    """TensorFlow Serving's own client."""
    with grpc.insecure_channel(server.grpc) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.mark.parametrize(
    ("signature", "values"),
    [("", [WORDS, padded(SHORT, "")]), ("text", [" ".join(WORDS), "It rained. In Oslo."])],
)
def test_the_official_client_gets_what_rest_gives(signature, values, stub, server):
    name = "text" if signature else "tokens"
    request = PredictRequest(model_spec={"name": "tagger", "signature_name": signature})
    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
    found = {k: tf.make_ndarray(v) for k, v in stub.Predict(request, timeout=30).outputs.items()}
    status, answer = server.post({"signature_name": signature, "inputs": values})
    assert status == 200 and found.keys() == answer["outputs"].keys()
    for output, array in found.items():
        if array.dtype == object:
            array = np.vectorize(bytes.decode, otypes=[object])(array)
        wanted = np.array(answer["outputs"][output], array.dtype)
        np.testing.assert_allclose(array, wanted, atol=1e-5) if output == "scores" else (
            np.testing.assert_array_equal(array, wanted)
        )


def test_the_metadata_are_those_of_the_saved_model(stub, server, exported):
    request = GetModelMetadataRequest(model_spec={"name": "tagger"})
    request.metadata_field.append("signature_def")
    found = SignatureDefMap()
    assert stub.GetModelMetadata(request, timeout=30).metadata["signature_def"].Unpack(found)
    saved = tf.saved_model.load(str(exported / "1")).signatures
    assert found.signature_def.keys() == {"serving_default", "text"}
    status, answer = server.request(server.url.replace(":predict", "/metadata"))
    assert status == 200
    of_rest = answer["metadata"]["signature_def"]["signature_def"]
    for name, function in saved.items():
        if name in found.signature_def:
            for output, spec in function.structured_outputs.items():
                of_grpc, info = found.signature_def[name].outputs[output], of_rest[name]["outputs"]
                assert of_grpc.dtype == spec.dtype.as_datatype_enum
                assert len(info[output]["tensor_shape"]["dim"]) == spec.shape.rank


def test_a_version_is_reached_by_its_number_too(server):
    version = server.url.replace(":predict", "/versions/1:predict")
    body = {"instances": [WORDS]}
    assert server.post(body, version) == server.post(body)
    assert server.post(body, version.replace("/1:", "/2:"))[0] == 404


def test_the_status_says_which_version_is_there(server):
    status, answer = server.request(server.url.removesuffix(":predict"))
    assert status == 200
    [found] = answer["model_version_status"]
    assert (found["version"], found["state"]) == ("1", "AVAILABLE")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON"),
        (b'{"instances": [["a"]', "JSON"),
        (b'{"instances": [["\xff"]]}', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"a":' * 100_000, "JSON"),
        ([["a"]], "object"),
        ({}, "'inputs' or 'instances'"),
        ({"instance": [["a"]]}, "'inputs' or 'instances'"),
        ({"instances": [["a"]], "inputs": [["a"]]}, "'inputs' or 'instances'"),
        ({"signature_name": "nope", "instances": [["a"]]}, '"nope"'),
        ({"signature_name": 3, "instances": [["a"]]}, "signature"),
        ({"signature_name": ["text"], "instances": ["a"]}, "signature"),
        ({"instances": []}, "No values"),
        ({"instances": "a"}, "list/array"),
        ({"instances": None}, "list/array"),
        ({"instances": ["a", "b"]}, "[batch,steps], not [2]"),
        ({"instances": [["a", "b"], ["c"]]}, "Expecting tensor size: 2 but got: 1"),
        ({"instances": [["a", 1]]}, "type: string"),
        ({"instances": [["a", None]]}, "type: string"),
        ({"instances": [["a", ["b"]]]}, "unexpected level"),
        ({"instances": [{"tokens": ["a"], "id": 1}]}, "named input: id"),
        ({"instances": [{"text": ["a"]}]}, "named input: text"),
        ({"instances": [{"tokens": ["a"]}, ["b"]]}, "object but got list"),
        ({"inputs": {"text": [["a"]]}}, "tokens"),
        ({"inputs": {}}, "tokens"),
        ({"inputs": []}, "[batch,steps], not [0]"),
        ({"signature_name": "text", "instances": [["a"]]}, "[batch], not [1,1]"),
        ({"signature_name": "text", "instances": [3]}, "type: string"),
        ({"signature_name": "text", "inputs": "a"}, "[batch], not []"),
        (b'{"instances": [["\\ud800"]]}', "surrogate"),
        (b'{"signature_name": "text", "instances": ["a \\udfff"]}', "surrogate"),
        ({"instances": [["a"]] * (MAX_SENTENCES + 1)}, f"{MAX_SENTENCES} are allowed"),
        ({"instances": [["a"] * 1001]}, "1001 tokens in a sentence; 1000 are allowed"),
        # Neither padding nor other sentences of its text count.
        ({"signature_name": "text", "instances": ["It rained.", "a " * 1001]}, "1001 tokens in"),
        ({"instances": [["a"] * (MAX_TOKENS + 1)]}, f"{MAX_TOKENS} are allowed"),
        ({"signature_name": "text", "instances": ["b" * (MAX_CHARACTERS + 1)]}, "too long"),
        # Less than the limit in all, and more once the short one is padded to the long one.
        ({"signature_name": "text", "instances": ["a", "b" * (MAX_CHARACTERS // 2 + 1)]}, "long"),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_request_is_said_and_the_server_goes_on(body, words, server):
    status, answer = server.post(body)
    assert status == 400
    assert answer.keys() == {"error"} and words in answer["error"]
    assert server.post({"instances": [["Oslo"]]})[0] == 200


def test_a_body_that_is_too_large_is_refused(server):
    status, answer = server.post(b'{"instances": [["' + b"a" * MAX_BODY + b'"]]}')
    assert status == 413
    assert str(MAX_BODY) in answer["error"]


def test_a_path_that_is_not_there_is_not_found(server):
    for path, status in (("/nope", 404), ("/v1/nope", 400), ("/v1/models/tagger:predict", 400)):
        found = server.request(server.url.partition("/v1")[0] + path)
        assert found[0] == status
        assert path in found[1]["error"]


@pytest.mark.parametrize(
    "words",
    [["\0"], ["a\0b", "\0\0"], ["😀", "👩‍👩‍👧"], ["日本"], ["[UNK]"], ["", ""], [], ["a" * 10_000],
     ["a"] * Limits().longest, ["", "a", "", "b", ""]],
    ids=lambda words: repr(words)[:20],
)  # fmt: skip
def test_any_words_that_are_characters_are_tagged(words, server):
    status, answer = server.post({"instances": [words]})
    assert status == 200
    [found] = answer["predictions"]
    assert found["lengths"] == sum(map(bool, words))
    assert [bool(tag) for tag in found["tags"]] == [bool(word) for word in words]


def test_any_text_comes_back_as_its_words(server):
    text = "😀! \0 日本。 a\0b"
    status, answer = server.post({"signature_name": "text", "instances": [text, ""]})
    assert status == 200
    assert answer["predictions"][0]["tokens"] == ["😀", "!", "\0", "日", "本", "。", "a\0b"]
    assert answer["predictions"][1]["lengths"] == 0


def test_a_port_that_is_taken_is_refused(exported, cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = cli("serve", exported, "--port", port)
    assert outcome.status == 2
    [line] = outcome.err.splitlines()
    assert line.startswith("error: ") and f"127.0.0.1:{port}" in line


def test_no_request_was_an_error_of_ours_and_a_signal_ends_it(server):
    """Stands last: no test can talk to the server after it."""
    server.process.terminate()
    began = time.monotonic()
    _, err = server.process.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert "Traceback" not in err
    assert server.post({"instances": [["Oslo"]]})[0] is None


@pytest.mark.nightly  # before: test_tagging.py, without a server
def test_scores_that_are_not_finite_are_an_error_in_one_sentence(with_bias):
    loaded = loading.loader(Limits().longest)(with_bias(1e38))
    with pytest.raises(NoTags) as caught:
        loaded.call("text", [b"Peter works in Oslo."])
    failure = _failure(caught.value)
    assert failure.fault == FAULTS["not finite"] and failure.status == 500
    assert str(failure) == "the scores of a sentence are not finite: the model cannot tag it"
