"""The C++ compiler and its cache: source is compiled once, and what that gives is loaded.

trace -> intermediate form -> code of a step -> code of the loop -> COMPILE AND CACHE -> call
"""

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import platformdirs

from .signature import PARAMETERS, RESULT

log = logging.getLogger(__name__)

COMPILERS = "c++", "g++", "clang++"
FLAGS = "-std=c++14 -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math -fPIC -shared -pthread"
WIDE = "-mprefer-vector-width=512"  # as the products are
NATIVE = ("-march=native", WIDE), ("-march=native",), ("-mcpu=native",), ()
SECONDS = 120  # that a compiler may take
lock = threading.Lock()


class NoCompiler(Exception):
    """There is nothing to compile with, or it does not work; the message says what."""


def flags():
    return tuple(os.environ.get("KERAS_LSTM_VARIANTS_CXXFLAGS", FLAGS).split())


@functools.lru_cache(maxsize=4)
def find_compiler(path, cxx):
    """The compiler, its option for this CPU, and what tells it from others: version and CPU."""
    for name in [cxx] if cxx else COMPILERS:
        program = shutil.which(name, path=path)
        for native in NATIVE if program else ():
            try:
                macros = run([program, *native, "-x", "c++", "-dM", "-E", os.devnull])
            except NoCompiler:
                continue
            return [program, *native], macros + platform.machine()
    raise NoCompiler(f"no C++ compiler: none of {', '.join([cxx] if cxx else COMPILERS)} works")


def run(command):
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoCompiler(f"{command[0]}: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["failed"]
        first = next((line for line in said if "error" in line), said[0])
        raise NoCompiler(f"{command[0]}: {first}")
    return done.stdout


def cache():
    """The folder of compiled loops, which only this user can write to; made if it is not there."""
    folder = platformdirs.user_cache_path("keras_lstm_variants", appauthor=False)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{folder} can be written to by others")
    return folder


@functools.lru_cache(maxsize=512)
def load(source, options):
    """The compiled source, as a library with the functions `forward` and `backward`.

    Raises:
        NoCompiler: It cannot be compiled.
        OSError: It cannot be stored or loaded.
    """
    return opened(library(source, options))


def library(source, options, link=()):
    """The file of the compiled source, compiled if it is not there.

    Args:
        source: C++.
        options: Those of the compiler.
        link: Those that come after the source.
    """
    with lock:
        command, version = find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
        command = [*command, *options]
        identity = "\n".join([source, version, *command, *link])
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        folder = cache()
        library = folder / f"{name}.so"
        if library.exists():
            try:
                ctypes.CDLL(str(library))
                return library
            except (OSError, AttributeError):  # cut off, or of another system
                log.info("%s is of no use and compiled again", library)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as part:
            text, new = Path(part, "loop.cpp"), Path(part, "loop.so")
            text.write_text(source, encoding="utf-8")
            run([*command, str(text), *link, "-o", str(new)])
            ctypes.CDLL(str(new))
            os.replace(new, library)  # whoever comes first or last: it is the same
        return library


def opened(library):
    loaded = ctypes.CDLL(str(library))
    for function in loaded.forward, loaded.backward:
        function.restype = RESULT[1]
        function.argtypes = [kind for _, kind in PARAMETERS]
    return loaded
