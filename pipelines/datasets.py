"""From a named source to labelled sentences in tensorflow-datasets, checked on the way."""

import contextlib
import hashlib
import io
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import tensorflow_datasets as tfds

from . import schemes
from .check import Report, check
from .config import Data
from .errors import InputError
from .read import Fault, How, Reading, Sentence, read, read_hironsancorpus, refuse_errors

TOKEN_FEATURES = ("tokens", "words")
TAG_FEATURES = ("tags", "ner", "ner_tags", "upos", "pos", "labels")


class TaggedSentences(  # not registered: it is no data set that could be asked for by name
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]
):
    """A tensorflow-datasets builder for labelled sentences that have been read.

    Its version on disk is named by what the sentences say, so other contents are another data set
    and a prepared one is never out of date. The order of the sentences is kept.

    Args:
        splits: Split name to sentences.
        data_dir: Where tensorflow-datasets keeps its files; its own default if not given.
    """

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, splits: dict[str, list[Sentence]], data_dir: str | None = None) -> None:
        self.sentences = splits
        digest = hashlib.sha256()
        for split, sentences in splits.items():
            digest.update(json.dumps([split, [s[:3] for s in sentences]]).encode())
        config = tfds.core.BuilderConfig(name=digest.hexdigest()[:16])
        super().__init__(data_dir=data_dir, config=config)

    @classmethod
    def from_files(cls, data_dir: str | None = None, **files: str) -> "TaggedSentences":
        """The builder for files, such as `from_files(train="a.conll", dev="b.conll")`.

        Raises:
            InputError: A file cannot be read, or has faults.
        """
        readings = {split: read(path) for split, path in files.items()}
        return cls(without_faults(readings, check(readings)), data_dir)

    def _info(self) -> Any:
        words = tfds.features.Sequence(tfds.features.Text())
        features = {"tokens": words, "tags": words, "where": tfds.features.Text()}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), disable_shuffling=True
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {split: self._generate_examples(split) for split in self.sentences}

    def _generate_examples(self, split: str) -> Any:
        for number, sentence in enumerate(self.sentences[split]):
            yield (
                number,
                {"tokens": sentence.tokens, "tags": sentence.tags, "where": sentence.where},
            )


def prepare(splits: dict[str, list[Sentence]]) -> TaggedSentences:
    """The sentences as a data set on disk, written if it is not there yet."""
    builder = TaggedSentences(splits)
    if not builder.is_prepared():
        tfds.display_progress_bar(False)  # nothing is downloaded, and writing takes a second
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                builder.download_and_prepare()
        except OSError:
            builder = TaggedSentences(splits)
            if not builder.is_prepared():  # if it is now, another process was quicker
                raise
        finally:
            tfds.display_progress_bar(True)
    return builder


def readings(data: Data) -> dict[str, Reading]:
    """Reads every split that the configuration names; holds out a dev split if there is none.

    Raises:
        InputError: A file is missing or empty, or a data set unknown or out of reach.
    """
    if data.name is None:
        columns = (data.token_column, data.tag_column)
        result = {
            split: joined([read(path, *columns) for path in data.files(split)])
            for split in ("train", "dev", "test")
            if data.files(split)
        }
    else:
        result = named(data.name, data.tag_column)
    if data.folds is not None and data.fold is not None:
        result = take_out("test", result, data.folds, data.fold)
    if "dev" not in result:
        step = max(2, round(1 / data.dev_share))
        result = take_out("dev", result, step, step)
    usual = {split: result[split] for split in ("train", "dev", "test") if split in result}
    return usual | result


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
            message = "one spells entities with its tags and the other not: name the column of tags"
            faults.append(Fault(here, f"not like {there}: {message}", "error"))
    kinds = zip(*(reading.how for reading in readings), strict=True)
    how = How(*("; ".join(dict.fromkeys(filter(None, kind))) for kind in kinds))
    return Reading(sentences, faults, how)


def _is_of_entities(reading: Reading) -> bool:
    return schemes.detect(sentence.tags for sentence in reading.sentences) is not None


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
            f"{len(train.sentences)} sentences are too few to take a {split} set out of them: "
            + ("give data.dev" if split == "dev" else "take fewer data.folds")
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
        split: [s._replace(tags=schemes.convert(s.tags, scheme, "IOB2")) for s in sentences]
        for split, sentences in splits.items()
    }


def named(name: str, tag_feature: int | str | None = None) -> dict[str, Reading]:
    """Reads a data set by name: `hironsancorpus` or one that tensorflow-datasets knows.

    Raises:
        InputError: The name is unknown, the data set is not about tagged tokens, or it would have
            to be downloaded and there is no network.
    """
    if name == "hironsancorpus":
        return {split: read_hironsancorpus(split) for split in ("train", "test")}
    try:
        builder = tfds.builder(name)
    except tfds.core.registered.DatasetNotFoundError:
        raise InputError(
            f"data: {name!r} is neither a file nor a data set that tensorflow-datasets knows"
        ) from None
    except ValueError as error:
        raise InputError(f"data: {name!r}: {str(error).splitlines()[0]}") from None
    if not builder.is_prepared():
        _need_network(builder, name)
        builder.download_and_prepare()
    features = builder.info.features
    tokens = next((f for f in TOKEN_FEATURES if f in features), None)
    wanted = TAG_FEATURES if tag_feature is None else (str(tag_feature),)
    tags = next((f for f in wanted if f in features), None)
    if tokens is None or tags is None:
        raise InputError(
            f"data: {name!r} has no tokens with tags; its features are {', '.join(features)}: name "
            "the tags with data.tag_column"
        )
    return {
        {"validation": "dev"}.get(split, split): _from_tfds(builder, name, split, tokens, tags)
        for split in builder.info.splits
    }


def _from_tfds(builder: Any, name: str, split: str, tokens: str, tags: str) -> Reading:
    labels = builder.info.features[tags].feature
    of_label = labels.int2str if hasattr(labels, "int2str") else bytes.decode
    sentences, empty = [], 0
    for n, example in enumerate(tfds.as_numpy(builder.as_dataset(split=split)), 1):
        words = [word.decode() for word in example[tokens]]
        labelled = [of_label(tag) for tag in example[tags]]
        # universal_dependencies keeps multiword tokens and empty nodes; neither is a word.
        pairs = [pair for pair in zip(words, labelled, strict=True) if pair[1] != "_"]
        if pairs:
            where = f"{name}:{split}:sentence {n}"
            sentences.append(Sentence([w for w, _ in pairs], [t for _, t in pairs], where, []))
        else:
            empty += 1
    how = How("tensorflow-datasets", "", tokens, tags, f"{empty} empty sentences" if empty else "")
    faults: list[Fault] = []
    return Reading(sentences, faults, how)


def _need_network(builder: Any, name: str) -> None:
    """Fails at once where a download cannot work: tensorflow-datasets would retry for minutes."""
    urls = list(getattr(builder, "url_infos", None) or {})
    url = urls[0] if urls else "https://www.tensorflow.org"
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    parts = urlparse(proxy or url)
    port = parts.port or {"http": 80}.get(parts.scheme, 443)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=3).close()
    except OSError:
        raise InputError(
            f"data: {name!r} is not in {Path(builder.data_path).parent} and cannot be downloaded: "
            f"no connection to {parts.hostname}. Prepare it where there is a network and copy that "
            "folder, or give files with data.train"
        ) from None
