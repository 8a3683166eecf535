"""Files of JSON that a folder was left with, checked when they are read again.

A full disk, a copy that was cut off or an editor may have damaged them: whoever reads a folder then
says which file it is, instead of a value that is not there.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import InputError


class Stored(BaseModel):
    """What a file must have; it may have more."""

    model_config = ConfigDict(extra="ignore", strict=True)


def check(value: Any, shape: type[Stored]) -> None:
    """Raises ValueError, with one line, if a value is not of the shape."""
    try:
        shape.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        message = fault["msg"][0].lower() + fault["msg"][1:]
        raise ValueError(f"{where}: {message}" if where else message) from None


def read(path: Path, shape: type[Stored], instead: str) -> Any:
    """What a file of JSON says.

    Args:
        path: The file.
        shape: What it must have.
        instead: What to do if it is damaged.

    Raises:
        InputError: It cannot be read, is not JSON, or not of this shape.
    """
    try:
        value = json.loads(path.read_text("utf-8"))
        check(value, shape)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}: {instead}") from None
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise InputError(f"{path}: damaged: {why}: {instead}") from None
    return value
