"""The C++ compiler and its cache: source is compiled once, and what that gives is loaded.

trace -> intermediate form -> code of a step -> code of the loop -> COMPILE AND CACHE -> call
"""

import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import platform
import shlex
import shutil
import signal
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
PROBE_SECONDS = 20  # and to say which it is
BYTES = 2**28  # of all compiled loops
lock = threading.Lock()
locks: dict[str, threading.Lock] = {}  # of each library
hung: dict[str, str] = {}  # programs, and what is said of them


class NoCompiler(Exception):
    """There is nothing to compile with, or it does not work; the message says what."""


def flags():
    return tuple(os.environ.get("KERAS_LSTM_VARIANTS_CXXFLAGS", FLAGS).split())


@functools.lru_cache(maxsize=4)
def find_compiler(path, cxx):
    """The compiler, its option for this CPU, and what tells it from others: version and CPU.

    CXX may have arguments, as for make: `ccache g++ -m64`; empty, it is as if it were not set.
    """
    try:
        given = shlex.split(cxx or "")
    except ValueError as error:
        raise NoCompiler(f"CXX={cxx}: {error}") from error
    why = ""
    for name, *arguments in [given] if given else [[name] for name in COMPILERS]:
        program = shutil.which(name, path=path)
        for native in NATIVE if program else ():
            command = [program, *arguments, *native]
            try:
                macros = run([*command, "-x", "c++", "-dM", "-E", os.devnull], PROBE_SECONDS)
            except NoCompiler as error:
                why = f": {error}"
                continue
            return command, macros + platform.machine()
    names = shlex.join(given) if given else ", ".join(COMPILERS)
    raise NoCompiler(f"no C++ compiler: none of {names} works{why}")


def run(command, seconds=SECONDS):
    """What a command prints. One that hung is not run again in this process."""
    if command[0] in hung:
        raise NoCompiler(hung[command[0]])
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # to end what it has started, too
        )
    except OSError as error:
        raise NoCompiler(f"{command[0]}: {error}") from error
    with process:
        try:
            printed, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            hung[command[0]] = f"{command[0]} has not ended after {seconds} seconds"
            raise NoCompiler(hung[command[0]]) from error
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        lines = said.strip().splitlines() or ["failed"]
        first = next((line for line in lines if "error" in line), lines[0])
        raise NoCompiler(f"{command[0]}: {first}")
    return printed


def cache():
    """The folder of compiled loops, which only this user can write to; made if it is not there."""
    folder = platformdirs.user_cache_path("keras_lstm_variants", appauthor=False)
    home = Path.home()
    if folder.is_relative_to(home.absolute()) and not (home.is_absolute() and home.is_dir()):
        raise FileNotFoundError(f"there is no home folder {home} for a cache")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    only_ours(folder)
    return folder


def only_ours(path):
    status = path.lstat() if path.suffix == ".so" else path.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{path} can be written to by others")


@functools.lru_cache(maxsize=512)
def load(source, options):
    """The compiled source, as a library with the functions `forward` and `backward`.

    Raises:
        NoCompiler: It cannot be compiled.
        OSError: It cannot be stored or loaded.
    """
    return opened(library(source, options))


def library(source, options, link=()):
    """The file of the compiled source, compiled if it is not there or damaged.

    Its name has a digest of what it was made from and one of what is in it: a file that was cut
    off must not be opened, as to touch the missing pages ends the process.

    Args:
        source: C++.
        options: Those of the compiler.
        link: Those that come after the source.

    Raises:
        NoCompiler: It cannot be compiled.
        OSError: It cannot be stored or loaded.
    """
    with lock:
        command, version = find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
        command = [*command, *options]
        identity = "\n".join([source, version, *command, *link])
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        mine = locks.setdefault(name, threading.Lock())
    with mine:  # others compile meanwhile
        folder = cache()
        found = stored(folder, name)
        if found:
            return found
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as part:
            text, new = Path(part, "loop.cpp"), Path(part, "loop.so")
            text.write_text(source, encoding="utf-8")
            run([*command, str(text), *link, "-o", str(new)])
            new.chmod(0o700)
            with new.open("rb") as file:
                os.fsync(file.fileno())
            ctypes.CDLL(str(new))
            made = folder / f"{name}-{digest(new)}.so"
            os.replace(new, made)  # whoever comes first or last: it is the same
        evict(folder, made)
        return made


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def stored(folder, name):
    """The library of this name, if it is whole, ours and of this system."""
    for path in folder.glob(f"{name}-*.so"):
        try:
            only_ours(path)
            if path.stem != f"{name}-{digest(path)}":
                raise OSError(f"{path} is damaged")
            ctypes.CDLL(str(path))
            os.utime(path)  # used last now
            return path
        except OSError as error:
            log.info("%s: compiled again", error)
            with contextlib.suppress(OSError):
                path.unlink()
    return None


def evict(folder, kept):
    """Removes the libraries not used for longest, until the rest is below the bound."""
    ages = []
    for path in folder.glob("*.so"):
        with contextlib.suppress(OSError):  # another process was faster
            status = path.stat()
            ages.append((path != kept, -status.st_mtime_ns, status.st_size, path))
    total = 0
    for other, _, size, path in sorted(ages):
        total += size
        if other and total > BYTES:
            with contextlib.suppress(OSError):
                path.unlink()


def opened(library):
    loaded = ctypes.CDLL(str(library))
    for function in loaded.forward, loaded.backward:
        function.restype = RESULT[1]
        function.argtypes = [kind for _, kind in PARAMETERS]
    return loaded
