"""Tagging text with a run or an export; both run the same functions."""

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..encoding.encoder import padded
from ..errors import InputError
from ..tagger.model import not_finite
from ..tagger.names import NOT_FINITE, TAGS, TEXT, TOKENS, WORDS
from ..text.chunking import spans
from ..training import runs
from .rebuilding import Differs, Rebuilt
from .versions import is_version
from .windows import batches, windows

log = logging.getLogger(__name__)


class Entity(NamedTuple):
    """An entity and its place in a text, as `text[start:end]`."""

    type: str
    start: int
    end: int
    text: str


class Tagged(NamedTuple):
    """A tagged sentence.

    Attributes:
        tokens: Its words.
        tags: Their tags.
        scores: The probability of each tag; none if none were wanted.
        line: The number of the text that it is from, from 1.
        starts: Where each word begins in that text, in code points.
        ends: Where each ends: the place after it.
        entities: The entities that the tags spell.
    """

    tokens: list[str]
    tags: list[str]
    scores: list[float]
    line: int = 1
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    entities: Sequence[Entity] = ()


class NoTags(InputError):
    """A tagger's scores are not finite, so that it has no tags to give."""


class Tagger(NamedTuple):
    """The two functions of a tagger, from string tensors to dicts of tensors; see `Signatures`.

    Both raise NoTags where scores are not finite.

    Attributes:
        tokens: That of sentences of words.
        text: That of texts.
        has_entities: Whether the tags spell entities.
        tags: As `tokens`, without scores, and faster; None where there is no such function.
        words: The words of texts, without tags; likewise.
    """

    tokens: Callable[[Any], dict[str, Any]]
    text: Callable[[Any], dict[str, Any]]
    has_entities: bool = True
    tags: Callable[[Any], dict[str, Any]] | None = None
    words: Callable[[Any], dict[str, Any]] | None = None


def load(path: Path) -> Tagger:
    """The tagger of a run folder, of an export, or of one version of an export.

    Raises:
        InputError: The folder is none of these.
    """
    if runs.is_run(path):
        from .exporter import load as of_run

        signatures = of_run(path)
        made = {name: _checked(graph, path) for name, graph in signatures.graphs().items()}
        has_entities = signatures.vocabulary.scheme is not None
        return Tagger(made[TOKENS], made[TEXT], has_entities, made.get(TAGS), made[WORDS])
    return of_export(newest_version(path))


def _checked(function: Callable[[Any], Any], path: Path) -> Callable[[Any], Any]:
    """The function with its own error where TensorFlow says that scores are not finite."""

    def call(tensor: Any) -> Any:
        try:
            return function(tensor)
        except tf.errors.InvalidArgumentError as error:
            if NOT_FINITE not in str(error):
                raise
        raise NoTags(f"{path}: {NOT_FINITE}: train with a lower training.learning_rate")

    return call


def newest_version(path: Path) -> Path:
    """The folder with the SavedModel: the path itself, or its version with the highest number.

    Raises:
        InputError: There is none.
    """
    if (path / "saved_model.pb").exists():
        return path
    versions = [p for p in path.glob("*/saved_model.pb") if is_version(p.parent.name)]
    if not versions:
        raise InputError(
            f"{path}: neither a run nor an export: make one with `lstm-variants export`"
        )
    return max(versions, key=lambda p: int(p.parent.name)).parent


def of_export(version: Path) -> Tagger:
    """The tagger of one SavedModel, as `Rebuilt` where that works, else as `of_saved_model`.

    Raises:
        InputError: As `of_saved_model` does.
    """
    try:
        rebuilt = Rebuilt(version)
    except Differs as error:
        log.info("%s: runs as a SavedModel: %s", version, error)
        return of_saved_model(version)

    @cache
    def saved() -> Tagger:
        return of_saved_model(version)

    @cache
    def function(name: str) -> Callable[[Any], dict[str, Any]]:
        try:
            return _checked(rebuilt.function(name), version)
        except Differs as error:
            if name == WORDS:
                raise
            log.warning("%s: runs as a SavedModel, which may be slower: %s", version, error)
            return saved().text if name == TEXT else saved().tokens

    def called(name: str) -> Callable[[Any], dict[str, Any]]:
        return lambda tensor: function(name)(tensor)

    has_entities = rebuilt.signatures.vocabulary.scheme is not None
    return Tagger(called(TOKENS), called(TEXT), has_entities, called(TAGS), called(WORDS))


def of_saved_model(version: Path) -> Tagger:
    """The tagger of one SavedModel, as TensorFlow Serving runs it.

    Raises:
        InputError: It cannot be loaded, has other signatures, or its weights are not finite.
    """
    try:
        loaded = tf.saved_model.load(str(version))
        functions = {name: loaded.signatures[name] for name in (TOKENS, TEXT)}
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{version}: not an export of ours: {reason}") from None

    weights = functions[TOKENS].variables
    if names := not_finite({variable.name: variable for variable in weights}):
        raise InputError(f"{version}: has NaN or infinity in {names}: export another run")

    # The functions belong to what was loaded, which must live as long as they do.
    def tokens(tensor: Any, owner: Any = loaded) -> dict[str, Any]:
        return functions[TOKENS](tokens=tensor)

    def text(tensor: Any, owner: Any = loaded) -> dict[str, Any]:
        return functions[TEXT](text=tensor)

    has_entities = "entities" in functions[TEXT].structured_outputs
    return Tagger(_checked(tokens, version), _checked(text, version), has_entities)


