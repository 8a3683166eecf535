"""Servers in processes of their own, as `serve` starts them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import InputError
from .hostile_clients import Address

COMMAND = [sys.executable, "-c", "from pipelines.cli.main import run; run()"]


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: Where it is asked for tags.
        process: Its process.
        log: The file of what it says on standard error.
    """

    url: str
    process: "subprocess.Popen[str]"
    log: Path

    @property
    def address(self) -> Address:
        parts = urlsplit(self.url)
        return Address(parts.hostname or "", parts.port or 0, parts.path)


@contextmanager
def started(export: Path, *options: str) -> Iterator[Server]:
    """A server on a free port, killed at the end.

    What it says goes to a file: a pipe that nobody reads is full at some time, and it would wait.

    Raises:
        InputError: There is no export, or a package that `serve` needs is missing.
    """
    command = [*COMMAND, "serve", str(export), "--port", "0", *options]
    with (
        tempfile.NamedTemporaryFile("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout
            line, said = process.stdout.readline(), Path(log.name)
            if " at " not in line:
                raise InputError(said.read_text("utf-8").removeprefix("error: ").strip())
            yield Server(line.split()[-1], process, said)
        finally:
            process.kill()
