"""Files that TensorFlow Serving reads beside a SavedModel: requests to warm up with, batching."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from ..tagger.names import TEXT, TOKENS

WARM_UP = "assets.extra/tf_serving_warmup_requests"
BATCHING = "batching_params.pbtxt"
LENGTHS = 1, 20, 80  # words of the sentences: short, usual, long
# Requests of different lengths are batched only if TensorFlow Serving may pad them, as it does with
# "" here. It waits for nobody: what has come while the model was busy goes together.
PARAMETERS = """\
max_batch_size { value: 64 }
batch_timeout_micros { value: 0 }
max_enqueued_batches { value: 1000 }
pad_variable_length_inputs: true
"""


def write(folder: Path, words: Sequence[str]) -> None:
    """Writes both into the folder of a version.

    Args:
        folder: The folder.
        words: Words to make sentences of.
    """
    path = folder / WARM_UP
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records(words):
            writer.write(record)
    (folder / BATCHING).write_text(PARAMETERS, "utf-8")


def records(words: Sequence[str]) -> Iterator[bytes]:
    """Serialized `tensorflow.serving.PredictionLog`s: a sentence of each length to each signature.

    They are written without the package tensorflow-serving-api, which an export does not need.
    """
    known = list(words) or ["word"]
    for length in LENGTHS:
        sentence = [known[n % len(known)] for n in range(length)]
        yield _request(TOKENS, "tokens", tf.make_tensor_proto([sentence]))
        yield _request(TEXT, "text", tf.make_tensor_proto([" ".join(sentence)]))


def _request(signature: str, name: str, tensor: Any) -> bytes:
    # PredictionLog.predict_log.request: model_spec.signature_name, inputs[name]
    spec = _field(1, _field(3, signature.encode()))
    of_input = _field(2, _field(1, name.encode()) + _field(2, tensor.SerializeToString()))
    return _field(6, _field(1, spec + of_input))


def _field(number: int, content: bytes) -> bytes:
    """A field of a message of protocol buffers that has a length."""
    return bytes([number << 3 | 2, *_varint(len(content))]) + content


def _varint(number: int) -> Iterable[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number
