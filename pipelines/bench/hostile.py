"""Whether a server bears clients that it has not been made for; conditions, not times."""

import asyncio
import contextlib
import functools
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from ..serving.limits import Limits
from . import hostile_clients as clients
from . import machine
from .hostile_clients import NONE, Address, Answer
from .report import Table
from .servers import started
from .timing import quantile

MUTE, TRICKLES, HANG_UPS, KEPT = 200, 50, 400, 16
CLIENTS = 16  # in a closed loop, to find the capacity
OVER = 2  # times the capacity
MEMORY = 0.02  # by which it may grow in the load
LATE = 1.0  # seconds by which clients may be late before it is said
WARM = 0.2  # of the load's time passes before memory is looked at
OPTIONS = ("--peer", "1000", "--connections", "1000")  # all clients have one address here


def measure(export: Path, seconds: float = 60, threads: int = 1) -> dict[str, Any]:
    """Starts a server and lets hostile clients at it, one kind after the other.

    Meanwhile its status is asked for ten times a second.

    Args:
        export: The export.
        seconds: How long it gets requests at twice its capacity.
        threads: What `limit_threads` gave.

    Returns:
        The report: plain values, times in seconds. `failures` says which conditions were not met.

    Raises:
        InputError: There is no export, or a package that `serve` needs is missing.
    """
    others = machine.Others()
    with started(export, *OPTIONS) as server:
        said = server.log.read_text("utf-8")
        report = asyncio.run(_phases(server.address, server.process, seconds))
        logged = server.log.read_text("utf-8").removeprefix(said)
    report["log"] = logged
    report["machine"] = {**machine.describe(threads), "others": others.running()}
    report["failures"] += (
        [f"the log is not empty: {logged.strip().splitlines()[-1]}"] if logged.strip() else []
    )
    return report


async def _phases(
    address: Address, process: "subprocess.Popen[str]", seconds: float
) -> dict[str, Any]:
    limits = Limits()
    await clients.closed_loop(address, CLIENTS, 1)  # all is loaded
    began, phases = time.perf_counter(), {}
    answers = await clients.closed_loop(address, CLIENTS, min(5, seconds))
    capacity = clients.statuses(answers)[200] / (time.perf_counter() - began)
    work: dict[str, clients.Clients] = {
        f"{MUTE} mute": functools.partial(clients.mute, address, MUTE),
        f"{TRICKLES} trickling": functools.partial(clients.trickle, address, TRICKLES),
        f"{HANG_UPS} hang up": functools.partial(clients.hang_up, address, HANG_UPS),
        "largest": functools.partial(clients.greedy, address, limits.longest, 4),
        "warm-up": functools.partial(clients.open_loop, address, OVER * capacity, seconds * WARM),
        f"{OVER} x capacity": functools.partial(
            clients.open_loop, address, OVER * capacity, seconds
        ),
    }
    for name, these in work.items():
        phases[name] = await _phase(address, process, these)
    end = functools.partial(process.send_signal, signal.SIGTERM)
    after = await clients.kept(address, KEPT, end)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(limits.deadline + limits.receive + limits.idle)
    phases["SIGTERM"] = _found(after, [], 0, 0, 0)
    report = {
        "bench": "hostile",
        "capacity": capacity,
        "deadline": limits.deadline,
        "exit": process.poll(),
        "phases": phases,
    }
    return {**report, "failures": failures(report)}


async def _phase(
    address: Address, process: "subprocess.Popen[str]", these: clients.Clients
) -> dict[str, Any]:
    memory = psutil.Process(process.pid).memory_info
    probes, late = list[Answer](), list[float]()
    before, began = memory().rss, time.perf_counter()
    watching = [
        asyncio.create_task(clients.probing(address, probes)),
        asyncio.create_task(clients.lateness(late)),
    ]
    answers = await these()
    seconds = time.perf_counter() - began
    await asyncio.sleep(2 * clients.PROBES)
    for task in watching:
        task.cancel()
    return {**_found(answers, probes, before, memory().rss, seconds), "late": max(late)}


