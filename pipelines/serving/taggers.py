"""The tagger of a run or an export; both are the same functions."""

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from ..errors import InputError, NoAlternatives
from ..tagger.model import not_finite
from ..tagger.names import ALTERNATIVES, NOT_FINITE, TAGS, TEXT, TOKENS, WORDS
from ..training import runs
from .rebuilding import Differs, Rebuilt, why_no_faster
from .versions import is_version

log = logging.getLogger(__name__)


class NoTags(InputError):
    """A tagger's scores are not finite, so that it has no tags to give."""


class Tagger(NamedTuple):
    """The functions of a tagger, from string tensors to dicts of tensors; see `Signatures`.

    All raise NoTags where scores are not finite.

    Attributes:
        tokens: That of sentences of words.
        text: That of texts.
        has_entities: Whether the tags spell entities.
        tags: As `tokens`, without scores, and faster; None where there is no such function.
        words: The words of texts, without tags; likewise.
        alternatives: The most probable sequences of tags of sentences of words, and how many are
            wanted; raises NoAlternatives where the tagger cannot, None where none can.
    """

    tokens: Callable[[Any], dict[str, Any]]
    text: Callable[[Any], dict[str, Any]]
    has_entities: bool = True
    tags: Callable[[Any], dict[str, Any]] | None = None
    words: Callable[[Any], dict[str, Any]] | None = None
    alternatives: Callable[[Any, int], dict[str, Any]] | None = None


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
        return Tagger(
            made[TOKENS], made[TEXT], has_entities, made.get(TAGS), made[WORDS], made[ALTERNATIVES]
        )
    return of_export(newest_version(path))


def _checked(function: Callable[..., Any], path: Path) -> Callable[..., Any]:
    """The function with its own error where TensorFlow says that scores are not finite."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
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
    """The tagger of one SavedModel, as `Rebuilt` where that is faster, else as `of_saved_model`.

    Raises:
        InputError: As `of_saved_model` does.
    """

    @cache
    def rebuilt() -> Rebuilt | str:
        try:
            return Rebuilt(version)
        except Differs as error:
            return str(error)

    @cache
    def none(why: str) -> str:
        log.warning("%s: gives no alternatives: %s", version, why)  # once, however many ask
        return f"{version}: gives no alternatives: {why}: export its run again"

    def alternatives(tensor: Any, n: int) -> dict[str, Any]:
        made = rebuilt()
        try:
            if isinstance(made, str):
                raise Differs(made)
            graph = made.alternatives()
        except Differs as error:
            raise NoAlternatives(none(str(error))) from None
        found: dict[str, Any] = _checked(graph, version)(tensor, n)
        return found

    why = why_no_faster() or rebuilt()
    if isinstance(why, str):
        log.info("%s: runs as a SavedModel: %s", version, why)
        return of_saved_model(version)._replace(alternatives=alternatives)
    return _fast(why, version)._replace(alternatives=alternatives)


def _fast(rebuilt: Rebuilt, version: Path) -> Tagger:
    """The tagger of a version as it was rebuilt, with the SavedModel for what is not the same."""

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
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{version}: not an export of ours: {reason}") from None
    if missing := [name for name in (TOKENS, TEXT) if name not in loaded.signatures]:
        raise InputError(
            f"{version}: not an export of ours: a SavedModel without the signature {missing[0]!r}, "
            "so of no tagger"
        )
    functions = {name: loaded.signatures[name] for name in (TOKENS, TEXT)}

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
