"""The benchmark of layers in several processes, one after the other.

Which thread runs where is drawn once in each process and then stays, which is worth up to twice the
time to a library whose threads wait for each other: the calls of one process say nothing of the
next.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..quiet import be_quiet, is_quiet
from . import layer_speed
from .contenders import Group, Pass, Shape
from .timing import quantile

# Libraries first, whose chatter is held back then.
MEASURE = """
from pipelines.quiet import import_tensorflow
import_tensorflow()
from pipelines.bench.processes import main
main()
"""
Report = dict[str, Any]


def measure(
    count: int,
    groups: list[Group],
    passes: tuple[Pass, ...],
    budget: float,
    threads: int,
    memory: bool = False,
) -> Report:
    """What `layer_speed.measure` gives, over so many new processes with equal shares of the budget.

    Raises:
        InputError: That of the first process that raises one; or a process was killed, or failed,
            which has then said why.
    """
    reports = []
    for number in range(count):
        asked = {
            "groups": groups,
            "passes": passes,
            "budget": budget / count,
            "threads": threads,
            "memory": memory and number == 0,
        }
        reports.append(_in_process(asked))
    return merged(reports)


def _in_process(asked: dict[str, Any]) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        asked |= {"quiet": is_quiet(), "answer": str(answer)}
        command = [sys.executable, "-c", MEASURE, json.dumps(asked)]
        status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
        if status:
            raise InputError(f"a process of the benchmark ended with status {status}")
        told: Report = json.loads(answer.read_text("utf-8"))
    if "refused" in told:
        raise InputError(told["refused"])
    return told


def main() -> None:
    asked = json.loads(sys.argv[1])
    answer = Path(asked.pop("answer"))
    be_quiet(asked.pop("quiet"))
    asked["groups"] = [Group(cell, Shape(*shape), *rest) for cell, shape, *rest in asked["groups"]]
    try:
        told = layer_speed.measure(**asked)
    except InputError as error:
        told = {"refused": str(error)}
    except KeyboardInterrupt:  # the process that waits for this one says so
        sys.exit(1)
    answer.write_text(json.dumps(told), "utf-8")


def merged(reports: list[Report]) -> Report:
    """One report of several: medians, and quartiles, of the medians of the processes."""
    found: dict[Any, list[Report]] = {}
    for report in reports:
        for result in report["results"]:
            found.setdefault(_key(result), []).append(result)
    results = [_merged_results(alike) for alike in found.values()]
    measured = {key[:-1] for key in found}
    left = {_key(out): out for report in reports for out in report["left_out"]}
    about = {**reports[0]["machine"], "others": max(one["machine"]["others"] for one in reports)}
    return {
        **reports[0],
        "machine": about,
        "processes": len(reports),
        "seconds": sum(report["seconds"] for report in reports),
        "results": results,
        "left_out": [out for key, out in left.items() if key[:-1] not in measured],
    }


def _key(result: Report) -> tuple[Any, ...]:
    named = result["cell"], tuple(result["shape"]), result["directions"], result["dtype"]
    return *named, result.get("pass")


def _merged_results(alike: list[Report]) -> Report:
    contenders = {
        name: _merged_numbers([one["contenders"][name] for one in alike])
        for name in alike[0]["contenders"]
    }
    medians = {name: numbers["median"] for name, numbers in contenders.items()}
    return {**alike[0], "contenders": contenders, "ratios": layer_speed.ratios(medians)}


def _merged_numbers(numbers: list[Report]) -> Report:
    medians = [one["median"] for one in numbers]
    return {
        "median": statistics.median(medians),
        "quartiles": [quantile(medians, 0.25), quantile(medians, 0.75)],
        "medians": medians,
        "rounds": sum(one["rounds"] for one in numbers),
        "first": numbers[0]["first"],  # the others find what it has compiled
    }
