"""A worker that trains nothing and imports next to nothing, by the protocol of the real one.

Scores follow from the experiment; a run folder is made in steps that a kill can come between.
"""

import hashlib
import json
import os
import sys
import threading
import time
from pathlib import Path


def write(path, value):
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value))
    os.replace(part, path)


def scores_of(experiment):
    """The scores of the epochs, whose first are the same however many there are."""
    training = {**experiment["training"], "epochs": 0}
    text = json.dumps({**experiment, "data": None, "training": training}, sort_keys=True)
    return [
        int(hashlib.sha256(f"{text} {epoch}".encode()).hexdigest()[:6], 16) / 16**6
        for epoch in range(experiment["training"]["epochs"])
    ]


def perform(task):
    """Returns why the trial has not ended; empty if it has."""
    run = Path(task["run"])
    run.mkdir(parents=True, exist_ok=True)
    if not (run / "scores.json").exists():
        write(run / "origin.json", {"data": {}, "backend": "tensorflow"})
        write(run / "config.json", task["experiment"])
        try:
            curve = train(task, run)
        except Exception as error:
            if type(error).__name__ == "Paused":
                return "\n"
            raise
        times = {"seconds_per_epoch": 1.0, "tokens_per_second": 1.0}
        scores = {"measure": "f1", "dev": max(curve), "best_epoch": 1, "parameters": 9}
        write(run / "scores.json", {**scores, **times, "epochs": len(curve)})
        if not task["keep"]:
            (run / "checkpoint.npz").unlink()
    for split in task["splits"]:
        write(run / f"scores.{split}.json", {"total": {"f1": 0.5}, "accuracy": 0.5})
    return ""


def train(task, run):
    checkpoint, curve, judge = run / "checkpoint.npz", [], None
    if task["shorter"] and not checkpoint.exists():
        lower = Path(task["shorter"], "checkpoint.npz")
        if lower.exists():
            write(run / "taken-over.json", {"epochs": len(json.loads(lower.read_text()))})
            write(checkpoint, json.loads(lower.read_text()))
    if checkpoint.exists():
        curve = json.loads(checkpoint.read_text())
        write_history(run, curve)  # as the real one does: a kill may have come before the last line
    if task["rule"]:
        from pipelines.sweeping.stopping import Judge, Rule

        judge = Judge(Rule(*task["rule"]), run)
    whole = scores_of(task["experiment"])
    for epoch in range(len(curve) + 1, len(whole) + 1):
        time.sleep(0.02)
        score = whole[epoch - 1]
        stops = judge is not None and judge.stops(epoch, score, len(whole))
        curve.append(score)
        write(checkpoint, curve)
        write_history(run, curve)
        print("libraries print", flush=True)
        if stops:
            break
    return curve


def write_history(run, curve):
    rows = [f"{number}\t{dev:.6g}\n" for number, dev in enumerate(curve, 1)]
    part = run / ".history.tsv.part"
    part.write_text("epoch\tdev\n" + "".join(rows))
    os.replace(part, run / "history.tsv")


def main():
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    tasks = []
    given = threading.Semaphore(0)

    def listen():
        for line in sys.stdin:
            tasks.append(json.loads(line))
            given.release()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    replies.write(json.dumps({"event": "ready"}) + "\n")
    while True:
        given.acquire()
        reason = perform(tasks.pop(0))
        replies.write(json.dumps({"event": "done", "reason": reason}) + "\n")


if __name__ == "__main__":
    main()
