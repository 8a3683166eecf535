"""Tags texts with a model server, over REST or gRPC.

    python client.py "Angela Merkel met Barack Obama in Berlin."
    python client.py --rest http://127.0.0.1:8501 --model tagger "..."
    python client.py --grpc 127.0.0.1:8500 --model tagger "..."

It works with `lstm-variants serve` and with TensorFlow Serving. REST needs Python alone; gRPC needs
`pip install grpcio tensorflow-serving-api`. Prints a line for each entity, or for each word where
tags spell no entities: type or tag, start, end, text. Places count code points.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request


def by_rest(url, model, texts):
    """The outputs of each text, as {"tokens": [...], "tags": [...], ...}."""
    body = {"signature_name": "text", "instances": texts}
    request = urllib.request.Request(
        f"{url.rstrip('/')}/v1/models/{model}:predict",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["predictions"]
    except urllib.error.HTTPError as error:
        sys.exit(f"status {error.code}: {error.read().decode(errors='replace')}")
    except urllib.error.URLError as error:
        sys.exit(f"{url}: {error.reason}")


def by_grpc(address, model, texts):
    """The same."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, "text"
    request.inputs["text"].CopyFrom(tf.make_tensor_proto(texts))
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            answer = stub.Predict(request, timeout=30)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    arrays = {name: tf.make_ndarray(tensor) for name, tensor in answer.outputs.items()}
    decoded = {
        name: [[s.decode() for s in row] for row in array] if array.dtype == object else array
        for name, array in arrays.items()
    }
    return [{name: row[n] for name, row in decoded.items()} for n in range(len(texts))]


def lines(text, found):
    """The entities of a text, or its words."""
    if "entities" in found:
        names, count = ("entity_types", "entity_starts", "entity_ends"), found["entities"]
    else:
        names, count = ("tags", "starts", "ends"), found["lengths"]
    for n in range(int(count)):
        kind, start, end = (found[name][n] for name in names)
        yield f"{kind}\t{start}\t{end}\t{text[int(start) : int(end)]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--rest", default="http://127.0.0.1:8501", metavar="URL")
    where.add_argument("--grpc", metavar="HOST:PORT")
    parser.add_argument("--model", default="tagger", help="the model's name at the server")
    parser.add_argument("texts", nargs="+", metavar="TEXT")
    given = parser.parse_args()
    if given.grpc:
        results = by_grpc(given.grpc, given.model, given.texts)
    else:
        results = by_rest(given.rest, given.model, given.texts)
    for text, found in zip(given.texts, results, strict=True):
        print(*lines(text, found), sep="\n")


if __name__ == "__main__":
    main()
