"""The C++ compiler and its cache: source is compiled once, and what that gives is loaded.

trace -> intermediate form -> code of a step -> code of the loop -> COMPILE AND CACHE -> call

`library` gives the file of a source, `opened` loads it, and `load` does so for compiled loops. What
is loaded runs in this process, so it comes from a folder that only this user can write to
(`ownership`), and the name of each file says what must be in it: a file that was cut off or damaged
is compiled again before the system's loader sees it, which would not survive it.
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
import stat
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import platformdirs

from .ownership import is_mine, refuse_what_others_can_change
from .signature import PARAMETERS, RESULT

log = logging.getLogger(__name__)

COMPILERS = "c++", "g++", "clang++"
FLAGS = "-std=c++14 -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math -fPIC -shared -pthread"
WIDE = "-mprefer-vector-width=512"  # as the products are
NATIVE = ("-march=native", WIDE), ("-march=native",), ("-mcpu=native",), ()
# Macros of the compiler, the widest first, as runtime.h asks for them.
VECTORS = {"__AVX512F__": "AVX-512", "__AVX2__": "AVX2", "__AVX__": "AVX", "__ARM_NEON": "NEON"}
PROBE_SECONDS = 20  # seconds in which a compiler must say what it is
SECONDS = 120  # that it may take for a library
BYTES = 128 * 2**20  # bytes of all libraries that are kept
DAY = 24 * 60 * 60  # after so many seconds, what a compilation has left is of one that was killed

locks: dict[str, threading.Lock] = {}  # by library, so that nobody waits for another's
hung: dict[tuple[str, ...], str] = {}  # compilers that have been waited for in vain


class NoCompiler(Exception):
    """There is nothing to compile with, or it does not work; the message says what."""


def flags():
    variable = "KERAS_LSTM_VARIANTS_CXXFLAGS"
    return tuple(words(os.environ.get(variable, ""), variable)) or tuple(FLAGS.split())


def words(said, variable):
    """What an environment variable says, taken apart as a shell does."""
    try:
        return shlex.split(said)
    except ValueError as error:
        raise NoCompiler(f"{variable} is not written as for a shell ({error}): {said}") from None


@functools.lru_cache(maxsize=4)
def find_compiler(path, cxx):
    """The compiler, its options for this CPU, and what tells it from others: version and CPU.

    Args:
        path: Where it is looked for, as PATH.
        cxx: The compiler and options for it, as CXX; if there is nothing in it, the usual ones.
    """
    if cxx and cxx.strip():
        candidates = [[cxx] if shutil.which(cxx, path=path) else words(cxx, "CXX")]
    else:
        candidates = [[name] for name in COMPILERS]
    why = ""
    for name, *options in candidates:
        program = shutil.which(name, path=path)
        if program is None:
            continue
        compiler = os.path.abspath(program), *options
        told = any(option.startswith(("-march", "-mcpu")) for option in options)
        for native in [()] if told else NATIVE:
            try:
                macros = run(
                    compiler, [*native, "-x", "c++", "-dM", "-E", os.devnull], PROBE_SECONDS
                )
            except NoCompiler as error:
                why = f" ({error})"
                continue
            system = platform.system(), platform.machine(), *platform.libc_ver()
            return compiler, native, "\n".join([macros, *system])
    tried = ", ".join(shlex.join(candidate) for candidate in candidates)
    raise NoCompiler(f"no C++ compiler: none of {tried} works{why}")


def instructions():
    """The widest vector instructions of what is compiled now, such as "AVX2"; "" if none is known.

    Raises:
        NoCompiler: There is none.
    """
    compiler, native, _ = find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
    options = [*native, *flags(), "-x", "c++", "-dM", "-E", os.devnull]
    macros = run(compiler, options, PROBE_SECONDS)
    return next((name for macro, name in VECTORS.items() if f"#define {macro} " in macros), "")


def run(compiler, arguments, seconds):
    """What a compiler prints.

    Raises:
        NoCompiler: It fails, or has not ended after so many seconds. Whoever asks it again in this
            process, is told so without waiting.
    """
    if compiler in hung:
        raise NoCompiler(hung[compiler])
    # Not into pipes: what a compiler leaves running in the background would keep them open.
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                [*compiler, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=complaints,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,  # to end all that it starts
            )
        except OSError as error:
            raise NoCompiler(f"{compiler[0]}: {error}") from error
        try:
            status = process.wait(seconds)
        except BaseException as error:  # Ctrl-C, too
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PROBE_SECONDS)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            why = f"{shlex.join(compiler)} had not ended after {seconds} seconds"
            hung[compiler] = f"{why}, and is not asked again in this process"
            log.warning("%s: layers run without compiled loops", why)
            raise NoCompiler(hung[compiler]) from None
        printed, complaints = map(contents, (printed, complaints))
    if status:
        said = complaints.strip().splitlines() or ["failed"]
        first = next((line for line in said if "error" in line), said[0])
        raise NoCompiler(f"{compiler[0]}: {first}")
    return printed


def contents(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def cache():
    """The folder of compiled libraries; made if it is not there.

    Raises:
        OSError: There is no place for it, or others can change what is in it.
    """
    home = Path(said := os.environ.get("HOME", os.path.expanduser("~")))
    asked_for = os.path.isabs(os.environ.get("XDG_CACHE_HOME", ""))
    if not asked_for and not (home.is_absolute() and home.is_dir()):
        raise FileNotFoundError(
            f"there is no home folder to keep compiled loops in: HOME is {said!r}; set it, or "
            "XDG_CACHE_HOME, to an absolute path"
        )
    folder = platformdirs.user_cache_path("keras_lstm_variants", appauthor=False)
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)
    refuse_what_others_can_change(folder, home)
    return folder


def library(source, options, link=()):
    """The file of the compiled source, compiled if it is not there.

    Threads and processes may ask for the same one at once. Threads wait for each other; processes
    each compile it, and whichever is last replaces what is the same.

    Args:
        source: C++.
        options: Those of the compiler.
        link: Those that come after the source.

    Returns:
        Its path. What is in it is what the compiler has written.

    Raises:
        NoCompiler: It cannot be compiled.
        OSError: It cannot be stored.
    """
    compiler, native, version = find_compiler(os.environ.get("PATH"), os.environ.get("CXX"))
    command = [*native, *options]
    identity = "\n".join([source, version, *compiler, *command, *link])
    name = hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:32]
    with locks.setdefault(name, threading.Lock()):
        folder = cache()
        for stored in sorted(folder.glob(f"{name}-*.so")):
            if stored.stem.partition("-")[2] == digest(stored):
                with contextlib.suppress(OSError):  # of a file system that is read only
                    os.utime(stored)  # `evict` goes by it
                return stored
            log.info("%s is damaged, and compiled again", stored)
            stored.unlink()
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder) as part:
            text, new = Path(part, "library.cpp"), Path(part, "library.so")
            text.write_text(source, encoding="utf-8")
            run(compiler, [*command, str(text), *link, "-o", str(new)], SECONDS)
            with contextlib.suppress(FileNotFoundError):
                new.chmod(0o700)
            written = digest(new, lasting=True)
            if written is None:
                raise NoCompiler(f"{compiler[0]}: it has written no library")
            stored = folder / f"{name}-{written}.so"
            os.replace(new, stored)
        evict(folder, stored)
        return stored


def digest(file, lasting=False):
    """SHA-256 of a file of this user's that nobody else can write to; None if it is no such file.

    Args:
        file: Its path.
        lasting: Whether to see to it that it is on the disk, too.
    """
    try:
        # A link may lead to what is somebody else's; to open a pipe must not wait for its end.
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not is_mine(status):
            return None
        if lasting:
            os.fsync(descriptor)
        return hashlib.file_digest(opened, "sha256").hexdigest()


def evict(folder, kept):
    """Removes the libraries that were not used for longest, as far as there are too many.

    One that a process has loaded may go: what is mapped into its memory stays until it ends, as a
    file of POSIX is there as long as anybody has it open.
    """
    total, stored = 0, []
    for path in folder.glob("*.so"):
        with contextlib.suppress(OSError):  # another process is at it
            status = path.lstat()
            stored.append((path == kept, status.st_mtime, status.st_size, path))
    for newest, _, size, path in sorted(stored, reverse=True):
        total += size
        if total > BYTES and not newest:
            with contextlib.suppress(OSError):
                path.unlink()
    for path in folder.glob(".*.*"):
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < time.time() - DAY:
                shutil.rmtree(path)


def opened(source, options, link=()):
    """The compiled source, loaded. The arguments, and what is raised, are those of `library`."""
    path = library(source, options, link)
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        if path.exists():
            with contextlib.suppress(OSError):
                path.unlink()  # whatever it is, nobody shall meet with it again
            raise
    # Another process has evicted it since.
    return ctypes.CDLL(str(library(source, options, link)))


@functools.lru_cache(maxsize=512)
def load(source, options):
    """The compiled source, as a library with the functions `forward` and `backward`.

    Raises:
        NoCompiler: It cannot be compiled.
        OSError: It cannot be stored or loaded.
    """
    loaded = opened(source, options)
    for function in loaded.forward, loaded.backward:
        function.restype = RESULT[1]
        function.argtypes = [kind for _, kind in PARAMETERS]
    return loaded
