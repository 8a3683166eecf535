"""What a sweep may say, with its defaults; descriptions are for users, as in `schema`."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema, model_validator

from .forecast_schema import Forecast
from .schema import Experiment, Section

AnyExperiment = Experiment | Forecast


def kind(values: Any) -> type[Experiment] | type[Forecast]:
    """Whether values are those of a tagger or of a forecast: one has data, the other a series."""
    if isinstance(values, Forecast) or (isinstance(values, dict) and "series" in values):
        return Forecast
    return Experiment


class Range(Section):
    """The numbers from `min` to `max`, both included."""

    min: int | float = Field(description="The smallest value.")
    max: int | float = Field(description="The largest value.")
    step: int | float | None = Field(
        None, description="Distance of the values; a grid needs one. By default all between."
    )
    sampling: Literal["linear", "log"] = Field(
        "linear", description="Whether values or their logarithms are drawn uniformly."
    )

    @model_validator(mode="after")
    def ordered(self) -> "Range":
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be more than 0, not {self.step}")
        if self.min >= self.max:
            raise ValueError(f"min must be less than max, not {self.min} and {self.max}")
        if self.sampling == "log" and (self.min <= 0 or self.step is not None):
            raise ValueError("sampling = 'log' needs a positive min and no step")
        return self


class Budget(Section):
    """What every trial of a sweep may spend alike."""

    equal: Literal["units", "weights", "seconds"] = Field(
        "units",
        description="What is equal: the units of the layers; the weights of the tagger, for which "
        "the units of each cell are solved; or the CPU seconds of training.",
    )
    weights: int | None = Field(
        None,
        ge=1,
        description='With equal = "weights", how many weights training changes. By default as many '
        "as the baseline cell has at the same other values.",
    )
    seconds: float | None = Field(
        None, gt=0, description='With equal = "seconds", the value of training.seconds in each.'
    )

    @model_validator(mode="after")
    def of_one_kind(self) -> "Budget":
        if self.equal == "seconds" and self.seconds is None:
            raise ValueError("equal = 'seconds' needs 'seconds'")
        for key in ("weights", "seconds"):
            if getattr(self, key) is not None and self.equal != key:
                raise ValueError(f"'{key}' is for equal = '{key}', not '{self.equal}'")
        return self


class Finals(Section):
    """The best settings once more, on seeds that the search has not seen."""

    settings: int = Field(
        1,
        ge=1,
        description="How many of the best settings are in the finals, besides the best one of the "
        "baseline cell.",
    )
    of: Literal["sweep", "cell"] = Field(
        "sweep",
        description="Whether these are the best of the whole sweep, or the best of each cell.",
    )
    seeds: int = Field(5, ge=1, description="Runs of each of them, on the same fresh seeds.")
    test: bool = Field(
        False, description="Whether the runs of the finals are scored on the test sentences, too."
    )


class Stopping(Section):
    """Trials of the search that do worse than others are stopped before their last epoch."""

    rule: Literal["median"] = Field(
        "median",
        description="A trial is stopped after an epoch if its best dev score so far is below the "
        "median, over earlier trials of the same cell, of their mean scores up to that epoch "
        "(Golovin et al. 2017).",
    )
    trials: int = Field(
        3, ge=1, description="With fewer earlier trials of the same cell, none is stopped."
    )
    epochs: int = Field(1, ge=1, description="Epochs before which no trial is stopped.")


class Search(Section):
    """How a sweep looks for the best values."""

    method: Literal["grid", "random", "hyperband", "bayesian"] = Field(
        "random", description="How trials are chosen; as in keras-tuner."
    )
    trials: int | None = Field(
        None,
        ge=1,
        description="How many trials each cell has; grid and hyperband decide for themselves.",
    )
    seed: int = Field(1, ge=0, description="Seed of the choice of trials.")
    cells: str | None = Field(
        None,
        description='A set of cells in place of "model.cell" in the space: core, small, '
        "long-memory, fast, parallel or all.",
    )
    baseline: str | None = Field(
        None,
        description="The cell that others are compared with. By default the LSTM where it is one "
        "of them, or else that of the base.",
    )
    budget: Budget = Field(Budget(), description="What every trial may spend alike.")
    stopping: Stopping | None = Field(
        None, description="Which trials of the search are stopped early. By default none."
    )
    finals: Finals | None = Field(None, description="The best settings on fresh seeds.")

    @model_validator(mode="after")
    def counted(self) -> "Search":
        if self.method in ("random", "bayesian") and self.trials is None:
            raise ValueError(f"method = '{self.method}' needs 'trials'")
        return self


Choices = Annotated[
    Annotated[list[Any], Tag("list")] | Annotated[Range, Tag("range")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "range"),
]


class Sweep(Section):
    """Many runs of one experiment, each with other values of some keys."""

    base: Annotated[
        Annotated[Experiment, Tag("Experiment")] | Annotated[Forecast, Tag("Forecast")],
        Discriminator(lambda values: kind(values).__name__),
        WithJsonSchema({"type": "string"}),
    ] = Field(description="The file of the experiment to vary, of a tagger or of a forecast.")
    sweep: Search = Field(description="How the best values are looked for.")
    space: dict[str, Choices] = Field(
        description='The keys to vary, such as "model.units", each with a list of values or a '
        "range of numbers."
    )
