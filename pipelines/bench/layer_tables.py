"""The table of `bench layers`: what is said of a report."""

from typing import Any

from . import machine
from .contenders import KERAS, OURS, PRODUCTS, TORCH
from .layer_speed import REFERENCES, fastest
from .report import Table

MS = 1e3


def tables(report: dict[str, Any]) -> list[Table]:
    """One table: a row for each cell, size and pass. What all rows have in common is its title."""
    results = report["results"]
    columns = {
        "cell": [result["cell"] for result in results],
        "B,T,D,H": [",".join(map(str, result["shape"])) for result in results],
        "directions": [str(result["directions"]) for result in results],
        "pass": [result["pass"] for result in results],
    }
    named = {
        name: texts for name, texts in columns.items() if len(set(texts)) > 1 or name == "cell"
    }
    title = ["ms a call (ours / theirs)"]
    title += [f"{name} {texts[0]}" for name, texts in columns.items() if name not in named]
    title += [results[0]["dtype"], report["backend"]]

    others = [n for n in results[0]["contenders"] if n.startswith(f"{OURS}, ")]
    named[OURS] = [_time(result["contenders"][OURS]) for result in results]
    for name in others:
        named[name] = [_compared(result, name) for result in results]
    for name in REFERENCES:
        if any(name in result["ratios"] for result in results):
            named[name] = [_compared(result, name) for result in results]
    if any(_of_graphs(result) for result in results):
        named["graph / Keras' graph"] = [_of_graphs(result) for result in results]
    named["first, s"] = [f"{result['contenders'][OURS]['first']:.1f}" for result in results]
    if any("memory" in result for result in results):
        named["MiB: ours, Keras"] = [_memory(result) for result in results]
    if len(set(columns["directions"])) > 1:
        named["two / one direction"] = _both(results)
    rows = [list(row) for row in zip(*named.values(), strict=True)]
    return [Table(", ".join(title), list(named), rows, _notes(report))]


def _time(numbers: dict[str, Any]) -> str:
    low, high = numbers["quartiles"]
    return f"{short(numbers['median'])} ±{50 * (high - low) / numbers['median']:.0f}%"


def short(seconds: float) -> str:
    """Milliseconds with three digits."""
    ms = MS * seconds
    return f"{ms:.0f}" if ms >= 100 else f"{ms:#.3g}"


def _compared(result: dict[str, Any], name: str) -> str:
    medians = {name: numbers["median"] for name, numbers in result["contenders"].items()}
    way = fastest(medians, name) or name
    if way not in medians:
        return ""
    return f"{_time(result['contenders'][way])} ({medians[OURS] / medians[way]:.2f})"


def _of_graphs(result: dict[str, Any]) -> str:
    """What is exported beside what Keras exports: the loops of TensorFlow's own operations."""
    ours, theirs = (result["contenders"].get(n) for n in (f"{OURS}, scan=graph", KERAS))
    if not (ours and theirs) or f"{KERAS}, jit" not in result["contenders"]:
        return ""
    return f"{ours['median'] / theirs['median']:.2f}"


def _memory(result: dict[str, Any]) -> str:
    found = result.get("memory")
    if not found:
        return ""
    return f"{found[OURS] / machine.MIB:.0f}, {found[KERAS] / machine.MIB:.0f}"


def _both(results: list[dict[str, Any]]) -> list[str]:
    def key(result: dict[str, Any], directions: int) -> tuple[Any, ...]:
        return result["cell"], tuple(result["shape"]), result["pass"], directions

    medians = {
        key(result, result["directions"]): result["contenders"][OURS]["median"]
        for result in results
    }
    return [
        f"{medians[key(result, 2)] / one:.2f}"
        if result["directions"] == 2 and (one := medians.get(key(result, 1)))
        else ""
        for result in results
    ]


def _notes(report: dict[str, Any]) -> list[str]:
    about, results = report["machine"], report["results"]
    rounds = [n["rounds"] for result in results for n in result["contenders"].values()]
    ways = ", ".join(way or "as it is" for way in _ways(results, KERAS))
    count, calls = report["processes"], f"{min(rounds)} to {max(rounds)} calls"
    medians = f"Medians of {calls}, interleaved, after warm-up"
    if count > 1:
        medians = f"{medians}; of {count} processes, the median of their medians"
    notes = [
        f"{machine.line(about)}.",
        f"{medians}; ±: half the interquartile range{' of those' if count > 1 else ''}. In "
        "brackets: ours divided by theirs. first: the first call, with tracing and compilation.",
        f"{KERAS}, {TORCH}: their LSTM for cells with a cell state, their GRU for others; "
        f"{KERAS}: the fastest of: {ways}. {PRODUCTS}: {_floor(about)}",
    ]
    if any(_of_graphs(result) for result in results):
        notes[-1] += (
            " graph / Keras' graph: ours with scan=graph, as it is exported, divided by Keras' "
            "without jit."
        )
    if any(TORCH in result["contenders"] for result in results):
        policy = about["OMP_WAIT_POLICY"]
        notes[0] += f" OMP_WAIT_POLICY={policy} for torch." if policy else ""
    if warning := machine.busy(about):
        notes.append(
            f"{warning} Unless OMP_WAIT_POLICY is passive, those of {TORCH} are by far: its "
            "threads wait for each other without letting others run."
        )
    reasons: dict[str, list[str]] = {}
    for left in report["left_out"]:
        where = f"{left['cell']} at {','.join(map(str, left['shape']))}"
        where += ", both directions" if left["directions"] == 2 else ""
        reasons.setdefault(left["reason"], []).append(where)
    return notes + [f"Left out: {'; '.join(names)}: {why}." for why, names in reasons.items()]


def _floor(about: dict[str, Any]) -> str:
    if about["gpu"]:
        return "the matrix products alone, which no implementation can avoid."
    return (
        "their multiplications at the rate that the CPU reaches with all numbers in registers, "
        "which no implementation can go below."
    )


def _ways(results: list[dict[str, Any]], name: str) -> list[str]:
    names = {full: None for result in results for full in result["contenders"]}
    return [full.partition(", ")[2] for full in names if full.partition(", ")[0] == name]
