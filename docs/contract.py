"""The page of the serving contract, docs/contract.rst: `python docs/generated.py` writes it.

It says what the tables say that the server itself answers by.
"""

from collections.abc import Iterable
from pathlib import Path

from pipelines.serving.contract import FAULTS
from pipelines.serving.routes import ROUTES

PAGE = Path(__file__).parent / "contract.rst"
HEAD = """\
.. written by `python docs/generated.py`

The serving contract
====================

What ``lstm-variants serve`` answers, from the tables that it answers by. Below ``/v1/`` paths,
codes and messages are those of TensorFlow Serving; a name in braces differs, and a part in brackets
may be missing.

Requests
--------

"""
ERRORS = """
Errors
------

Over HTTP, every error is the JSON object ``{"error": "..."}`` with the status; over gRPC it is the
code. Where nothing is wrong with a request but the time, the answer says when to ask again: in
``Retry-After``, and in ``grpc-retry-pushback-ms``. Over gRPC, messages are cut after 1024
characters.

"""
DIFFERENCES = """
What differs from TensorFlow Serving
------------------------------------

- Requests have bounds, of bytes, rows, tokens and time (:doc:`serving`); TensorFlow Serving has
  none. A request beyond its deadline gets 503 with ``Retry-After`` rather than 504.
- ``HandleReloadConfigRequest`` is refused unless the server was started with ``--reload``, and
  other web pages may read answers only with ``--cors``.
- A folder that loses all its versions keeps those that are loaded.
- ``MultiInference`` and ``SessionService`` are not there. ``ReloadConfigRequest`` takes no metrics.
- ``"alternatives"`` in the body of a predict request asks for the most probable tag sequences
  (:doc:`serving`); TensorFlow Serving ignores it.
- JSON answers are not indented, and binary strings in answers do not occur.
- In the Open Inference Protocol, the metadata are those of the signature for tokens; binary
  tensors and its gRPC service are not there.
"""


def texts() -> dict[Path, str]:
    """The text of the page, as it should be."""
    return {PAGE: page()}


def page() -> str:
    routes = [
        (f"``{r.method}``", f"``{r.path}``", r.what, f"``{r.rpc}``" if r.rpc else "")
        for r in ROUTES
    ]
    routes.append(
        ("", "", "which models there are, with ``--reload``",
         "``ModelService.HandleReloadConfigRequest``")
    )  # fmt: skip
    faults = []
    for fault in FAULTS.values():
        status = str(fault.status) if fault.where != "gRPC" else ""
        code = f"``{fault.code}``" if fault.where != "REST" else ""
        faults.append((fault.cause, status, code, f"``{_readable(fault.message)}``"))
    return (
        HEAD
        + "".join(_table(("method", "path", "answer", "gRPC"), routes))
        + ERRORS
        + "".join(_table(("cause", "HTTP", "gRPC", "message"), faults))
        + DIFFERENCES
    )


def _readable(message: str) -> str:
    """A message as it is read, with what differs in braces."""
    return message.replace("{{{", "{").replace("}}}", "}").replace(":.1f}", "}").replace(
        ":g}", "}"
    ).strip()  # fmt: skip


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    yield ".. list-table::\n    :header-rows: 1\n\n"
    for row in (head, *rows):
        for number, cell in enumerate(row):
            yield f"    {'*' if not number else ' '} - {cell}".rstrip() + "\n"
