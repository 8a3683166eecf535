"""What is run in training: a model made for it, compiled or not, and the batches of each epoch."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_lstm_variants import CRFLoss

from ..config.schema import Experiment
from ..data.tfds_store import prepare
from ..encoding.batching import Shapes, batches, encoded, shapes_of
from ..encoding.encoder import Encoder
from ..encoding.spelling import spellings
from ..encoding.vocabulary import Vocabulary
from ..tagger.model import build_tagger, runs_cudnn
from ..text.sentences import Sentence
from .devices import compiles, training_on
from .schedule import SmoothedCrossentropy, optimizer


class Program(NamedTuple):
    """A tagger to be trained.

    Attributes:
        model: A tagger compiled for training. It may read other ids than one that is saved, but has
            the same weights in the same order.
        compiled: Whether XLA compiles its step.
        lengths: Of the sentences that it is trained on.
        examples: Their ids and tags.
        shapes: What their batches are padded to, if it is compiled.
        experiment: How it is trained.
    """

    model: keras.Model
    compiled: bool
    lengths: list[int]
    examples: tuple[Any, Any]
    shapes: Shapes | None
    experiment: Experiment

    def batches(self, seed: int) -> tf.data.Dataset:
        """The batches of an epoch of this seed, one of those that the program was made for."""
        training = self.experiment.training
        return batches(
            self.examples,
            self.lengths,
            training.batch_size,
            seed,
            training.gradient_accumulation_steps,
            training.devices,
            self.shapes,
        )


def seed_of(experiment: Experiment, epoch: int) -> int:
    """Its own for each epoch: a resumed run reads in the order it would have read in."""
    return experiment.training.seed * 100_003 + epoch


def program(
    sentences: list[Sentence],
    words: Vocabulary,
    rows: np.ndarray | None,
    experiment: Experiment,
    epochs: Iterable[int] | None = None,
    like: Program | None = None,
) -> Program:
    """Makes the program that trains a tagger on sentences.

    Args:
        sentences: Those of train, entities in IOB2.
        words: What the tagger will know.
        rows: Its pretrained vectors; None if there are none.
        experiment: What to train.
        epochs: Those whose batches may be asked for; by default all of the experiment.
        like: A program for the same sentences and vocabulary, whose examples are read again.

    Raises:
        InputError: The cell does not take its options, or there are fewer devices.
    """
    training = experiment.training
    lengths = [len(s.tokens) for s in sentences]
    compiled = compiles(training, runs_cudnn(experiment.model, training.precision))
    known, spelled = words, None
    if compiled and words.characters:
        spelled = spellings(Encoder(words), [s.tokens for s in sentences])
        known = words._replace(characters=[])
    # First: to prepare data may draw random numbers, and does so the first time only.
    with training_on(training):
        blocks = spelled.blocks if spelled else ()
        model = build_tagger(words, experiment.model, rows, experiment.vectors.tuned, blocks)
        compile_model(model, experiment, compiled)
    if like and like.compiled == compiled:
        examples = like.examples
    else:
        examples = encoded(prepare({"train": sentences}), "train", Encoder(known))
    shapes = None
    if compiled:
        epochs = range(1, training.epochs + 1) if epochs is None else epochs
        seeds = [seed_of(experiment, epoch) for epoch in epochs]
        accumulated = training.gradient_accumulation_steps
        shapes = shapes_of(spelled, lengths, training.batch_size, seeds, accumulated)
    return Program(model, compiled, lengths, examples, shapes, experiment)


def compile_model(model: keras.Model, experiment: Experiment, compiled: bool | None = None) -> None:
    """Gives a tagger its loss and its optimizer.

    Args:
        model: What `build_tagger` gave.
        experiment: How it is trained.
        compiled: Whether XLA compiles its steps; by default as Keras decides.
    """
    training = experiment.training
    # The weights of a batch sum to one, so that this is the mean over its tokens. Keras' own mean
    # would count padding, or not, depending on whether its version hands on masks.
    if experiment.model.decoder == "crf":
        loss = CRFLoss(reduction="sum")
    elif training.label_smoothing:
        loss = SmoothedCrossentropy(training.label_smoothing)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(
        optimizer(training),
        loss,
        steps_per_execution=training.steps_per_execution,
        jit_compile="auto" if compiled is None else compiled,
    )
    model.optimizer.build(model.trainable_variables)
