"""Labelled sentences from a data set that tensorflow-datasets knows by name."""

import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import tensorflow_datasets as tfds

from ..errors import InputError
from ..text.sentences import SHOWN, Fault, How, Reading, Sentence

TOKEN_FEATURES = ("tokens", "words")
TAG_FEATURES = ("tags", "ner", "ner_tags", "upos", "pos", "labels")


def read_by_name(name: str, tag_feature: int | str | None = None) -> dict[str, Reading]:
    """Reads every split of a data set that tensorflow-datasets knows.

    Raises:
        InputError: The name is unknown, the data set is not about tagged tokens, or it would have
            to be downloaded and there is no network.
    """
    try:
        builder = tfds.builder(name)
    except tfds.core.registered.DatasetNotFoundError:
        raise InputError(
            f"data: {name!r} is neither a file nor a data set that tensorflow-datasets knows"
        ) from None
    except ValueError as error:
        raise InputError(f"data: {name!r}: {str(error).splitlines()[0]}") from None
    configurations = list(builder.builder_configs)
    if len(configurations) > 1 and "/" not in name:
        some = ", ".join(f"{name}/{which}" for which in configurations[:SHOWN])
        more = f" and {len(configurations) - SHOWN} more" if len(configurations) > SHOWN else ""
        raise InputError(f"data: {name!r} is several data sets: name one of {some}{more}")
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
