"""A file of predicted tags gets its scores against a file of gold tags."""

import os
from itertools import zip_longest
from typing import NamedTuple

from ..data.options import AS_FOUND, Options
from ..data.reader import read, spelling_of
from ..errors import InputError
from ..text import chunking
from ..text.sentences import Fault, Sentence, place, refuse_errors
from ..text.spelling import ONE_BY_ONE
from .analysis import SAMPLES, Analysis, Learned, analyse
from .report import Case, cases

_Path = str | os.PathLike[str]


class Scored(NamedTuple):
    """The scores of a file.

    Attributes:
        analysis: The scores and what is behind them.
        predicted_scheme: The scheme of the predicted tags; that of gold is in the scores.
        cases: The sentences, those with the most mistakes first.
        notes: What to know about the tags.
    """

    analysis: Analysis
    predicted_scheme: str | None
    cases: list[Case]
    notes: list[Fault]


def score_files(
    gold: _Path,
    predicted: _Path | None = None,
    train: _Path | None = None,
    options: Options = AS_FOUND,
    predicted_scheme: str | None = None,
    samples: int = SAMPLES,
    seed: int = 1,
) -> Scored:
    """Scores a file against another that holds the same words.

    Args:
        gold: The right tags; both tags, in the last two columns, if there is no other file.
        predicted: The tags to score.
        train: The sentences that were learned from, to score what they have apart from the rest.
        options: As for `read`, in all files. In a file of both tags, the column of the tags is
            that of the predicted ones, and gold stands before it.
        predicted_scheme: The scheme of the predicted tags; by default that of gold if they can be
            of it, or else the one found.
        samples: How many samples of sentences to draw for the intervals.
        seed: Of these draws.

    Raises:
        InputError: A file cannot be read or has errors, the files hold different words, or one has
            entities and the other has not.
    """
    of_predicted = options._replace(scheme=predicted_scheme or options.scheme)
    reference, predictions = _both(gold, predicted, options, of_predicted)
    if predicted is not None:
        _check_words(os.fspath(gold), reference, os.fspath(predicted), predictions)
    own, others = _schemes(gold, reference, predictions, options, predicted_scheme)
    learned = None
    if train is not None:
        of_train = options if predicted is not None else options._replace(tag_column=None)
        sentences = _sentences(train, of_train)
        learned = Learned([s.tokens for s in sentences], [s.tags for s in sentences])
    tags = [s.tags for s in reference], [s.tags for s in predictions]
    tokens = [s.tokens for s in reference]
    analysis = analyse(tokens, *tags, own, others, learned, samples, seed)
    shown_cases = cases(reference, *tags, own, others)
    return Scored(analysis, others, shown_cases, _notes(reference, predictions, own, others))


def _both(
    gold: _Path, predicted: _Path | None, options: Options, of_predicted: Options
) -> tuple[list[Sentence], list[Sentence]]:
    if predicted is not None:
        return _sentences(gold, options), _sentences(predicted, of_predicted)
    last = -1 if options.tag_column is None else options.tag_column
    if not isinstance(last, int):
        raise InputError(f"{gold}: give the number of the column of predicted tags, not {last!r}")
    if last == 0:
        raise InputError(f"{gold}: there is no column before column 0 for the gold tags")
    reading = read(gold, options._replace(tag_column=last - 1))
    found = read(gold, of_predicted._replace(tag_column=last))
    if found.how.tag_column.startswith(reading.how.token_column):
        raise InputError(f"{gold}: has one column of tags; give a file of predictions, too")
    refuse_errors([*reading.faults, *found.faults])
    return reading.sentences, found.sentences


def _sentences(path: _Path, options: Options) -> list[Sentence]:
    reading = read(path, options)
    refuse_errors(reading.faults)
    return reading.sentences


def _check_words(
    gold: str, reference: list[Sentence], predicted: str, predictions: list[Sentence]
) -> None:
    """Raises InputError at the first word that is not the same in both."""
    for one, other in zip_longest(reference, predictions):
        if one is None or other is None:
            longer, shorter, left = (gold, predicted, one) if one else (predicted, gold, other)
            numbers = {gold: len(reference), predicted: len(predictions)}
            raise InputError(
                f"{left.where}: this sentence is not in {shorter}, which has {numbers[shorter]} "
                f"sentences and not {numbers[longer]}: every sentence must be in both files"
            )
        for index, words in enumerate(zip(one.tokens, other.tokens, strict=False)):
            if words[0] != words[1]:
                raise InputError(
                    f"{place(other, index)}: {words[1]!r} stands where {place(one, index)} has "
                    f"{words[0]!r}: both files must hold the same words"
                )
        if len(one.tokens) != len(other.tokens):
            raise InputError(
                f"{other.where}: {len(other.tokens)} words where {one.where} has "
                f"{len(one.tokens)}: a sentence was cut, or two were joined"
            )


def _schemes(
    path: _Path,
    reference: list[Sentence],
    predictions: list[Sentence],
    options: Options,
    predicted_scheme: str | None,
) -> tuple[str | None, str | None]:
    """The schemes of gold and predicted tags."""
    named = [
        spelling_of(options._replace(scheme=scheme)).scheme
        for scheme in (options.scheme, predicted_scheme)
    ]
    if ONE_BY_ONE in named:
        return None, None
    gold, predicted = [s.tags for s in reference], [s.tags for s in predictions]
    own, others = chunking.detect(gold), chunking.detect(predicted)
    if (own is None) != (others is None):
        kinds = ["entities" if s else "part-of-speech tags or similar" for s in (own, others)]
        raise InputError(
            f"{path}: the gold tags are {kinds[0]}, the predicted ones {kinds[1]}: set the right "
            "tag column"
        )
    if own is None:
        return None, None
    if all(tag == "O" for tags in gold for tag in tags):  # these are of any scheme
        own = others
    own = named[0] or own
    if named[1] is None and _is_of(predicted, own):
        return own, own
    return own, named[1] or others


def _is_of(predicted: list[list[str]], scheme: str | None) -> bool:
    """Whether predicted tags are of the scheme of gold, as far as their mistakes let one see."""
    invalid = sum(len(chunking.violations(tags, str(scheme))) for tags in predicted)
    return invalid <= sum(len(chunking.spans(tags, str(scheme))) for tags in predicted) / 2


def _notes(
    reference: list[Sentence], predictions: list[Sentence], own: str | None, others: str | None
) -> list[Fault]:
    """Tags that are none of their scheme: where the first is and how many there are."""
    notes = []
    for sentences, scheme in ((reference, own), (predictions, others)):
        if scheme is None:
            continue
        tags = [(s, n, tag) for s in sentences for n, tag in enumerate(s.tags)]
        nowhere = [one for one in tags if not chunking.is_chunk_tag(one[2])]
        elsewhere = [
            one for one in tags
            if chunking.is_chunk_tag(one[2]) and not chunking.belongs(one[2], scheme)
        ]  # fmt: skip
        for strange, what in (
            (nowhere, "is not an entity tag and counts as O"),
            (elsewhere, f"is no tag of {scheme}, and strict scores leave it out"),
        ):
            if strange:
                sentence, index, tag = strange[0]
                count = "is 1 such tag" if len(strange) == 1 else f"are {len(strange)} such tags"
                message = f"{tag!r} {what}; there {count}"
                notes.append(Fault(place(sentence, index), message, "warning"))
    return notes
