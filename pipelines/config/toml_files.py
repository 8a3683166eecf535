"""Configuration files: their values, paths and overrides, and in which line a fault is."""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ..errors import InputError
from ..text.strict_json import parse
from .schema import PACKAGES
from .sweep_schema import Range

# Keys that name files or folders.
_FILES = {
    "data": ("train", "dev", "test"),
    "vectors": ("files",),
    "start": ("run",),
    "series": ("file",),
}


def loaded(path: str | Path, overrides: list[str] | tuple[str, ...]) -> tuple[dict[str, Any], Any]:
    """The values of a file, and what finds the lines of its keys."""
    path = shipped(path)
    values = read(path)
    resolve_paths(values, path.parent)
    return overridden(values, overrides), place_in(path)


def shipped(path: str | Path) -> Path:
    """The path; or, where nothing is, the configuration of that name that came with the package.

    So `configs/sweeps/quickstart.toml` works in any folder, as it does in a clone.
    """
    path = Path(path)
    if path.exists() or path.parts[:1] != ("configs",) or ".." in path.parts:
        return path
    package = Path(__file__).parent.parent
    # A wheel has them in the package, a clone beside it.
    root = package if (package / "configs").is_dir() else package.parent
    return root / path if (root / path).is_file() else path


def read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a configuration: {error}") from None
    try:
        return parse(text) if path.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else error
        raise InputError(f"{path}: not {path.suffix.lstrip('.').upper()}: {why}") from None


def resolve_paths(values: dict[str, Any], folder: Path) -> None:
    for section, keys in _FILES.items():
        table = values.get(section)
        if not isinstance(table, dict):
            continue
        for key in keys:
            files = table.get(key)
            if isinstance(files, list):
                table[key] = [_resolved(file, folder) for file in files]
            elif isinstance(files, str) and not _is_named(section, files, folder):
                table[key] = _resolved(files, folder)


def resolve_choices(space: Any, folder: Path) -> None:
    """Makes the files among the choices of a sweep relative to its file."""
    for key in (f"{section}.{key}" for section, keys in _FILES.items() for key in keys):
        choices = space.get(key) if isinstance(space, dict) else None
        if isinstance(choices, list):
            space[key] = [
                [_resolved(file, folder) for file in choice]
                if isinstance(choice, list)
                else _resolved(choice, folder)
                for choice in choices
            ]


def _resolved(file: Any, folder: Path) -> Any:
    is_path = isinstance(file, str) and file not in PACKAGES
    return str((folder / file).resolve()) if is_path else file


def _is_named(section: str, file: Any, folder: Path) -> bool:
    """Whether it is the name of a data set of statsmodels, such as sunspots, and no file."""
    named = section == "series" and isinstance(file, str) and file.isidentifier()
    return named and not (folder / file).is_file()


def overridden(values: dict[str, Any], overrides: list[str] | tuple[str, ...]) -> dict[str, Any]:
    for line in overrides:
        try:
            changes = tomllib.loads(line)
        except tomllib.TOMLDecodeError:
            # A bare word is meant as a string: shells eat the quotes of --set model.cell="gru".
            key, _, word = line.partition("=")
            if not re.fullmatch(r"\s*[\w.]+\s*", key) or not word.strip():
                raise InputError(f"--set {line}: write it as section.key=value") from None
            if word.strip()[0] in "[{":
                raise InputError(
                    f"--set {line}: is not TOML; if the shell took its quotes, put all of it in "
                    f"single ones: --set '{key}=[\"...\"]'"
                ) from None
            changes = tomllib.loads(f"{key} = {json.dumps(word.strip())}")
        resolve_paths(changes, Path.cwd())
        for key, value in _leaves(changes):
            set_key(values, key, value)
    return values


def _leaves(values: Mapping[str, Any], prefix: str = ""):
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def set_key(values: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"{dotted}: {section} is a value, not a section")
    values[key] = value


def place_in(path: Path):
    """Finds the line of a dotted key in a TOML file, for error messages."""

    def place(where: tuple[Any, ...]) -> str:
        section, line_of_section = "", 0
        dotted = ".".join(str(part) for part in where)
        try:
            lines = path.read_text("utf-8").splitlines() if path.suffix == ".toml" else []
        except OSError:
            lines = []
        for number, line in enumerate(lines, 1):
            if header := re.match(r"\s*\[([^\[\]]+)\]", line):
                section = header[1].strip() + "."
                if dotted.startswith(section) or dotted + "." == section:
                    line_of_section = number
            elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
                full = section + key[1].replace('"', "").replace("'", "")
                if dotted == full or dotted.startswith(full + "."):
                    return f"{path}:{number}"
        return f"{path}:{line_of_section}" if line_of_section else str(path)

    return place


def explain(error: ValidationError, schema: type[BaseModel], place) -> str:
    """One line for each fault: where it is, the dotted key, what is wrong with it."""
    messages: dict[tuple[Any, ...], list[str]] = {}
    for fault in error.errors():
        # Where several types are allowed, pydantic appends the one it tried.
        where = tuple(
            part for part in fault["loc"] if part not in ("list", "range", "int", "str", "float")
        )
        if fault["type"] == "extra_forbidden":
            known = list(_keys(schema, where[:-1]))
            near = difflib.get_close_matches(str(where[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            message = f"unknown key; {hint}"
        elif fault["type"] == "missing":
            message = "is missing"
        elif fault["type"] == "model_type":
            message = f"expected a table (got {fault['input']!r})"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            message = message[0].lower() + message[1:]
            if fault["type"] != "value_error":
                message += f" (got {fault['input']!r})"
        messages.setdefault(where, []).append(message)
    lines = []
    for where, parts in messages.items():
        dotted = "".join(f"{'.'.join(str(part) for part in where)}: " * bool(where))
        lines.append(f"{place(where)}: {dotted}{', or '.join(dict.fromkeys(parts))}")
    return "\n".join(lines)


def _keys(schema: Any, where: tuple[Any, ...]):
    """The keys that are known at a place in a configuration."""
    if where[:1] == ("space",):
        return Range.model_fields
    for part in where:
        field = getattr(schema, "model_fields", {}).get(part)
        schema = field.annotation if field else None
    return getattr(schema, "model_fields", {})
