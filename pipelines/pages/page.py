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
        **values: For the template.

    Raises:
        InputError: jinja2 is not installed.
    """
    style = (HERE / "style.css").read_text("utf-8")
    created = (created or datetime.now(UTC)).astimezone(UTC)
    return environment(template.parent).get_template(template.name).render(
        title=title,
        facts={name: value for name, value in (facts or {}).items() if value},
        created=created.strftime("%Y-%m-%d %H:%M UTC"),
        created_iso=created.isoformat(timespec="seconds"),
        style=style,
        script=script,
        policy=policy(script),
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


def policy(script: str) -> str:
    """The content security policy of a page: pictures in it, its style, and this script alone."""
    source = f"'sha256-{digest(script)}'" if script else "'none'"
    return (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {source}; base-uri 'none'; form-action 'none'"
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
