"""Metrics in Prometheus' text format, under TensorFlow Serving's names; no TensorFlow."""

import re

from pipelines.serving.metrics import BUCKETS, Metrics

LINE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]+="(\\.|[^"\\])*",?)*\})? [0-9.e+-]+')


def samples(metrics):
    """Each sample by its name and labels."""
    lines = metrics.text().splitlines()
    assert all(line.startswith("# TYPE ") or LINE.fullmatch(line) for line in lines)
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    found = {name: float(value) for name, _, value in pairs}
    assert len(found) == len(pairs)
    return found


def test_requests_are_counted_by_model_and_code():
    metrics = Metrics(lambda: 17)
    for code in ("OK", "OK", "NOT_FOUND"):
        metrics.request("m", "Predict", "REST", code, 0.002)
    found = samples(metrics)
    assert found[':tensorflow:serving:request_count{model_name="m",status="OK"}'] == 2
    assert found[':tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"}'] == 1
    labels = '{model_name="m",API="Predict",entrypoint="REST"}'
    assert found[f":tensorflow:serving:request_latency_count{labels}"] == 2  # those answered
    assert found[f":tensorflow:serving:request_latency_sum{labels}"] == 4000  # microseconds
    assert found["lstm_variants_waiting_tokens"] == 17


def test_buckets_hold_what_is_not_longer_and_the_last_holds_all():
    metrics = Metrics()
    for microseconds in (1, BUCKETS[2], BUCKETS[2] + 1, 1e12):
        metrics.ran("m", microseconds / 1e6)
    start = ':tensorflow:serving:runtime_latency_bucket{model_name="m",API="Predict",runtime="TF2",'
    counts = [value for name, value in samples(metrics).items() if name.startswith(start)]
    assert counts == [1, 1, 2] + [3] * (len(BUCKETS) - 3) + [4]


def test_names_cannot_break_the_format():
    metrics = Metrics()
    metrics.request('a"} 1\n\\', "Predict", "GRPC", "OK", 0.1)
    assert r':tensorflow:serving:request_count{model_name="a\"} 1\n\\",status="OK"}' in samples(
        metrics
    )
