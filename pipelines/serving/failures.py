"""What an error is that goes to a client: a code, a message, when to come again; no HTTP."""

from enum import StrEnum
from typing import Any, NamedTuple


class Code(StrEnum):
    """The canonical codes of gRPC that are used here."""

    OK = "OK"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    CANCELLED = "CANCELLED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


STATUS = {
    Code.OK: 200,
    Code.INVALID_ARGUMENT: 400,
    Code.FAILED_PRECONDITION: 400,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.CANCELLED: 499,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 503,  # 504 there; here it is honest back-pressure, with Retry-After
}


class Failure(Exception):
    """A request that is not answered; its text goes to the client.

    Attributes:
        fault: The row of the table.
        retry_after: Seconds after which the same request may be answered; None if it never is.
    """

    def __init__(self, fault: "Fault", retry_after: float | None = None, **values: Any) -> None:
        super().__init__(fault.message.format(**values))
        self.fault = fault
        self.retry_after = retry_after

    @property
    def code(self) -> Code:
        return self.fault.code

    @property
    def status(self) -> int:
        """Of HTTP."""
        return self.fault.status


class Fault(NamedTuple):
    """A row of the table of errors.

    Attributes:
        cause: What the client did, or what happened.
        code: The code; that of gRPC, and by `STATUS` that of HTTP.
        message: The text, with names in braces for what differs.
        where: The protocol that has it: "REST", "gRPC" or "both".
        http: The status of HTTP, where it is not that of the code.
    """

    cause: str
    code: Code
    message: str
    where: str = "both"
    http: int | None = None

    @property
    def status(self) -> int:
        return self.http or STATUS[self.code]

    def __call__(self, retry_after: float | None = None, **values: Any) -> Failure:
        return Failure(self, retry_after, **values)
