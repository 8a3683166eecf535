"""The gRPC side of a server: TensorFlow Serving's services, and the health of all servers."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from ..errors import InputError
from ..tagger.names import TOKENS
from . import tensors
from .contract import FAULTS
from .failures import Failure
from .model_config import models as models_of
from .rest import MAX_BODY
from .rows import of_examples
from .service import Service

MAX_MESSAGE = 1024  # characters of an error; headers have bounds
MAX_STREAMS = 256  # calls under way through one connection
AGE = 60  # seconds; older connections are closed after their calls, which ends half-sent ones
NAMES = ("", "PredictionService", "ModelService")  # for health, as in TensorFlow Serving
SIGNATURE_DEF = "signature_def"


def _options(service: Service) -> list[tuple[str, int]]:
    limits = service.limits
    return [
        ("grpc.so_reuseport", 0),  # a port that is taken is an error
        ("grpc.max_receive_message_length", MAX_BODY),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.max_allowed_incoming_connections", limits.connections),
        ("grpc.server_handshake_timeout_ms", math.ceil(1000 * limits.receive)),
        ("grpc.max_connection_idle_ms", 1000 * limits.idle),
        ("grpc.max_connection_age_ms", 1000 * AGE),
        ("grpc.max_connection_age_grace_ms", math.ceil(1000 * (limits.receive + limits.deadline))),
    ]


class Rpc:
    """The gRPC server of a service, in the event loop that makes it.

    Args:
        service: What answers.
        host: Where to listen.
        port: Likewise; 0 takes a free one.
        reload: Whether clients may say which models are served.

    Attributes:
        port: Where it listens.

    Raises:
        InputError: The port is taken.
    """

    def __init__(self, service: Service, host: str, port: int, reload: bool = False) -> None:
        self._service = service
        self._server = grpc.aio.server(options=_options(service))
        self._health = health.aio.HealthServicer()
        add = prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server
        add(Prediction(service), self._server)
        add = model_service_pb2_grpc.add_ModelServiceServicer_to_server
        add(ModelManagement(service, reload), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        shown = f"[{host}]" if ":" in host else host
        try:
            self.port = self._server.add_insecure_port(f"{shown}:{port}")
        except RuntimeError:
            raise InputError(
                f"{shown}:{port}: cannot listen there for gRPC: give another --grpc-port, "
                "or --no-grpc"
            ) from None

    async def start(self) -> None:
        await self._server.start()
        for name in NAMES:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Says that it ends, takes no more calls, and answers those that it has taken."""
        await self._health.enter_graceful_shutdown()
        limits = self._service.limits
        await self._server.stop(limits.deadline + limits.receive)


async def _answered(context: Any, answer: Awaitable[Any]) -> Any:
    """The answer to a call, or its error."""
    try:
        return await answer
    except Failure as failure:
        message = str(failure)
        if len(message) > MAX_MESSAGE:
            message = f"{message[:MAX_MESSAGE]}...TRUNCATED"
        wait = failure.retry_after
        # What clients with a policy of retries read.
        metadata = (
            () if wait is None else (("grpc-retry-pushback-ms", str(math.ceil(1000 * wait))),)
        )
        await context.abort(getattr(grpc.StatusCode, failure.code), message, metadata)


def _named(request: Any) -> tuple[str, int | None, str | None]:
    """The model, and the version or its label, that a request asks for."""
    if not request.HasField("model_spec"):
        raise FAULTS["no spec"]()
    spec = request.model_spec
    number = spec.version.value if spec.HasField("version") else None
    label = spec.version_label if spec.WhichOneof("version_choice") == "version_label" else None
    return spec.name, number, label


class Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Tags, and the signatures; see `routes.ROUTES`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: Any
    ) -> predict_pb2.PredictResponse:
        return await _answered(context, self._predict(request, context))

    async def _predict(self, request: predict_pb2.PredictRequest, context: Any) -> Any:
        with self._service.counted(request.model_spec.name, "Predict", "GRPC"):
            name, number, label = _named(request)
            with (
                self._service.bounded(_address(context)),
                self._service.models.held(name, number, label) as version,
            ):
                signature = tensors.signature(request.model_spec.signature_name)
                assert version.loaded
                outputs = sorted(version.loaded.signatures[signature].outputs)
                asked = tensors.read(request, outputs, self._service.limits.longest)
                left = context.time_remaining()
                results = await self._service.results(name, version, asked, seconds=left)
                return tensors.answer(asked, results, name, version.number)

    async def Classify(  # noqa: N802
        self, request: classification_pb2.ClassificationRequest, context: Any
    ) -> classification_pb2.ClassificationResponse:
        return await _answered(context, self._of_examples(request, "Classify", "no classification"))

    async def Regress(  # noqa: N802
        self, request: regression_pb2.RegressionRequest, context: Any
    ) -> regression_pb2.RegressionResponse:
        return await _answered(context, self._of_examples(request, "Regress", "no regression"))

    async def _of_examples(self, request: Any, api: str, fault: str) -> Any:
        with self._service.counted(request.model_spec.name, api, "GRPC"):
            name, number, label = _named(request)
            with self._service.models.held(name, number, label):
                raise of_examples(request.model_spec.signature_name or TOKENS, fault)

    async def GetModelMetadata(  # noqa: N802
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: Any
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        return await _answered(context, self._metadata(request))

    async def _metadata(self, request: get_model_metadata_pb2.GetModelMetadataRequest) -> Any:
        name, number, label = _named(request)
        if not request.metadata_field:
            raise FAULTS["no field"]()
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise FAULTS["unknown field"](field=field)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._service.models.held(name, number, label) as version:
            assert version.loaded
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for key, signature in version.loaded.signatures.items():
                signatures.signature_def[key].CopyFrom(signature)
            response.model_spec.name = name
            response.model_spec.version.value = version.number
        response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response


def _address(context: Any) -> str:
    """The address of a client, without its port."""
    return str(context.peer()).rpartition(":")[0]


class ModelManagement(model_service_pb2_grpc.ModelServiceServicer):
    """The versions of a model, and which models there are; see `routes.ROUTES`."""

    def __init__(self, service: Service, reload: bool) -> None:
        self._service = service
        self._reload = reload

    async def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: Any
    ) -> get_model_status_pb2.GetModelStatusResponse:
        return await _answered(context, self._status(request))

    async def _status(self, request: get_model_status_pb2.GetModelStatusRequest) -> Any:
        response = get_model_status_pb2.GetModelStatusResponse()
        states = get_model_status_pb2.ModelVersionStatus.State
        for version in self._service.models.status(*_named(request)):
            status = response.model_version_status.add()
            status.version = version.number
            status.state = states.Value(version.state)
            status.status.error_code = getattr(grpc.StatusCode, version.code).value[0]
            status.status.error_message = version.error
        return response

    async def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: Any
    ) -> model_management_pb2.ReloadConfigResponse:
        return await _answered(context, self._configured(request))

    async def _configured(self, request: model_management_pb2.ReloadConfigRequest) -> Any:
        if not self._reload:
            raise FAULTS["reload"]()
        configure: Callable[[], None] = lambda: self._service.models.configure(  # noqa: E731
            models_of(request.config)
        )
        try:
            await asyncio.to_thread(configure)
        except InputError as error:
            raise FAULTS["bad config"](reason=error) from None
        return model_management_pb2.ReloadConfigResponse()
