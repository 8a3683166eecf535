"""What a forecast may say, with its defaults; descriptions are for users, as in `schema`."""

from typing import Literal

from pydantic import Field

from .schema import Section


class Series(Section):
    """The series, what is forecast of it, and its parts."""

    file: str = Field(
        description="A CSV file with a header; or a data set of statsmodels, such as sunspots."
    )
    column: str | None = Field(None, description="The column to forecast, if there are several.")
    time: str | None = Field(
        None,
        description="The column of the times. By default the first that can be; with 'none' rows "
        "are even steps.",
    )
    fill: Literal["linear", "previous"] | None = Field(
        None, description="What takes the place of missing values. By default nothing may."
    )
    horizon: int = Field(1, ge=1, description="Steps that are forecast at once.")
    window: int | None = Field(
        None,
        ge=2,
        description="Steps that a forecast is made from. By default 24, or two seasons.",
    )
    season: int | None = Field(
        None, ge=1, description="Steps of a season; 1 for none. By default found by itself."
    )
    test: float = Field(
        0.33, ge=0.01, le=0.9, description="Share of the series, its end, that is the test part."
    )
    dev: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Share of what is before the test part, its end, on which training stops and "
        "settings are chosen.",
    )


class Net(Section):
    """The recurrent layers of a forecast."""

    cell: str = Field("lstm", description="The recurrent cell.")
    units: int = Field(50, ge=1, description="Units of a layer.")
    layers: int = Field(1, ge=1, description="Recurrent layers.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout after each layer.")
    relative: bool = Field(
        False, description="Whether the net learns differences from the last value of the window."
    )


class Fitting(Section):
    """How the weights of a forecast are found, by RMSprop."""

    epochs: int = Field(200, ge=1, description="Epochs, at most.")
    patience: int = Field(
        20, ge=1, description="Epochs without a smaller error on dev before training stops."
    )
    batch_size: int = Field(50, ge=1, description="Windows in a batch.")
    learning_rate: float = Field(1e-3, gt=0, description="The learning rate.")
    seed: int = Field(
        1,
        ge=0,
        lt=2**32,
        description="Seed of the first weights, of dropout and of the order of windows.",
    )


class Forecast(Section):
    """One training of a net that forecasts: everything that decides its result."""

    series: Series = Field(description="What is forecast.")
    model: Net = Field(Net(), description="The recurrent layers.")
    training: Fitting = Field(Fitting(), description="How the weights are found.")
