"""The table of every cell in docs/which_cell.rst, from the folder of the finished sweep.

`python docs/every_cell.py sweeps/every_cell` writes it.
"""

import csv
import sys
from pathlib import Path

TABLE = Path(__file__).with_suffix(".csv")
BASELINE = "lstm"
HEAD = "rank,cell,group,units,dev F1,±,test F1,difference,±,p (Holm),CPU s/epoch"


def main(folder: Path) -> None:
    with (folder / "finals.tsv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEAD.split(","))
        writer.writerows(line(row) for row in found if row["group"])  # others have failed


def line(row: dict[str, str]) -> list[str]:
    """A row of the table, scores in points."""
    against = ["", "", ""]
    if row["model.cell"] != BASELINE:
        difference = f"{100 * float(row['difference']):+.2f}".replace("-", "−")
        p = float(row["p_holm"])
        against = [difference, half(row, "difference"), "< 0.001" if p < 0.001 else f"{p:.3f}"]
    names = [row[key] for key in ("rank", "model.cell", "group", "model.units")]
    scores = [points(row["dev"]), half(row, "dev"), points(row["test"])]
    return [*names, *scores, *against, f"{float(row['cpu_seconds_per_epoch']):.2f}"]


def points(value: str) -> str:
    return f"{100 * float(value):.2f}"


def half(row: dict[str, str], of: str) -> str:
    """Half of an interval."""
    return f"{50 * (float(row[f'{of}_high']) - float(row[f'{of}_low'])):.2f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
