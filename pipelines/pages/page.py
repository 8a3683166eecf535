"""A template and what it shows become a page in one file."""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from typing import Any

from ..errors import InputError

HERE = Path(__file__).parent
COLOURS = 12  # of types, in style.css; a thirteenth type looks like the first, but has its name
SHADES = 5  # of cells by their share, likewise
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}


def render(
    template: Path,
    title: str,
    facts: Mapping[str, str] | None = None,
    script: str = "",
    created: datetime | None = None,
    sends: bool = False,
    **values: Any,
) -> str:
    """A page.

    Its head forbids the browser to load or send anything, so that no value can make it do so.

    Args:
        template: A file that extends `base.html`, and may include others beside it.
        title: Of the page.
        facts: What the page is about, such as {"cell": "gru", "data": "test.conll"}; shown under
            the title, without those that are empty.
        script: JavaScript that the page runs once it is there; it has to work without.
        created: When what it shows was made; now by default.
        sends: Whether its script may ask the server that it comes from.
        **values: For the template.

    Raises:
        InputError: jinja2 is not installed.
    """
    created = (created or datetime.now(UTC)).astimezone(UTC)
    return environment(template.parent).get_template(template.name).render(
        title=title,
        facts={name: value for name, value in (facts or {}).items() if value},
        created=created.strftime("%Y-%m-%d %H:%M UTC"),
        created_iso=created.isoformat(timespec="seconds"),
        style=style(),
        script=script,
        policy=policy(script, style(), sends),
        **values,
    )  # fmt: skip


def environment(folder: Path) -> Any:
    """What renders the templates of a folder and those of this one.

    Raises:
        InputError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError:
        raise InputError("a page needs jinja2: pip install 'keras-lstm-variants[report]'") from None
    return Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def script(*names: str) -> str:
    """The scripts of this folder, one after the other, for `render`."""
    return "\n".join((HERE / name).read_text("utf-8") for name in names)


def style() -> str:
    """The style sheet of all pages."""
    return (HERE / "style.css").read_text("utf-8")


def policy(script: str, style: str, sends: bool = False) -> str:
    """The content security policy of a page: nothing but its own pictures, style and script.

    Args:
        script: Its script.
        style: Its style sheet.
        sends: Whether the script may ask the server that the page comes from. Nothing in such a
            page may have a style of its own; in others, that of drawings may.
    """
    source = f"'sha256-{digest(script)}'" if script else "'none'"
    styles = f"'sha256-{digest(style)}'" if sends else "'unsafe-inline'"
    asked = "'self'" if sends else "'none'"
    return (
        f"default-src 'none'; img-src data:; style-src {styles}; script-src {source}; "
        f"connect-src {asked}; base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """The SHA-256 of a script or style as policies name it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def data_uri(picture: Path) -> str:
    """A PNG or SVG file as an address that holds it, so that the page needs no other file."""
    content = base64.b64encode(picture.read_bytes()).decode()
    return f"data:{KINDS[picture.suffix]};base64,{content}"


def colours(types: Iterable[str]) -> dict[str, str]:
    """A class of `style.css` for each type, by the order in which they come."""
    return {type: f"t{n % COLOURS}" for n, type in enumerate(dict.fromkeys(types))}


def shade(part: float, whole: float) -> str:
    """A class of `style.css` for a share: the larger, the darker; "" for none."""
    return f"h{min(SHADES - 1, int(SHADES * part / whole))}" if part and whole else ""


def share(part: int, whole: int) -> str:
    """A share with what it is of: "12.5 % of 8"."""
    return f"{100 * part / whole:.1f} % of {whole:,}" if whole else "0 of 0"


def local(path: str | os.PathLike[str]) -> str:
    """A path, or "path:line", that says nothing of the machine: an absolute one is its name."""
    text = os.fspath(path)
    windows = PureWindowsPath(text)
    if windows.is_absolute():
        return windows.name
    return os.path.basename(text) if os.path.isabs(text) else text
