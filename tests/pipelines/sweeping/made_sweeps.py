"""Folders of sweeps whose runs are files only, made without training."""

import csv
import html
import json
import re

import numpy as np

from pipelines.config.schema import Experiment
from pipelines.config.sweep_schema import Sweep
from pipelines.scoring.metrics import scores
from pipelines.sweeping import results
from pipelines.training import runs

CELLS = {"gru": 0.9, "lstm": 0.7, "simple_rnn": 0.4}  # how often they find an entity
SEEDS = (1001, 1002, 1003, 1004, 1005)
SENTENCES = 120
HISTORY = "epoch\tloss\tdev\taccuracy\tseconds\ttokens_per_second\tcpu_seconds\tcompiled"
HISTORY += "\ttagging_cpu_seconds\tother_load\n"


def run_files(folder, values, chance, rng, splits=("dev", "test"), load=0.0):
    """A finished run as `train` and `evaluate` leave it."""
    folder.mkdir(parents=True)
    found = {split: tagged(rng, chance) for split in splits or ("dev",)}
    dev = scores(*found["dev"], "IOB2").f1
    experiment = {"data": {"train": "train.conll", "dev": "dev.conll"}}
    (folder / "config.json").write_text(json.dumps(experiment))
    of_data = {"sentences": SENTENCES, "tokens": 4 * SENTENCES, "sha256": ""}
    origin = {
        "python": "3.12.1", "packages": {"keras": "3.15.1"}, "backend": "tensorflow",
        "machine": {"processor": "A processor", "cores": 2}, "data": {"dev": of_data},
    }  # fmt: skip
    runs.write_json(folder / runs.ORIGIN, origin)
    usual = 3 if values["model.cell"] == "lstm" else 2
    rows = [(n, 1 / n, dev * n / 3, 0.9, 1.0, 9, usual + (n == 1), n == 1, 0.6, load)
            for n in (1, 2, 3)]  # fmt: skip
    lines = ("\t".join(str(float(cell)) for cell in row) for row in rows)
    (folder / runs.HISTORY).write_text(HISTORY + "".join(f"{line}\n" for line in lines))
    (folder / runs.MODEL).write_bytes(b"0" * 50_000)
    for split, (gold, predicted) in found.items() if splits else ():
        lines = []
        for one, other in zip(gold, predicted, strict=True):
            lines += [f"word\t{a}\t{b}" for a, b in zip(one, other, strict=True)] + [""]
        (folder / f"predictions.{split}.conll").write_text("".join(f"{x}\n" for x in lines))
        of = scores(gold, predicted, "IOB2")
        runs.write_json(
            folder / f"scores.{split}.json",
            {"scheme": "IOB2", "accuracy": of.accuracy, "total": of.total._asdict()},
        )
    runs.write_json(
        folder / runs.SCORES,
        {"measure": "f1", "dev": dev, "best_epoch": 3, "epochs": 3, "parameters": 1000,
         "seconds_per_epoch": 1.0, "tokens_per_second": 9.0},
    )  # fmt: skip


def tagged(rng, chance):
    gold = [["B-PER", "O", "B-LOC", "O"]] * SENTENCES
    predicted = [[tag if rng.random() < chance else "O" for tag in tags] for tags in gold]
    return gold, predicted


def make(folder, seeds=SEEDS, finals=True, chances=None, load=0.0, test=True):
    """The folder of a sweep over three cells and two sizes, one trial of which failed."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    chances = chances or CELLS
    base = {"data": {"train": "train.conll", "dev": "dev.conll", "test": "test.conll"}}
    config = Sweep(
        base=Experiment.model_validate(base),
        sweep={"method": "grid", "finals": {"of": "cell", "seeds": len(seeds), "test": test}
               if finals else None},
        space={"model.cell": list(chances), "model.units": [8, 16]},
    )  # fmt: skip
    runs.write_json(folder / results.SWEEP, config.model_dump())
    journal, number = [], 0
    for cell, chance in chances.items():
        for units in (8, 16):
            values, name = {"model.cell": cell, "model.units": units}, f"{number:04d}"
            journal.append({"phase": "search", "trial": name, "values": values})
            if (cell, units) == ("lstm", 16):
                reason = f"/home/anna/x: out of memory in {folder / 'trials' / name}\nand more"
                journal.append({"phase": "search", "trial": name, "reason": reason})
            else:
                better = chance + 0.02 * (units == 16)
                run_files(folder / "trials" / name, values, better, rng, splits=())
            number += 1
    settings, number = [], 0
    for cell, chance in chances.items() if finals else ():
        settings.append({"model.cell": cell, "model.units": 8})
        for seed in seeds:
            values, name = {**settings[-1], "training.seed": seed}, f"{number:04d}"
            journal.append({"phase": "final", "trial": name, "values": values})
            luck = chance + 0.01 * rng.normal()
            splits = ("dev", "test") if test else ("dev",)
            run_files(folder / "finals" / name, values, luck, rng, splits, load)
            number += 1
    if finals:
        runs.write_json(folder / results.CHOSEN, {"settings": settings})
    (folder / "journal.jsonl").write_text("".join(json.dumps(x) + "\n" for x in journal))
    return folder


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def text_of(page):
    text = html.unescape(re.sub(r"<[^>]+>", " ", page.read_text("utf-8")))
    return re.sub(r"\s+", " ", text)
