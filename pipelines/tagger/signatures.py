"""Strings in, tags out, in TensorFlow alone: what a run computes and what its export contains."""

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..encoding.batching import few_lengths
from ..encoding.encoder import Encoder, few_widths
from ..encoding.vocabulary import Vocabulary
from ..text.tokenizer import by_character, next_marked, tokenize
from .model import decoded, n_best
from .names import ALTERNATIVES, NOT_FINITE, TAGS, TEXT, TOKENS, WORDS

TOGETHER = 64  # sentences of texts that are tagged together


class Signatures:
    """The two functions of a tagger, both for any number of sentences of any length.

    `tokens(tokens)` takes sentences of words, a string tensor (batch, steps) in which "" pads. It
    returns a dict: `tags` (batch, steps), strings, "" for padding; `scores` (batch, steps), the
    probability of each tag, 0 for padding; `lengths` (batch,), the number of words.

    `text(text)` takes texts as they are written, of any number of sentences, a string tensor
    (batch,), and takes them apart as `tokenize` does. Each sentence is tagged by itself. It returns
    the same for all words of a text, and `tokens` (batch, steps), the words; `starts` and `ends`
    (batch, steps), where each stands in its text; `sentences` (batch, steps), the number of its
    sentence, from 0. If the tags spell entities, also `entities` (batch,), how many there are;
    `entity_types`, `entity_starts` and `entity_ends` (batch, entities). Places count code points,
    the end is the place after the last; padding is 0 or "".
    """

    def __init__(
        self, model: keras.Model, vocabulary: Vocabulary, constrained: bool = True
    ) -> None:
        self.model = model
        self.decoder = decoded(model, vocabulary, constrained)
        self.vocabulary = vocabulary
        self.constrained = constrained
        self.single = by_character(vocabulary.words)
        self.encoder = Encoder(vocabulary)
        self._unscored: Any = None
        self._of_sentences: Any = self.tokens  # or its graph, which need not be made once more

    @property
    def endpoints(self) -> dict[str, tuple[Any, tf.TensorSpec]]:
        """Each function with what it takes, by the name of its signature."""
        return {
            TOKENS: (self.tokens, tf.TensorSpec([None, None], tf.string, "tokens")),
            TEXT: (self.text, tf.TensorSpec([None], tf.string, "text")),
        }

    def graphs(self) -> dict[str, Any]:
        """The functions as graphs, made when they are first called, by name.

        Besides those of the endpoints TAGS, on TensorFlow only, WORDS, and ALTERNATIVES, which
        takes tokens and a number of its own: one graph for each number.
        """
        tokens, text = (spec for _, spec in self.endpoints.values())
        functions = {**self.endpoints, WORDS: (self.words, text)}
        if keras.backend.backend() == "tensorflow":
            functions[TAGS] = self.tags, tokens

        def graph(function: Any, spec: Any) -> Any:
            return tf.function(function, input_signature=[spec], autograph=False)

        @cache
        def alternatives(n: int) -> Any:
            return graph(self.alternatives(n), tokens)

        graphs: dict[str, Any] = {name: graph(*both) for name, both in functions.items()}
        self._of_sentences = graphs[TOKENS]
        return {**graphs, ALTERNATIVES: lambda tensor, n: alternatives(n)(tensor)}

    def tokens(self, tokens: Any) -> dict[str, Any]:
        real = tf.not_equal(tokens, "")
        outputs = self._run(self.decoder, tokens)
        scores = tf.debugging.check_numerics(outputs["scores"][:, :-1], NOT_FINITE)
        names = tf.gather(tf.constant(self.vocabulary.tags), tf.maximum(outputs["tags"][:, :-1], 0))
        return {
            "tags": tf.where(real, names, ""),
            "scores": tf.where(real, scores, 0.0),
            "lengths": tf.reduce_sum(tf.cast(real, tf.int32), axis=-1),
        }

    def tags(self, tokens: Any) -> dict[str, Any]:
        """The `tags` of `tokens` alone, in four fifths of the time."""
        if self._unscored is None:
            self._unscored = decoded(self.model, self.vocabulary, self.constrained, scored=False)
        real = tf.not_equal(tokens, "")
        tags = self._run(self._unscored, tokens)["tags"][:, :-1]
        found = tf.reduce_all((tags >= 0) | ~real)  # there is none where scores are not finite
        with tf.control_dependencies([tf.debugging.Assert(found, [NOT_FINITE])]):
            names = tf.gather(tf.constant(self.vocabulary.tags), tf.maximum(tags, 0))
        return {"tags": tf.where(real, names, "")}

    def alternatives(self, n: int) -> Any:
        """A function that gives the n most probable tag sequences of each sentence.

        It takes `tokens` as the function of that name, and returns a dict: `tags` (batch, n,
        steps), strings, "" for padding and where a sentence has fewer sequences;
        `log_probabilities` (batch, n), the best first, minus infinity where there are fewer.
        """
        decoder = n_best(self.model, self.vocabulary, n, self.constrained)

        def alternatives(tokens: Any) -> dict[str, Any]:
            outputs = self._run(decoder, tokens)
            tags, logs = outputs["tags"][..., :-1], outputs["log_probabilities"]
            found = tf.reduce_all(~tf.math.is_nan(logs))
            with tf.control_dependencies([tf.debugging.Assert(found, [NOT_FINITE])]):
                names = tf.gather(tf.constant(self.vocabulary.tags), tf.maximum(tags, 0))
            return {"tags": tf.where(tags >= 0, names, ""), "log_probabilities": logs}

        return alternatives

    def words(self, text: Any) -> dict[str, Any]:
        """The words of texts, without tags.

        Returns:
            `tokens`, `starts` and `ends` of all words of all texts; `lengths`, the number of words
            of each sentence; `sentences`, the number of sentences of each text.
        """
        words, starts, ends = tokenize(text, self.single)
        return {
            "tokens": words.flat_values,
            "starts": tf.cast(starts.flat_values, tf.int32),
            "ends": tf.cast(ends.flat_values, tf.int32),
            "lengths": words.values.row_lengths(),
            "sentences": words.row_lengths(),
        }

    def _run(self, decoder: keras.Model, tokens: Any) -> dict[str, Any]:
        """What a model makes of tokens and a step of padding; on other backends, through arrays."""
        # A recurrent layer cannot take zero steps.
        padded = tf.concat([tokens, tf.fill([tf.shape(tokens)[0], 1], "")], axis=1)
        ids = self.encoder(padded)
        if keras.backend.backend() == "tensorflow":
            return decoder(ids, training=False)
        names, outputs = sorted(ids), decoder.output

        def run(*arrays: Any) -> Any:
            found = decoder.predict_on_batch(
                {name: in_few_shapes(array) for name, array in zip(names, arrays, strict=True)}
            )
            batch, steps = arrays[0].shape[:2]
            return [
                np.asarray(found[name])[(slice(batch), *_first(steps, of.shape[1:]))]
                for name, of in outputs.items()
            ]

        arrays = [few_widths(ids[name]) for name in names]
        types = [tf.as_dtype(of.dtype) for of in outputs.values()]
        values = tf.numpy_function(run, arrays, types, stateful=False)
        return {
            name: tf.ensure_shape(value, of.shape)
            for (name, of), value in zip(outputs.items(), values, strict=True)
        }

    def text(self, text: Any) -> dict[str, Any]:
        words, starts, ends = tokenize(text, self.single)
        sentences = words.merge_dims(0, 1)
        tags, scores = self._tag(sentences)
        numbers = tf.ragged.range(words.row_lengths()).flat_values  # of sentences in their texts
        of_words = {
            "tokens": words.flat_values,
            "tags": tags,
            "scores": scores,
            "starts": tf.cast(starts.flat_values, tf.int32),
            "ends": tf.cast(ends.flat_values, tf.int32),
            "sentences": tf.cast(tf.repeat(numbers, sentences.row_lengths()), tf.int32),
        }
        texts = words.merge_dims(1, 2)
        outputs = {key: texts.with_values(values).to_tensor() for key, values in of_words.items()}
        outputs["lengths"] = tf.cast(texts.row_lengths(), tf.int32)
        if self.vocabulary.scheme is not None:
            types, firsts, lasts = entities_of(tags, sentences)
            of_entities = {
                "entity_types": types,
                "entity_starts": tf.gather(of_words["starts"], firsts),
                "entity_ends": tf.gather(of_words["ends"], lasts),
            }
            rows = tf.gather(texts.value_rowids(), firsts)
            for key, values in of_entities.items():
                entities = tf.RaggedTensor.from_value_rowids(
                    values, rows, texts.nrows(), validate=False
                )
                outputs[key] = entities.to_tensor()
            outputs["entities"] = tf.cast(entities.row_lengths(), tf.int32)
        return outputs

    def _tag(self, sentences: tf.RaggedTensor) -> tuple[Any, Any]:
        """Tags and scores of all words of ragged sentences.

        Those of like length go through the model together, so that a long sentence does not make
        all others as long with padding.
        """
        lengths = sentences.row_lengths()
        order = tf.argsort(lengths, stable=True)
        groups = (tf.size(order) + TOGETHER - 1) // TOGETHER
        # The first elements are empty: without any, there would be nothing to put together.
        tags = tf.TensorArray(tf.string, groups + 1, infer_shape=False, element_shape=[None])
        scores = tf.TensorArray(tf.float32, groups + 1, infer_shape=False, element_shape=[None])
        none = tf.zeros([0])
        initial = tf.constant(0), tags.write(0, tf.as_string(none)), scores.write(0, none)

        def step(group: Any, tags: Any, scores: Any) -> Any:
            some = order[group * TOGETHER : (group + 1) * TOGETHER]
            tokens = tf.gather(sentences, some).to_tensor("")
            outputs, real = self._of_sentences(tokens), tf.not_equal(tokens, "")
            group = group + 1
            tags = tags.write(group, tf.boolean_mask(outputs["tags"], real))
            return group, tags, scores.write(group, tf.boolean_mask(outputs["scores"], real))

        _, tags, scores = tf.while_loop(lambda group, *_: group < groups, step, initial)
        back, lengths = tf.argsort(order), tf.gather(lengths, order)

        def in_order(values: Any) -> Any:
            ragged = tf.RaggedTensor.from_row_lengths(values.concat(), lengths, validate=False)
            return tf.gather(ragged, back).flat_values

        return in_order(tags), in_order(scores)


