"""Which task an experiment is; what is imported for one kind only is so when it is asked for."""

from ..config.forecast_schema import Forecast
from ..config.sweep_schema import AnyExperiment
from .task import Task


def task_of(experiment: AnyExperiment) -> Task:
    """The task of an experiment."""
    if isinstance(experiment, Forecast):
        from . import forecasts

        return forecasts
    from . import taggers

    return taggers
