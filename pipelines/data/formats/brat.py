"""brat standoff: a text, and beside it a file of annotations with the same name and `.ann`.

Either file is given, or a folder of such pairs. Lines of text-bound annotations are read
(`T1<TAB>Person 0 4<TAB>Anna`); relations, events, attributes and notes say nothing of words.
"""

import re
from pathlib import Path
from typing import NamedTuple

from ...errors import InputError
from ...text.sentences import Fault, How, Reading
from ..options import Options
from ..source import BOM, Source, decoded_text, lines_of
from . import offsets
from .faults import error, undecodable, warning
from .labelled_text import Label, Text, reading_of

NAME = "brat standoff"
_SUFFIXES = (".ann", ".a1")  # the second in the shared tasks of BioNLP
_BOUND = re.compile(r"T\d\S*\t")
_OTHER = re.compile(r"(?:[A-SU-Z#]\d\S*|\*)\t|#")
_ANNOTATION = re.compile(r"(?P<type>\S+) (?P<places>N N(?:;N N)*)".replace("N", "[0-9]{1,9}"))
_MOST = 0.9  # of the lines are annotations in a file that is not called so
_LEFT_OUT = "; the document is left out"


class _Bound(NamedTuple):
    """A line of a text-bound annotation.

    Attributes:
        number: Of the line.
        type: Its type.
        places: Where its pieces begin and end.
        mention: The text that it covers, as the line says.
    """

    number: int
    type: str
    places: list[tuple[int, int]]
    mention: str


def recognises(source: Source) -> bool:
    path = Path(source.path)
    if source.is_folder:
        return any(_is_annotated(text) for text in _texts_in(source)) or any(
            file.suffix.lower() in _SUFFIXES for file in source.files
        )
    if path.suffix.lower() == ".txt":
        return _is_annotated(path)
    if not any(map(_is_bound, source.head)):
        return False
    known = sum(map(_is_line, source.head))
    return path.suffix.lower() in _SUFFIXES or known >= _MOST * len(source.head)


def read(source: Source, options: Options) -> Reading:
    path = Path(source.path)
    faults: list[Fault] = []
    if source.is_folder:
        documents = _of_folder(source, options, faults)
    else:
        text = path if path.suffix.lower() == ".txt" else path.with_suffix(".txt")
        annotations = path if text != path else _annotations_of(path)
        if annotations is None or not text.is_file():
            raise InputError(f"{path}: holds brat's annotations without the text: no {text} beside")
        documents = [_document(text, annotations, options, faults)]
    how = How(NAME, "", "the text", "the annotations", "")
    return reading_of(list(filter(None, documents)), faults, how, options)


def _is_bound(line: str) -> bool:
    match = _BOUND.match(line)
    return bool(match and _ANNOTATION.match(line, match.end()))


def _is_line(line: str) -> bool:
    return bool(_BOUND.match(line) or _OTHER.match(line))


def _texts_in(folder: Source) -> list[Path]:
    return [file for file in folder.files if file.suffix.lower() == ".txt"]


def _annotations_of(text: Path) -> Path | None:
    some = (text.with_suffix(suffix) for suffix in _SUFFIXES)
    return next((one for one in some if one.is_file()), None)


def _is_annotated(text: Path) -> bool:
    annotations = _annotations_of(text)
    if annotations is None:
        return False
    try:
        with open(annotations, encoding="utf-8", errors="replace") as file:
            head = file.readline().removeprefix(BOM)
    except OSError:
        return False
    return not head.strip() or _is_line(head)


def _of_folder(folder: Source, options: Options, faults: list[Fault]) -> list[Text | None]:
    documents = []
    for text in _texts_in(folder):
        if annotations := _annotations_of(text):
            documents.append(_document(text, annotations, options, faults))
        else:
            faults.append(warning(str(text), "a text without its .ann file is left out"))
    for file in folder.files:
        if file.suffix.lower() in _SUFFIXES and not file.with_suffix(".txt").is_file():
            faults.append(error(str(file), "annotations without their .txt file"))
    return documents


def _document(text: Path, annotations: Path, options: Options, faults: list[Fault]) -> Text | None:
    """The document of two files; None if it has a fault."""
    if not _content(annotations):
        lines: list[str] = []
    else:
        lines = lines_of(decoded_text(str(annotations), options.encoding)[0])
    if not _content(text):
        say = error if lines else warning
        faults.append(say(str(text), f"an empty text{_LEFT_OUT}"))
        return None
    written, _ = decoded_text(str(text), options.encoding)
    if message := undecodable(written, Source(str(text), lines_of(written))):
        faults.append(error(str(text), f"{message}{_LEFT_OUT}"))
        return None
    rows: list[_Bound] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or _OTHER.match(line):
            continue
        cells = line.split("\t", 2)
        match = _ANNOTATION.fullmatch(cells[1].strip()) if len(cells) == 3 else None
        if not _BOUND.match(line) or not match:
            message = f"{line!r} is no annotation such as 'T1<TAB>Person 0 4<TAB>Anna'"
            faults.append(error(f"{annotations}:{number}", f"{message}{_LEFT_OUT}"))
            return None
        numbers = [int(place) for place in re.findall(r"\d+", match["places"])]
        places = list(zip(numbers[::2], numbers[1::2], strict=True))
        rows.append(_Bound(number, match["type"], places, cells[2]))
    text_of = _counted(written, rows)
    labels = []
    for number, type, places, mention in rows:
        where = f"{annotations}:{number}"
        label = Label(type, places[0][0], places[-1][1], mention)
        if any(offsets.is_outside(Label(type, *place), text_of) for place in places):
            shown = ";".join(f"{start} {end}" for start, end in places)
            faults.append(
                error(where, f"{type} {mention!r} at {shown} is outside of the text{_LEFT_OUT}")
            )
            return None
        covered = text_of[label.start : label.end]
        gaps = [text_of[one[1] : other[0]] for one, other in zip(places, places[1:], strict=False)]
        if any(gap.strip() for gap in gaps):
            message = offsets.IN_PIECES
            faults.append(warning(where, message))
            continue
        if covered.split() == mention.split():  # line breaks in it are written as spaces
            label = label._replace(written=covered)
        labels.append(label)
    return Text(text_of, labels, str(text), is_document=True)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes().strip().removeprefix(BOM.encode())
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from None


def _counted(written: str, rows: list[_Bound]) -> str:
    """The text as the offsets count it: with or without carriage returns and byte order mark."""
    text = written.removeprefix(BOM)
    ways = dict.fromkeys((text, text.replace("\r\n", "\n"), written))

    def right(way: str) -> int:
        return sum(
            " ".join(way[start:end] for start, end in places).split() == mention.split()
            for _, _, places, mention in rows
        )

    return max(ways, key=right)
