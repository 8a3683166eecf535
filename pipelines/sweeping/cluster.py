"""Trials on the machines of a Ray cluster, each a task; run folders are on a disk they all share.

Ray says where a trial runs and that a machine was lost, and nothing else goes through it: what a
trial begins with and what becomes of it is in its run folder.
"""

import logging
import os
import uuid
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import InputError
from .machine import SAME, SHARED, look, trial, versions
from .running import PAUSED, Job, task
from .workers import THREADS, Deaths, Outcome, Told, epochs

PASSED = ("KERAS_BACKEND", "TFDS_DATA_DIR", "XDG_CACHE_HOME", "TF_CPP_MIN_LOG_LEVEL")
CORES = 1  # of each trial: on small models, two trials of one core each are faster than one of two
LOOK = 1.0  # seconds between two looks at how far trials are
START = "ray start --head on one machine and ray start --address=HOST:6379 on the others"


class Cluster:
    """As many trials side by side as the machines have cores."""

    def __init__(self, address: str | None, folder: Path, told: Told, files: list[str]) -> None:
        """Joins the cluster, and looks whether its machines can do what they are to do.

        Args:
            address: Of the cluster; by default RAY_ADDRESS, or the one of this machine.
            folder: The sweep's.
            told: Told how far trials are.
            files: What trials read, as far as it is known.

        Raises:
            InputError: There is no cluster; or a machine of it does not see the folder or a file,
                or has other versions.
        """
        connect(address)
        self._told, self._deaths = told, Deaths()
        self._running: dict[Any, Job] = {}
        self._place = {
            "folder": str(folder.absolute()),
            "working": os.getcwd(),
            "files": files,
            "versions": versions(),
            "environment": {name: str(CORES) for name in THREADS}
            | {name: os.environ[name] for name in PASSED if name in os.environ},
        }
        try:
            self._look(folder)
        except BaseException:
            self.close()
            raise

    def free(self) -> int:
        return max(0, slots() - len(self._running))

    def submit(self, job: Job) -> None:
        import ray

        remote = ray.remote(num_cpus=CORES, max_retries=0)(trial)
        self._running[remote.remote(task(job), self._place)] = job

    def wait(self) -> Outcome:
        import ray

        while True:
            ended, _ = ray.wait(list(self._running), num_returns=1, timeout=LOOK)
            for one in ended:
                job = self._running.pop(one)
                if outcome := self._outcome(job, one):
                    return outcome
            for job in self._running.values():
                of = job.experiment.training.epochs
                done = min(epochs(job.run), of)
                self._told(job, done / of, f"epoch {done}/{of}")

    def close(self) -> None:
        import ray

        for one in self._running:
            with suppress(ray.exceptions.RayError):
                ray.cancel(one, force=True)
        ray.shutdown()

    def _outcome(self, job: Job, ended: Any) -> Outcome | None:
        """How a trial has ended; None if it goes on, on another machine or later."""
        import ray

        try:
            fault, reason = ray.get(ended)
        except ray.exceptions.RayTaskError as error:
            raise InputError(f"--workers: ray: {_line(error.cause)}: {SAME}") from None
        except ray.exceptions.RayError as error:
            fault, reason = "", self._deaths.reason(job, f"({_line(error)})", "Ray's logs")
            if not reason:
                self.submit(job)
                return None
        if fault:
            raise InputError(fault)
        if reason == PAUSED:
            self.submit(job)  # behind those that wait for a place
            return None
        return Outcome(job, reason)

    def _look(self, folder: Path) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        token = folder / f".ray-{uuid.uuid4().hex}"
        token.write_text(token.name, "utf-8")
        try:
            looks = {}
            for node in machines():
                where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                remote = ray.remote(num_cpus=0, max_retries=0)(look)
                name = f"{token}.{node['NodeID']}"
                looks[name] = remote.options(scheduling_strategy=where).remote(
                    self._place, str(token), name
                )
            for name, looked in looks.items():
                try:
                    fault = ray.get(looked)
                except ray.exceptions.RayTaskError as error:
                    raise InputError(f"--workers: ray: {_line(error.cause)}: {SAME}") from None
                if not fault and not Path(name).exists():
                    fault = f"--workers: ray: a machine writes to another {folder}: {SHARED}"
                if fault:
                    raise InputError(fault)
        finally:
            for path in folder.glob(f"{token.name}*"):
                path.unlink()


def connect(address: str | None) -> None:
    """Joins a Ray cluster.

    Raises:
        InputError: Ray is not installed, or there is no cluster.
    """
    if find_spec("ray") is None:
        raise InputError(
            "--workers: ray: Ray is missing: pip install 'keras-lstm-variants[ray]', here and on "
            "all machines"
        )
    import ray

    where = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        ray.init(where, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"--workers: ray: no cluster at {where} ({_line(error):.200}): start one by {START}, "
            "and give --ray-address or RAY_ADDRESS where it is not this machine's"
        ) from None
    if not slots():
        ray.shutdown()
        raise InputError(f"--workers: ray: the cluster at {where} has no CPUs: add machines")


def slots() -> int:
    """How many trials can run side by side."""
    return sum(int(node["Resources"]["CPU"]) // CORES for node in machines())


def machines() -> list[dict[str, Any]]:
    """Those that are alive and have cores for a trial."""
    import ray

    return [n for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) >= CORES]


def _line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