def _first(steps: int, shape: tuple[int | None, ...]) -> list[slice]:
    """So many steps, which are the axis of unknown size."""
    return [slice(steps if size is None else None) for size in shape]


def in_few_shapes(ids: np.ndarray) -> np.ndarray:
    """Ids with rows and steps of padding, so that a backend has few shapes to compile."""
    missing = [few_lengths(size) - size for size in ids.shape[:2]]
    return np.pad(ids, [(0, n) for n in missing] + [(0, 0)] * (ids.ndim - 2))


def entities_of(tags: Any, sentences: tf.RaggedTensor) -> tuple[Any, Any, Any]:
    """The entities that tags spell, repaired as `schemes.spans` repairs them.

    Args:
        tags: The tags of all words.
        sentences: The words, sentence by sentence.

    Returns:
        The type of each entity, the place of its first word and that of its last.
    """
    places = tf.range(tf.size(tags, tf.int64))
    begins = tf.gather(sentences.row_starts(), sentences.value_rowids())
    letters = tf.strings.substr(tags, 0, 1)
    types = tf.strings.regex_replace(tags, "^.-?", "")
    before = tf.maximum(places - 1, 0)
    closed = _one_of(tf.gather(letters, before), "OESLU") | tf.equal(places, begins)
    other = tf.not_equal(types, tf.gather(types, before))
    outside = tf.equal(letters, "O")
    opens = ~outside & (closed | other | _one_of(letters, "BSU"))
    firsts = tf.boolean_mask(places, opens)
    count = tf.size(tags, tf.int64)
    limits = tf.concat([next_marked(opens | outside, places, count), [count]], 0)
    return tf.gather(types, firsts), firsts, tf.gather(limits, firsts + 1) - 1


def _one_of(letters: Any, some: str) -> Any:
    return tf.reduce_any(tf.equal(letters[:, None], tf.constant(list(some))), -1)
