"""What it costs a server to answer sentences that come one at a time, together and one by one."""

import asyncio
import contextlib
import statistics
import time
from pathlib import Path
from typing import Any

import psutil

from ..errors import InputError
from . import hostile_clients as clients
from . import machine
from .hostile_clients import LENGTH
from .report import Table
from .servers import Server, started

CLIENTS = 16  # each asks as soon as it has its answer
WAYS = {"together": (), "one by one": ("--no-batching",)}
PLAIN = ("--no-grpc", "--no-page")
BODY = clients.sentences(1, LENGTH)


def measure(export: Path, rounds: int = 5, seconds: float = 3, threads: int = 1) -> dict[str, Any]:
    """Lets the same clients at two servers in turns, one of which tags every request by itself.

    The CPU time of a server is counted, not that of its clients, so that other work on the machine
    makes no difference between the two.

    Args:
        export: The export.
        rounds: How often each server has its turn, after one that is not counted.
        seconds: Of each turn.
        threads: What `limit_threads` gave.

    Returns:
        The report: plain values, times in seconds.

    Raises:
        InputError: There is no export, or a package that `serve` needs is missing.
    """
    about, others = machine.describe(threads), machine.Others()
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        servers = {
            way: stack.enter_context(started(export, *PLAIN, *options))
            for way, options in WAYS.items()
        }
        for turn in range(rounds + 1):
            for way, server in servers.items():
                if not turn:  # what is late while all is loaded is no matter
                    asyncio.run(clients.closed_loop(server.address, CLIENTS, seconds, BODY))
                    continue
                found[way].append(_turn(server, seconds))
    results = {
        way: {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
        for way, turns in found.items()
    }
    ratios = [
        alone["cpu"] / together["cpu"] for together, alone in zip(*found.values(), strict=True)
    ]
    return {
        "bench": "batching",
        "machine": {**about, "others": others.running()},
        "clients": CLIENTS,
        "results": results,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


def _turn(server: Server, seconds: float) -> dict[str, float]:
    """CPU time of the server for an answer, and answers a second."""
    times = psutil.Process(server.process.pid).cpu_times
    before, began = times(), time.perf_counter()
    answers = asyncio.run(clients.closed_loop(server.address, CLIENTS, seconds, BODY))
    taken, after = time.perf_counter() - began, times()
    count = clients.statuses(answers)[200]
    if count < len(answers) or not count:
        raise InputError(f"{len(answers) - count} of {len(answers)} requests were not answered")
    return {
        "cpu": (after.user + after.system - before.user - before.system) / count,
        "answers_per_second": count / taken,
    }


def tables(report: dict[str, Any]) -> list[Table]:
    """One table: a row for each way."""
    rows = [
        [way, f"{1e3 * found['cpu']:.2f}", f"{found['answers_per_second']:,.0f}"]
        for way, found in report["results"].items()
    ]
    notes = [
        f"{machine.line(report['machine'], ('keras-lstm-variants', 'keras', 'tensorflow'))}.",
        f"{report['clients']} clients, each with a sentence of {LENGTH} tokens at a time; the "
        "medians of turns. CPU time of the server alone.",
        f"One by one costs {report['ratio']:.1f} times as much "
        f"({min(report['ratios']):.1f} to {max(report['ratios']):.1f}).",
    ]
    if warning := machine.busy(report["machine"]):
        notes.append(warning)
    return [Table("serve, batching", ["sentences", "CPU, ms", "answers/s"], rows, notes)]
