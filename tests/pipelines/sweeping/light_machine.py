"""A machine of a cluster that trains nothing, and notes in run folders which one it is."""

import time
from pathlib import Path

import light_worker
import ray

from pipelines.sweeping import machine

PLACES = "places"  # in a run folder: the nodes that the trial was begun on, a line each


def look(place, token, answer):
    machine.differing = lambda place: ""  # which would import TensorFlow
    return machine.look(place, token, answer)


def trial(values, place):
    run = Path(values["run"])
    run.mkdir(parents=True, exist_ok=True)
    with (run.parent.parent / f"{run.parent.name}-{run.name}.{PLACES}").open("a") as file:
        file.write(ray.get_runtime_context().get_node_id() + "\n")
    time.sleep(0.5)  # for a kill to come
    light_worker.perform(values)
    return "", ""
