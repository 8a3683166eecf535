"""From the configuration to its splits: files read as one, dev sets and folds taken out."""

from ..config.schema import Data
from ..errors import InputError
from ..text import chunking
from ..text.sentences import Fault, How, Reading, Sentence, refuse_errors
from .checker import Report
from .options import AS_FOUND, Options
from .reader import interpreted, read, read_hironsancorpus, spelling_of


def readings(data: Data) -> dict[str, Reading]:
    """Reads every split that the configuration names; holds out a dev split if there is none.

    Raises:
        InputError: A file is missing or empty, or a data set unknown or out of reach.
    """
    if data.name is None:
        options = options_of(data)
        result = {
            split: joined([read(path, options) for path in data.files(split)])
            for split in ("train", "dev", "test")
            if data.files(split)
        }
    else:
        result = named(data.name, options_of(data))
    if data.folds is not None and data.fold is not None:
        result = take_out("test", result, data.folds, data.fold)
    if "dev" not in result:
        step = max(2, round(1 / data.dev_share))
        result = take_out("dev", result, step, step)
    usual = {split: result[split] for split in ("train", "dev", "test") if split in result}
    return usual | result


def options_of(data: Data) -> Options:
    """How the files of a configuration are to be read."""
    outside = (data.outside,) if isinstance(data.outside, str) else tuple(data.outside)
    values = {name: getattr(data, name) for name in Options._fields}
    return Options(**{**values, "outside": outside})


def joined(readings: list[Reading]) -> Reading:
    """What several files hold, as if it were one."""
    sentences: list[Sentence] = []
    are_marked = any(s.document for reading in readings for s in reading.sentences)
    for reading in readings:
        # Files that mark no documents are no documents either: they may be kinds of sentences.
        first = sentences[-1].document + 1 if sentences and are_marked else 0
        sentences += [s._replace(document=first + s.document) for s in reading.sentences]
    faults = [fault for reading in readings for fault in reading.faults]
    with_sentences = [reading for reading in readings if reading.sentences]
    for other in with_sentences[1:]:
        if _is_of_entities(with_sentences[0]) != _is_of_entities(other):
            here, there = other.sentences[0].where, with_sentences[0].sentences[0].where
            message = "one has chunk tags and the other has not: set the tag column"
            faults.append(Fault(here, f"not like {there}: {message}", "error"))
    kinds = zip(*(reading.how for reading in readings), strict=True)
    how = How(*("; ".join(dict.fromkeys(filter(None, kind))) for kind in kinds))
    return Reading(sentences, faults, how, readings[0].scheme)


def _is_of_entities(reading: Reading) -> bool:
    return chunking.detect(sentence.tags for sentence in reading.sentences) is not None


def take_out(split: str, splits: dict[str, Reading], step: int, first: int) -> dict[str, Reading]:
    """Makes a split of each step-th training document, or sentence if too few are marked.

    There is no chance in it, and no part of the text is cut off.

    Raises:
        InputError: There are too few sentences.
    """
    train = splits["train"]
    if any(fault.severity == "error" for fault in train.faults):
        return splits  # which will be reported; there may be no sentence at all
    numbers = dict.fromkeys(s.document for s in train.sentences)
    documents = {number: place for place, number in enumerate(numbers, 1)}
    by_document = len(documents) >= step
    if not by_document and len(train.sentences) < step:
        raise InputError(
            f"{train.sentences[0].where if train.sentences else 'data.train'}: "
            f"{len(train.sentences)} sentences are too few to hold out a {split} set: "
            + ("set data.dev" if split == "dev" else "use fewer data.folds")
        )
    kept: list[Sentence] = []
    taken: list[Sentence] = []
    for n, sentence in enumerate(train.sentences, 1):
        place = documents[sentence.document] if by_document else n
        (taken if place % step == first % step else kept).append(sentence)
    return {
        **splits,
        "train": train._replace(sentences=kept),
        split: train._replace(sentences=taken, faults=[]),
    }


def without_faults(splits: dict[str, Reading], report: Report) -> dict[str, list[Sentence]]:
    """The sentences, if there are no errors in their report.

    Raises:
        InputError: The first errors, a line each.
    """
    refuse_errors(report.faults)
    return {split: reading.sentences for split, reading in splits.items()}


def to_iob2(splits: dict[str, list[Sentence]], scheme: str | None) -> dict[str, list[Sentence]]:
    """The same entities in IOB2, which is what the tagger learns; POS tags stay as they are."""
    if scheme in (None, "IOB2"):
        return splits
    return {
        split: [s._replace(tags=chunking.convert(s.tags, scheme, "IOB2")) for s in sentences]
        for split, sentences in splits.items()
    }


def named(name: str, options: Options = AS_FOUND) -> dict[str, Reading]:
    """Reads a data set by name: `hironsancorpus` or one that tensorflow-datasets knows.

    Raises:
        InputError: The name is unknown, the data set is not about tagged tokens, or it would have
            to be downloaded and there is no network.
    """
    if name == "hironsancorpus":
        result = {split: read_hironsancorpus(split) for split in ("train", "test")}
    else:
        from .tfds_source import read_by_name  # imports TensorFlow, which files do not need

        result = read_by_name(name, options.tag_column)
    spelling = spelling_of(options)
    return {
        split: interpreted(reading, spelling, options.layer) for split, reading in result.items()
    }
