"""Forecasts as what a sweep trains: a net with one seed each, which is scored by its skill."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..config.forecast_schema import Forecast
from ..errors import InputError
from ..training.costs import Meter
from ..training.trainer import Watcher
from .task import Probe

if missing := [name for name in ("pandas", "statsmodels", "matplotlib") if find_spec(name) is None]:
    raise InputError(
        f"base: a forecast needs {', '.join(missing)}: pip install 'keras-lstm-variants[forecast]'"
    )

from ..forecasting import net, trial
from ..forecasting.trial import Prepared
from ..forecasting.trial import evaluate as evaluate
from ..forecasting.trial import export as export

TIMED = 3  # epochs, of which the first compiles


def files(forecast: Forecast) -> list[str]:
    return [] if forecast.series.file.isidentifier() else [forecast.series.file]


def reads(forecast: Forecast) -> dict[str, Any]:
    return forecast.model_dump(include={"series"})


def read(forecast: Forecast) -> Prepared:
    return trial.prepare(forecast)


def check_model(forecast: Forecast, reading: Callable[[Forecast], Prepared]) -> None:
    trial.build(forecast, reading(forecast).plan)


def weights(forecast: Forecast, prepared: Prepared) -> int:
    return trial.trained(trial.build(forecast, prepared.plan))


def config(run: Path) -> dict[str, Any] | None:
    found = trial.config(run)
    return None if found is None else found.model_dump()


def train(
    forecast: Forecast,
    run: Path,
    watcher: Any = None,
    callbacks: Sequence[Any] = (),
    shorter: Path | None = None,
    keep: bool = False,
    wait: float = 0.0,
) -> dict[str, Any]:
    watcher = watcher or Watcher()
    watcher.begin(forecast, "skill", 1, 1)
    return trial.train(forecast, run, lambda epoch: watcher.step(epoch, 1), callbacks, wait)


def probe(forecast: Forecast, prepared: Prepared, like: Any) -> tuple[Probe, Any]:
    """Times a few epochs, with their validation."""
    asked = trial.request(forecast)._replace(epochs=TIMED, patience=TIMED)
    meter, costs = Meter(), []
    net.fit(
        forecast.model.cell,
        forecast.training.seed,
        prepared.series.values,
        asked,
        prepared.plan,
        lambda epoch: costs.append(meter.read()),
    )
    first, *_, last = costs
    return Probe(first.seconds, last.seconds, last.cpu_seconds, last.other_load), None
