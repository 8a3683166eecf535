"""XML whose elements know their line, read without what makes XML dangerous.

Declarations of entities are refused, since a few lines of them expand to gigabytes or name files to
include. Nothing outside of the file is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from ...errors import InputError
from ..source import Source

DEEPEST = 200  # elements within elements


@dataclass(slots=True)  # of which a corpus has a million
class Element:
    """An element.

    Attributes:
        name: Its name.
        attributes: Its attributes.
        line: The line where it begins.
        children: The elements in it.
        pieces: The text in it, without that of its children.
    """

    name: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def all(self, name: str) -> Iterator["Element"]:
        """The children of a name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Element | None":
        """The first child of a name."""
        return next(self.all(name), None)


def parsed(source: Source) -> Element:
    """The root of an XML file.

    Raises:
        InputError: It is not well-formed, declares entities, or is nested deeper than any document.
    """
    path = source.path
    if source.encoding == "UTF-8":  # or what its first line declares
        data, encoding = source.text.encode("utf-8", "surrogateescape"), None
    else:
        data, encoding = source.text.encode("utf-8", "replace"), "UTF-8"
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    root = Element("", {}, 0)
    opened = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(opened) > DEEPEST:
            raise InputError(f"{path}:{parser.CurrentLineNumber}: XML nested {DEEPEST} levels deep")
        element = Element(name, attributes, parser.CurrentLineNumber)
        opened[-1].children.append(element)
        opened.append(element)

    def end(name: str) -> None:
        opened.pop()

    def characters(text: str) -> None:
        opened[-1].pieces.append(text)

    def entity(name: str, *_: object) -> None:
        raise InputError(
            f"{path}:{parser.CurrentLineNumber}: declares the XML entity {name!r}, which is not "
            "read, since such a file can grow without bounds: write out what it stands for"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise InputError(f"{path}:{error.lineno}: is damaged XML: {reason}") from None
    except (LookupError, ValueError) as error:
        raise InputError(f"{path}: its XML cannot be decoded: {error}") from None
    return root.children[0]
