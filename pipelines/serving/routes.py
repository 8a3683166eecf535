"""Every path that the server answers, as one table; no HTTP, no TensorFlow.

Paths are those of TensorFlow Serving, and outside /v1/ those of Kubernetes, Prometheus and KServe.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from .contract import FAULTS


class Route(NamedTuple):
    """A row of the table of paths.

    Attributes:
        method: Of HTTP; HEAD goes where GET goes.
        path: With names in braces for what differs, and what may be missing in brackets.
        call: The function of `rest` that answers.
        what: What it answers.
        rpc: The method of gRPC that asks for the same, if there is one.
    """

    method: str
    path: str
    call: str
    what: str
    rpc: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches the path as it was sent; of /v1/ in any case, as in TensorFlow Serving."""
        text = re.sub(r"\[(.*?)\]", r"(?:\1)?", self.path)
        text = re.sub(r"\{(version)\}", r"(?P<\1>[0-9]+)", text)
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", text)
        return re.compile(text, re.IGNORECASE if self.path.startswith("/v1/") else 0)


_V1 = "/v1/models/{model}[/versions/{version}|/labels/{label}]"
_STATUS = _V1.replace("/{model}", "[/{model}]")
_V2 = "/v2/models/{model}[/versions/{version}]"
_READY = "200 while every model has a version; 503 otherwise, and while the server ends"
_PREDICTION, _MODEL = "PredictionService", "ModelService"
_HEALTH = "grpc.health.v1.Health.Check"
ROUTES = [
    Route("GET", "/", "page", "a page to try the model, where there is one"),
    Route("POST", f"{_V1}:predict", "predict", "tags", f"{_PREDICTION}.Predict"),
    Route(
        "POST",
        f"{_V1}:classify",
        "classify",
        "an error, as for every predict signature",
        f"{_PREDICTION}.Classify",
    ),
    Route("POST", f"{_V1}:regress", "regress", "likewise", f"{_PREDICTION}.Regress"),
    Route(
        "GET",
        _STATUS,
        "status",
        "versions and their states, the newest first",
        f"{_MODEL}.GetModelStatus",
    ),
    Route(
        "GET", f"{_V1}/metadata", "metadata", "the signatures", f"{_PREDICTION}.GetModelMetadata"
    ),
    Route("GET", "/healthz", "healthz", "200 while the process is there", _HEALTH),
    Route("GET", "/readyz", "readyz", _READY, _HEALTH),
    Route("GET", "/monitoring/prometheus/metrics", "prometheus", "counts and times"),
    Route("GET", "/v2", "v2_server", "Open Inference Protocol (KServe v2): the server"),
    Route("GET", "/v2/health/live", "healthz", "as /healthz"),
    Route("GET", "/v2/health/ready", "readyz", "as /readyz"),
    Route("GET", _V2, "v2_model", "inputs and outputs of the signature for tokens"),
    Route("GET", f"{_V2}/ready", "v2_ready", "200 while the model has a version"),
    Route("POST", f"{_V2}/infer", "v2_infer", "tags; the name of the input says of what"),
]
PATTERNS = [(route, route.pattern) for route in ROUTES]


def route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The row of a request, and what its path names.

    Args:
        method: Of HTTP.
        path: As it was sent, without a query.

    Raises:
        Failure: There is none.
    """
    wanted = "GET" if method == "HEAD" else method
    found = False
    for row, pattern in PATTERNS:
        if (match := pattern.fullmatch(path)) is None:
            continue
        if row.method == wanted:
            return row, {k: unquote(v) for k, v in match.groupdict().items() if v is not None}
        found = True
    if re.match("/v1/", path, re.IGNORECASE):
        raise FAULTS["malformed"](method=method, path=path)
    raise FAULTS["no method" if found else "no path"](method=method, path=path)
