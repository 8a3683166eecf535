"""Compiles C++ source with the system's compiler, once, and loads what it gives."""

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

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
def compiler(path, cxx):
    """The compiler, its option for this CPU, and what tells it from others: version and CPU."""
    for name in [cxx] if cxx else COMPILERS:
        found = shutil.which(name, path=path)
        for native in NATIVE if found else ():
            try:
                macros = run([found, *native, "-x", "c++", "-dM", "-E", os.devnull])
            except NoCompiler:
                continue
            return [found, *native], macros + platform.machine()
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
    """The folder of compiled loops, which only this user can write to."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.expanduser("~/.cache")
        if sys.platform == "darwin":
            base = os.path.expanduser("~/Library/Caches")
    folder = Path(base, "keras_lstm_variants")
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
    with lock:
        command, told = compiler(os.environ.get("PATH"), os.environ.get("CXX"))
        command = [*command, *options]
        told = "\n".join([source, told, *command])
        name = hashlib.sha256(told.encode()).hexdigest()[:32]
        folder = cache()
        library = folder / f"{name}.so"
        if library.exists():
            try:
                return opened(library)
            except (OSError, AttributeError):  # cut off, or of another system
                log.info("%s is of no use and compiled again", library)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as part:
            text, made = Path(part, "loop.cpp"), Path(part, "loop.so")
            text.write_text(source)
            run([*command, str(text), "-o", str(made)])
            opened(made)
            os.replace(made, library)  # whoever comes first or last: it is the same
        return opened(library)


def opened(library):
    loaded = ctypes.CDLL(str(library))
    for function in loaded.forward, loaded.backward:
        function.restype = None
        function.argtypes = [*[ctypes.c_long] * 3, *[ctypes.c_void_p] * 3, ctypes.c_int]
    return loaded