def tag(
    tagger: Tagger, lines: Iterable[str], split: bool = False, scored: bool = True
) -> Iterator[Tagged]:
    """Tags lines of text, as they come; all sentences of each, an empty one if it has no word.

    Args:
        tagger: What `load` gave.
        lines: Texts.
        split: Each is a sentence whose words are separated by whitespace; take them as they are.
        scored: Whether scores are wanted; it may be faster without.
    """
    if isinstance(lines, str):
        raise TypeError("lines: give a list of texts: a str would be tagged letter by letter")
    first = 1
    for window in windows(lines):
        rows = (_split if split else _texts)(tagger, window, scored)
        for number, (line, sentences) in enumerate(zip(window, rows, strict=True), first):
            for sentence in sentences:
                yield _with_entities(tagger, sentence, number, line)
        first += len(window)


def tag_tokens(tagger: Tagger, sentences: Iterable[Sequence[str]]) -> Iterator[Tagged]:
    """Tags sentences of tokens, which are taken as they are; "" is none.

    Places are those in the tokens with a space between each two.
    """
    first = 1
    for window in windows(sentences):
        rows = [list(tokens) for tokens in window]
        found = zip(_tagged_rows(tagger, rows, True), rows, strict=True)
        for number, ((tags, scores), tokens) in enumerate(found, first):
            ends = [end - 1 for end in accumulate(len(token) + 1 for token in tokens)]
            starts = [end - len(token) for end, token in zip(ends, tokens, strict=True)]
            sentence = Tagged(tokens, tags, scores, number, starts, ends)
            yield _with_entities(tagger, sentence, number, " ".join(tokens))
        first += len(rows)


def _with_entities(tagger: Tagger, sentence: Tagged, number: int, text: str) -> Tagged:
    found = spans(sentence.tags, "IOB2") if tagger.has_entities else ()
    places = [(type, sentence.starts[first], sentence.ends[end - 1]) for type, first, end in found]
    entities = [Entity(type, start, end, text[start:end]) for type, start, end in places]
    return sentence._replace(line=number, entities=entities)


def _split(tagger: Tagger, lines: list[str], scored: bool) -> Iterator[list[Tagged]]:
    """The sentences of lines: one in each."""
    # Not str.split(), which would split at Unicode whitespace inside tokens.
    matches = [list(re.finditer("[^ \t]+", line)) for line in lines]
    tokens = [[word.group() for word in words] for words in matches]
    for words, row, (tags, scores) in zip(
        matches, tokens, _tagged_rows(tagger, tokens, scored), strict=True
    ):
        starts, ends = [word.start() for word in words], [word.end() for word in words]
        yield [Tagged(row, tags, scores, 1, starts, ends)]


def _tagged_rows(
    tagger: Tagger, rows: list[list[str]], scored: bool
) -> list[tuple[list[str], list[Any]]]:
    """The tags of each row of tokens, and their scores, if wanted."""
    function = tagger.tokens if scored or tagger.tags is None else tagger.tags
    lengths = [len(row) for row in rows]
    found: list[Any] = [None] * len(rows)
    for places in batches(lengths):
        result = function(padded([rows[n] for n in places]))
        tags = _strings(result["tags"].numpy())
        scores = shortest(result["scores"].numpy()) if scored else [[]] * len(places)
        for n, of_tags, of_scores in zip(places, tags, scores, strict=True):
            found[n] = of_tags[: lengths[n]], of_scores[: lengths[n]]
    return found


def _texts(tagger: Tagger, lines: list[str], scored: bool) -> Iterator[list[Tagged]]:
    """The sentences of texts."""
    found = None
    if tagger.words is not None:
        with contextlib.suppress(Differs):  # then the SavedModel has to take them apart
            found = tagger.words(tf.constant(lines))
    if found is not None:
        plain = {name: values.numpy().tolist() for name, values in found.items()}
        yield from _of_words(tagger, plain, scored)
        return
    result = {key: value.numpy() for key, value in tagger.text(tf.constant(lines)).items()}
    for n, length in enumerate(result["lengths"]):
        row = {key: result[key][n][:length] for key in ("tokens", "tags", "starts", "ends")}
        scores = shortest(result["scores"][n][:length])
        new = np.flatnonzero(np.diff(result["sentences"][n][:length])) + 1
        yield [
            Tagged(
                [word.decode() for word in row["tokens"][first:end]],
                [name.decode() for name in row["tags"][first:end]],
                scores[first:end],
                1,
                row["starts"][first:end].tolist(),
                row["ends"][first:end].tolist(),
            )
            for first, end in pairwise([0, *new.tolist(), length])
        ]


def _of_words(tagger: Tagger, found: dict[str, Any], scored: bool) -> Iterator[list[Tagged]]:
    """The sentences of texts that have been taken apart; an empty one if a text has none."""
    words = [word.decode() for word in found["tokens"]]
    places = list(pairwise(accumulate(found["lengths"], initial=0)))
    rows = [words[first:end] for first, end in places]
    tagged = iter(zip(rows, places, _tagged_rows(tagger, rows, scored), strict=True))
    for count in found["sentences"]:
        yield [
            Tagged(row, tags, scores, 1, found["starts"][first:end], found["ends"][first:end])
            for row, (first, end), (tags, scores) in islice(tagged, count)
        ] or [Tagged([], [], [], 1, [], [])]


def _strings(values: np.ndarray) -> list[Any]:
    """Nested lists of the strings, of which there are few different ones."""
    known = {value: value.decode() for value in set(values.ravel().tolist())}
    return [[known[value] for value in row] for row in values.tolist()]


def shortest(values: np.ndarray) -> list[Any]:
    """Nested lists of the shortest digits that name the same float32, not those of its double."""
    digits = np.array([float(str(value)) for value in values.ravel()])
    return digits.reshape(values.shape).tolist()
