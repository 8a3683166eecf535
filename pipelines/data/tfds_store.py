"""From a named source to labelled sentences in tensorflow-datasets, checked on the way."""

import contextlib
import hashlib
import io
import json
from typing import Any

import absl.logging
import tensorflow_datasets as tfds

from ..text.sentences import Sentence
from .checker import check
from .reader import read
from .splits import without_faults


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
        verbosity = absl.logging.get_verbosity()
        absl.logging.set_verbosity(absl.logging.ERROR)  # it warns that nobody else knows this name
        try:
            super().__init__(data_dir=data_dir, config=config)
        finally:
            absl.logging.set_verbosity(verbosity)

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
