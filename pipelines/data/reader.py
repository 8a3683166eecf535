"""Reading labelled sentences: the format is recognised, read, and its tags are interpreted.

Whatever is wrong with the content is collected as faults and never raised. An error leaves its
sentence out, and says so; a warning keeps it.
"""

import contextlib
import gc
import os
from collections.abc import Iterator
from typing import Literal

from ..errors import InputError
from ..text import chunking
from ..text.sentences import Fault, How, Reading, Sentence, place
from ..text.spelling import ONE_BY_ONE, SPELLING, Spelling, layer_of, objection
from .formats import recognise
from .options import AS_FOUND, Options
from .source import open_source


def read(path: str | os.PathLike[str], options: Options = AS_FOUND) -> Reading:
    """Reads a file of labelled sentences, in the format that it shows by what it holds.

    Tags are given as the schemes spell them, `B-PER` and `O`, whatever spelling the options name.
    Tags that look like entities but are spelled otherwise than the options say are an error among
    the faults, which says what to ask for.

    Args:
        path: A file in any format of `formats`, or a folder in a format that has some.
        options: What the file does not show by itself.

    Raises:
        InputError: If there is no such file, it cannot be read, it holds no sentence, its format
            cannot be made out, or it has not what the options name.
    """
    with _without_collector():
        return _read(os.fspath(path), options)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """No search for objects that refer to each other: a corpus is millions that do not, and looking
    at all of them again and again takes a third of the time of reading it.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(path: str, options: Options) -> Reading:
    spelling = spelling_of(options)
    source = open_source(path, options.encoding)
    reading = recognise(source).read(source, options)
    if not reading.sentences and all(fault.severity == "warning" for fault in reading.faults):
        reasons = "".join(f"; {fault.where}: {fault.message}" for fault in reading.faults[:1])
        raise InputError(f"{path}: holds no sentence{reasons}")
    return interpreted(reading, spelling, options.layer)


def spelling_of(options: Options) -> Spelling:
    """How tags are spelled, as far as the options say.

    Raises:
        InputError: There is no such scheme.
    """
    scheme = options.scheme
    if scheme is not None and scheme != ONE_BY_ONE:
        try:
            scheme = chunking.named(scheme)
        except ValueError as error:
            raise InputError(
                f"{error}, or {ONE_BY_ONE!r} for tags that spell no entities"
            ) from None
    return Spelling(scheme, tuple(options.outside), options.joiner, options.order)


def interpreted(reading: Reading, spelling: Spelling, layer: int | str | None = None) -> Reading:
    """What was read, its tags in their standard spelling; an error if that is not theirs.

    Raises:
        InputError: The tags have not the layer.
    """
    sentences = reading.sentences
    if layer is not None and reading.layer is None and sentences:
        sentences = _in_layer(sentences, layer)
    if spelling != Spelling():
        standard = {tag: spelling.standard(tag) for s in sentences for tag in s.tags}
        sentences = [s._replace(tags=[standard[tag] for tag in s.tags]) for s in sentences]
    faults = list(reading.faults)
    if found := objection([s.tags for s in sentences], spelling):
        first = next(s for s in sentences if found.tag in s.tags)
        where = place(first, first.tags.index(found.tag))
        faults.append(Fault(where, found.message, "error", SPELLING))
    return Reading(sentences, faults, reading.how, spelling.scheme)


def _in_layer(sentences: list[Sentence], layer: int | str) -> list[Sentence]:
    """The sentences with one of the tags that stand in a tag such as `B-PER|B-ORG`."""
    number = int(layer) if str(layer).isdecimal() else 0
    tags = {tag for s in sentences for tag in s.tags}
    of_layer = {tag: layer_of(tag, max(1, number)) for tag in tags}
    if number < 1 or (number > 1 and {*of_layer.values()} <= {"O"}):
        raise InputError(
            f"{sentences[0].where}: there is no layer {layer!r}: a tag is of one layer here, or of "
            "several in the form B-PER|B-ORG, which are numbered from 1"
        )
    return [s._replace(tags=[of_layer[tag] for tag in s.tags]) for s in sentences]


def read_hironsancorpus(split: Literal["train", "test"]) -> Reading:
    """Reads the Japanese corpus in the package hironsancorpus: 450 + 50 sentences, 8 types.

    Persons are tagged PSN in most places and PER in some; both are kept.

    Raises:
        InputError: If the package is not installed or there is no such split.
    """
    if split not in ("train", "test"):
        raise InputError(f"hironsancorpus has no split {split!r}; it has 'train' and 'test'")
    try:
        from hironsan.corpus import hiron2016
    except ImportError as error:
        raise InputError(
            "hironsancorpus is not installed: pip install 'keras-lstm-variants[quickstart]'"
        ) from error
    sentences = []
    for number, rows in enumerate(hiron2016.iob_sents(split), 1):
        # Rows have 10 or 12 columns. Those of 11 began with an ideographic space, the token,
        # which the package strips from the line together with the TAB after it.
        tokens = ["\u3000" if len(row) == 11 else row[0] for row in rows]
        where = f"hironsancorpus:{split}:sentence {number}"
        sentences.append(Sentence(tokens, [row[-1] for row in rows], where, []))
    how = How("package hironsancorpus", "TAB", "the first column", "the last column", "")
    return Reading(sentences, [], how)
