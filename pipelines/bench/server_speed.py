"""How fast an export answers: as a function in this process, and through `serve`."""

import json
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tensorflow as tf

from ..quiet import followed
from ..serving.taggers import newest_version, of_export
from . import machine
from .report import Table
from .servers import started
from .timing import first, quantile

LENGTHS = (5, 20, 80)  # tokens
BATCH, BATCH_LENGTH = 32, 20  # sentences in a request, tokens in each, for throughput
WARM = 5  # requests of each kind before the first that is timed
COLD = 3  # fresh processes
SHARES = (0.5, 0.95, 0.99)
SERVER, FUNCTION = "HTTP", "function"
Tag = Callable[[list[list[str]]], Any]  # answers a request


def measure(
    export: Path, requests: int = 300, budget: float = 120, threads: int = 1
) -> dict[str, Any]:
    """Asks for the tags of sentences, one at a time and 32 together.

    Requests of all kinds are sent in turns. Client and server share the machine.

    Args:
        export: The export.
        requests: How many of each kind.
        budget: Seconds after which no turn begins.
        threads: What `limit_threads` gave.

    Returns:
        The report: plain values, times in seconds.

    Raises:
        InputError: There is no export, or a package that `serve` needs is missing.
    """
    about, others = machine.describe(threads), machine.Others()
    began = time.perf_counter()
    tagger = of_export(newest_version(export))
    kinds = {f"{length} tokens": [sentence(length)] for length in LENGTHS}
    together = f"{BATCH} sentences of {BATCH_LENGTH} tokens"
    kinds[together] = [sentence(BATCH_LENGTH)] * BATCH

    def alone(sentences: list[list[str]]) -> None:
        found = tagger.tokens(tf.constant(sentences))
        [value.numpy() for value in found.values()]

    for sentences in kinds.values():  # first calls take longer than a connection is kept idle
        alone(sentences)

    cold = []
    for _ in range(COLD - 1):
        with served(export) as (ask, seconds):
            cold.append(seconds)
    with served(export) as (ask, seconds):
        cold.append(seconds)

        ways: dict[str, Tag] = {SERVER: ask, FUNCTION: alone}
        taken: dict[str, dict[str, list[float]]] = {
            way: {kind: [] for kind in kinds} for way in ways
        }
        for turn in followed(range(WARM + requests), "asking"):
            if turn > WARM and time.perf_counter() - began > budget:
                break
            for way, answer in ways.items():
                for kind, sentences in kinds.items():
                    seconds = first(lambda: answer(sentences))  # noqa: B023  called at once
                    if turn >= WARM:
                        taken[way][kind].append(seconds)

    results = [
        {
            "way": way,
            "kind": kind,
            "requests": len(seconds),
            "latency": {f"p{100 * share:.0f}": quantile(seconds, share) for share in SHARES},
            "sentences_per_second": len(kinds[kind]) * len(seconds) / sum(seconds),
        }
        for way, times in taken.items()
        for kind, seconds in times.items()
    ]
    return {
        "bench": "serve",
        "machine": {**about, "others": others.running()},
        "seconds": time.perf_counter() - began,
        "cold": cold,
        "results": results,
    }


def sentence(length: int) -> list[str]:
    """So many words, all different; whether the model knows them makes no difference in time."""
    return [f"word{n}" for n in range(length)]


@contextmanager
def served(export: Path) -> Iterator[tuple[Tag, float]]:
    """A server in a fresh process: a function that asks it, and the seconds to its first answer."""
    began = time.perf_counter()
    with started(export) as server, client(server.url) as ask:
        ask([sentence(LENGTHS[0])])
        yield ask, time.perf_counter() - began


@contextmanager
def client(url: str) -> Iterator[Tag]:
    """A function that asks for the tags of sentences, all through one connection.

    It reads of an answer what it needs, as load generators do: `http.client` takes a quarter of
    what HTTP adds to a short request.
    """
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: "

    def ask(sentences: list[list[str]]) -> Any:
        body = json.dumps({"instances": sentences})
        connection.sendall(f"{head}{len(body)}\r\n\r\n{body}".encode())
        status = answers.readline()
        fields = {}
        while line := answers.readline().strip():
            name, _, value = line.partition(b":")
            fields[name.lower()] = value
        answer = json.loads(answers.read(int(fields.get(b"content-length", 0))) or "null")
        if status.split()[1:2] != [b"200"]:
            raise RuntimeError(f"{url}: {status.decode().strip() or 'no answer'} {answer}")
        return answer["predictions"]

    with (
        socket.create_connection((parts.hostname, parts.port), timeout=60) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield ask


def tables(report: dict[str, Any]) -> list[Table]:
    """One table: a row for each kind of request."""
    shares = list(report["results"][0]["latency"])
    rows = [
        [
            result["kind"],
            result["way"],
            *(f"{1e3 * result['latency'][share]:.2f}" for share in shares),
            f"{result['sentences_per_second']:,.0f}",
        ]
        for result in report["results"]
    ]
    cold = sorted(report["cold"])
    notes = [
        f"{machine.line(report['machine'], ('keras-lstm-variants', 'keras', 'tensorflow'))}.",
        f"{report['results'][0]['requests']} requests of each kind, interleaved, one at a time; "
        "client and server share the machine.",
        f"Cold start: a new server process gives its first answer after "
        f"{statistics.median(cold):.1f} s ({cold[0]:.1f} to {cold[-1]:.1f}, of {len(cold)}).",
    ]
    if warning := machine.busy(report["machine"]):
        notes.append(warning)
    columns = ["request", "way", *(f"{share}, ms" for share in shares), "sentences/s"]
    return [Table("serve", columns, rows, notes)]
