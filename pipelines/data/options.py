"""What a user may say of a file that the file does not show by itself."""

from typing import Literal, NamedTuple


class Options(NamedTuple):
    """How a file of labelled sentences is to be read; None leaves it to what the file shows.

    Attributes:
        token_column: The column of the words, counted from 0, or from -1 at the end; a name in
            CoNLL-U and in tables with a header, a key in JSON.
        tag_column: The column of the tags, likewise; a feature of a data set by name.
        scheme: The tag scheme, one of `chunking.SCHEMES` or a usual name of one, in upper or lower
            case; its letters may then be of either case, too. "IO" also takes types without a
            letter (`PER` for `I-PER`); "none" takes every tag as it is, one by one.
        outside: Tags that mean "no entity" besides O.
        joiner: What stands between letter and type: "_" in `B_PER`. By default "-".
        order: Whether the letter comes first, as in `B-PER`, or the type, as in `PER-B`.
        layer: Which of several layers of entities: its number from 1, or its name.
        encoding: How characters are written, a name that Python knows. By default UTF-8, or UTF-16
            and UTF-32 where the file begins with their byte order mark.
    """

    token_column: int | str | None = None
    tag_column: int | str | None = None
    scheme: str | None = None
    outside: tuple[str, ...] = ()
    joiner: str | None = None
    order: Literal["letter first", "type first"] | None = None
    layer: int | str | None = None
    encoding: str | None = None


AS_FOUND = Options()