def _found(
    answers: list[Answer], probes: list[Answer], before: int, after: int, seconds: float
) -> dict[str, Any]:
    statuses = clients.statuses(answers)
    times = [answer.seconds for answer in answers if answer.status == 200]
    return {
        "probes": len(probes),
        "probes_failed": sum(probe.status != 200 for probe in probes),
        "slowest_probe": max((probe.seconds for probe in probes), default=0.0),
        "answers": len(answers),
        "admitted": statuses[200],
        "refused": statuses[429] + statuses[503],
        "errors": sum(n for s, n in statuses.items() if s >= 500 and s != 503),
        "lost": statuses[NONE],
        "dishonest": sum(not answer.honest for answer in answers if answer.status != NONE),
        "p50": quantile(times, 0.5) if times else 0.0,
        "p99": quantile(times, 0.99) if times else 0.0,
        "seconds": seconds,
        "memory": [before, after],
    }


def failures(report: dict[str, Any]) -> list[str]:
    """A line for each condition that was not met."""
    conditions: dict[str, Callable[[dict[str, Any]], bool]] = {
        "a probe was not answered with 200": lambda phase: not phase["probes_failed"],
        "an answer was lost, or a connection stayed open": lambda phase: not phase["lost"],
        "a status of 5xx that is no refusal": lambda phase: not phase["errors"],
        "an answer says no reason, no Retry-After, or to keep what is closed": lambda phase: (
            not phase["dishonest"]
        ),
        "p99 of what was admitted is beyond the deadline": lambda phase: (
            phase["p99"] < report["deadline"]
        ),
    }
    found = [
        f"{name}: {failure}"
        for name, phase in report["phases"].items()
        for failure, met in conditions.items()
        if not met(phase)
    ]
    load = report["phases"][f"{OVER} x capacity"]
    before, after = load["memory"]
    if after > before * (1 + MEMORY):
        found.append(f"memory grew from {before >> 20} to {after >> 20} MiB in the load")
    if not load["admitted"] or not load["refused"]:
        found.append("the load was no overload: nothing was refused, or everything")
    if report["exit"] != 0:
        found.append(f"the server ended with status {report['exit']}")
    return found


def tables(report: dict[str, Any]) -> list[Table]:
    """One table: a row for each kind of client."""
    rows = [
        [
            name,
            f"{phase['probes'] - phase['probes_failed']}/{phase['probes']}",
            f"{1e3 * phase['slowest_probe']:.0f}",
            str(phase["admitted"]),
            f"{1e3 * phase['p50']:.0f}" if phase["admitted"] else "",
            f"{1e3 * phase['p99']:.0f}" if phase["admitted"] else "",
            str(phase["refused"]),
            str(phase["errors"] + phase["lost"]),
            _grown(*phase["memory"]) if phase["probes"] else "",
        ]
        for name, phase in report["phases"].items()
    ]
    notes = [
        f"{machine.line(report['machine'], ('keras-lstm-variants', 'keras', 'tensorflow'))}.",
        f"largest: four clients that ask for the most that is legal. warm-up: {OVER} x capacity. "
        f"SIGTERM: {KEPT} connections that were kept meanwhile. "
        "Probes of the status that were answered with 200, and the slowest, in ms; requests that "
        "were admitted, in ms, that were refused with 429 or 503, and that got another 5xx or no "
        "answer; memory of the server, before, and by how much it grew.",
        f"Capacity: {report['capacity']:,.0f} requests a second, each of {clients.SENTENCES} "
        f"sentences of {clients.LENGTH} tokens, from {CLIENTS} clients. Client and server share "
        f"the machine. Exit status at the end: {report['exit']}.",
        *(
            f"{name}: the clients themselves were up to {phase['late']:.1f} s late, and then asked "
            "all at once."
            for name, phase in report["phases"].items()
            if phase.get("late", 0) > LATE
        ),
        *(f"FAILED: {failure}." for failure in report["failures"]),
    ]
    columns = ["clients", "probes", "slowest", "admitted", "p50", "p99", "refused", "failed", "MiB"]
    return [Table("serve, hostile clients", columns, rows, notes)]


def _grown(before: int, after: int) -> str:
    return f"{before >> 20}{(after - before) >> 20:+}"
