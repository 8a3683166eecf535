"""The formats of labelled sentences, each a module that knows its own signature.

A module has

- `NAME`: what people call the format, as `How.format` says it;
- `recognises(source: Source) -> bool`: whether the file is of this format, by what it holds and not
  by its suffix, from its first lines where they suffice;
- `read(source: Source, options: Options) -> Reading`: its sentences and faults. Tags stay as they
  are written; `reader.read` interprets them. InputError only for a file as a whole: whatever is
  wrong with a part of it is a fault, and an error leaves its sentence out. If the format itself has
  layers of entities, it takes `options.layer` and says so in `Reading.layer`.
"""

from importlib import import_module
from typing import Protocol

from ...errors import InputError
from ...text.sentences import Reading
from ..options import Options
from ..source import Source


class Format(Protocol):
    """What a module of a format has; see above."""

    NAME: str

    def recognises(self, source: Source) -> bool: ...

    def read(self, source: Source, options: Options) -> Reading: ...


# The first that recognises a file reads it, so the surest signatures come first, and columns, whose
# signature is nearly anything, last.
FORMATS = (
    "spacy_docbin",
    "webanno",
    "conll2012",
    "germeval",
    "pubtator",
    "brat",
    "bioc",
    "rasa",
    "parallel_files",
    "bioc_json",
    "rasa_json",
    "label_studio",
    "dataturks",
    "spacy_json",
    "prodigy",
    "pubannotation",
    "cluener",
    "vertex",
    "ground_truth",
    "doccano",
    "token_spans",
    "hugging_face",
    "labelled_json",
    "json_lines",
    "conllu",
    "refused",
    "table",
    "inline_tags",
    "word_tag_lines",
    "columns",
)
FOLDERS = ("brat", "parallel_files")  # formats of several files in a folder


def recognise(source: Source) -> Format:
    """The format of a file.

    Raises:
        InputError: It is a folder, and of no format that is one.
    """
    for name in FOLDERS if source.is_folder else FORMATS:
        format: Format = import_module(f".{name}", __name__)  # type: ignore[assignment]
        if format.recognises(source):
            return format
    raise InputError(f"{source.path}: is a directory; name a file in it")
