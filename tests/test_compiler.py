"""The cache of compiled code: what is compiled with what, where it is kept, and what is loaded."""

import os
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cases import BACKEND, FEATURES, of_tensorflow

if BACKEND == "tensorflow":
    from keras_lstm_variants.kernel import compiler, ownership

pytestmark = [
    of_tensorflow,
    pytest.mark.ci,
    pytest.mark.skipif(os.name != "posix", reason="compiled loops need a POSIX system"),
]
root_only = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)

OPTIONS = "-O0", "-fPIC", "-shared"
SOURCE = """
#include <stdint.h>
typedef float T;
extern "C" long forward(long, long, long, const uint8_t*, const T* const*, T* const*, int) {
  return NUMBER;
}
extern "C" long backward(long, long, long, const uint8_t*, const T* const*, T* const*, int) {
  return -NUMBER;
}
"""


def source(number=1):
    return SOURCE.replace("NUMBER", str(number))


def answer(number=1):
    """What a compiled function says: its number, if all is well."""
    return compiler.load(source(number), OPTIONS).forward(0, 0, 0, None, None, None, 0)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Nothing is known of compilers or libraries, before and after."""

    def forget():
        compiler.load.cache_clear()
        compiler.find_compiler.cache_clear()
        compiler.hung.clear()

    monkeypatch.delenv("CXX", raising=False)
    forget()
    yield
    forget()


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """The cache of one test, which is not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "keras_lstm_variants"


class Script:
    """A compiler that notes what it is called with, and does something else first."""

    def __init__(self, path, before=""):
        self.path, self.log = path, path.with_suffix(".log")
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{self.log}'\n"
            f'case "$*" in *.so) library=1;; *) library=;; esac\n{before}\nexec c++ "$@"\n'
        )
        path.chmod(0o755)

    @property
    def compiled(self):
        """The calls for a library."""
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return [call for call in calls if call.endswith(".so")]


@pytest.fixture
def script(monkeypatch, tmp_path):
    def make(before="", name="script-c++"):
        made = Script(tmp_path / "bin" / name, before)
        monkeypatch.setenv("CXX", str(made.path))
        return made

    return make


# CXX.


@pytest.mark.parametrize("said", ["{} -O1 -DA=1", "'{}' '-O1' -DA=1", "env {} -O1 -DA=1"])
def test_cxx_may_have_arguments(said, folder, script, monkeypatch):
    made = script(name="another c++" if "'" in said else "another-c++")
    monkeypatch.setenv("CXX", said.format(made.path))
    assert answer() == 1
    (call,) = made.compiled
    assert call.startswith("-O1 -DA=1 ")
    assert answer() == 1 and len(made.compiled) == 1


def test_cxx_may_be_a_path_with_spaces_in_it(folder, script):
    made = script(name="my own c++")
    assert answer() == 1 and len(made.compiled) == 1


@pytest.mark.parametrize("said", ["", "  ", None])
def test_without_a_word_in_cxx_the_usual_compilers_are_tried(said, folder, monkeypatch):
    if said is not None:
        monkeypatch.setenv("CXX", said)
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_CXXFLAGS", " ")
    assert answer() == 1
    assert compiler.flags() == tuple(compiler.FLAGS.split())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("no-such-c++ -O1", "none of no-such-c.. -O1 works"),
        ("c++ '-O1", r"CXX is not written as for a shell \(No closing quotation\): c.. '-O1"),
        ("c++ --no-such-option", r"none of c.. --no-such-option works \(.*no-such-option"),
    ],
)
def test_a_cxx_that_does_not_work_is_named_and_no_folder_is_made(
    said, message, folder, monkeypatch
):
    monkeypatch.setenv("CXX", said)
    with pytest.raises(compiler.NoCompiler, match=message):
        answer()
    assert not folder.parent.exists()


def test_flags_that_are_no_words_of_a_shell_are_named(monkeypatch):
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_CXXFLAGS", '-O1 "')
    with pytest.raises(compiler.NoCompiler, match="CXXFLAGS is not written as for a shell"):
        compiler.flags()


def test_a_cpu_named_in_cxx_is_the_one_that_is_compiled_for(folder, script, monkeypatch):
    made = script()
    answer()
    monkeypatch.setenv("CXX", f"{made.path} -march=native")
    compiler.load.cache_clear()
    answer()
    first, second = made.compiled
    assert compiler.WIDE not in second and second.count("-march") == 1
    assert first != second and len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("before", "error", "message"),
    [
        ('test -z "$library" || exit 0', "NoCompiler", "it has written no library"),
        ('test -z "$library" || { eval "echo junk > \\${$#}"; exit; }', "OSError", "ELF|junk"),
    ],
)
def test_a_compiler_that_writes_nothing_or_junk_leaves_no_file(
    before, error, message, folder, script
):
    script(before)
    for _ in range(2):
        with pytest.raises(compiler.NoCompiler if error == "NoCompiler" else OSError) as raised:
            answer()
        assert list(folder.iterdir()) == []
    if sys.platform == "linux":
        assert raised.match(message.replace("ELF|junk", "ELF|short"))


# Compilers that do not end.


def ended(process):
    """Whether a process is gone; nobody may have taken notice yet."""
    for _ in range(100):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True
        ).stdout.strip()
        if not state or state.startswith("Z"):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("when", ["asked what it is", "compiling"])
def test_a_compiler_that_hangs_is_waited_for_once(when, folder, script, monkeypatch, tmp_path):
    child = tmp_path / "child"
    hang = f"sleep 600 & echo $! > '{child}'; wait"
    made = script(hang if when != "compiling" else f'test -z "$library" || {{ {hang}; }}')
    monkeypatch.setattr(compiler, "PROBE_SECONDS", 1 if when != "compiling" else 60)
    monkeypatch.setattr(compiler, "SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(compiler.NoCompiler, match="script-c.. had not ended after 1 seconds"):
        answer()
    assert time.monotonic() - start < 30
    assert ended(int(child.read_text())), "what it has started is still there"
    calls = len(made.log.read_text().splitlines())
    assert calls == (2 if when == "compiling" else 1)
    for number in 1, 2:
        with pytest.raises(compiler.NoCompiler, match="is not asked again"):
            answer(number)
    assert len(made.log.read_text().splitlines()) == calls
    monkeypatch.delenv("CXX")
    assert answer() == 1, "another compiler has to do with it"


def test_nobody_waits_for_the_compiler_of_another_library(folder, script, tmp_path, monkeypatch):
    began, gate = tmp_path / "began", tmp_path / "gate"
    script(
        f"case \"$library$*\" in 1*-DSLOW*) touch '{began}'; "
        f"until test -e '{gate}'; do sleep 0.1; done;; esac"
    )
    answer(1)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(compiler.library, source(2), (*OPTIONS, "-DSLOW"))
        try:
            while not began.exists():
                assert not slow.done()
                time.sleep(0.05)
            done = [pool.submit(answer, number) for number in (1, 3)]
            assert [one.result(timeout=60) for one in done] == [1, 3]
            assert not slow.done()
        finally:
            gate.touch()
        assert slow.result(timeout=60).exists()


@pytest.mark.usefixtures("fresh_loops")
def test_layers_with_a_loop_run_it_while_that_of_another_is_compiled(monkeypatch):
    """Another layer, another kind of input of the same layer: neither waits."""
    import numpy as np

    from keras_lstm_variants import GRU, LSTM
    from keras_lstm_variants.kernel import tensorflow

    ready, other = LSTM(2), GRU(2)
    x = np.ones((2, 3, FEATURES), "float32")
    ready(x)
    other.build(x.shape)
    began, gate, load = threading.Event(), threading.Event(), compiler.load

    def slow(*arguments):
        began.set()
        assert gate.wait(60)
        return load(*arguments)

    slow.cache_clear = load.cache_clear
    monkeypatch.setattr(tensorflow.compiler, "load", slow)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(other, x)
        try:
            assert began.wait(60)
            pool.submit(ready, x).result(timeout=60)
            assert ready.why_not_compiled == "" and not waiting.done()
        finally:
            gate.set()
        waiting.result(timeout=60)


def test_threads_that_want_the_same_library_get_it_compiled_once(folder, script):
    made = script('test -z "$library" || sleep 0.5')
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: compiler.library(source(), OPTIONS), range(8)))
    assert len(made.compiled) == 1 and len(set(paths)) == 1


# Where the cache is.

NO_HOME = "no home folder to keep compiled loops in"
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the folder has another name")


@linux
@pytest.mark.parametrize("home", ["", "here", "./here", "~", "{}/no/home", "{}/file", None])
@pytest.mark.parametrize("xdg", [None, "", "here"])
def test_without_a_home_no_folder_is_made(home, xdg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    for name, value in {"HOME": home, "XDG_CACHE_HOME": xdg}.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value.format(tmp_path))
    if home is None:

        def unknown(user):
            raise KeyError(user)

        monkeypatch.setattr("pwd.getpwuid", unknown)  # as in a container with any user
    with pytest.raises(OSError, match=NO_HOME):
        answer()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert not Path("/.cache/keras_lstm_variants").exists()


@linux
def test_a_home_that_cannot_be_written_to_is_an_error(monkeypatch):
    monkeypatch.setenv("HOME", "/proc")  # where root cannot write either
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(OSError, match=r"/proc/\.cache"):
        answer()


@linux
@pytest.mark.parametrize("xdg", ["new/er ö\n", "{}/new/../new/cache/"])
def test_the_cache_is_where_it_is_asked_for(xdg, tmp_path, monkeypatch):
    place = xdg.format(tmp_path) if "{" in xdg else str(tmp_path / xdg)
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    monkeypatch.setenv("HOME", str(tmp_path / "no"))  # which has to do with it no more
    before = os.umask(0)
    try:
        assert answer() == 1
    finally:
        os.umask(before)
    (stored,) = Path(place, "keras_lstm_variants").iterdir()
    for path in (stored, *stored.parents[: 3 if "{" in xdg else 2]):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@linux
@pytest.mark.nightly
def test_what_needs_no_compiled_code_makes_no_folder(tmp_path):
    program = """
        import keras_lstm_variants
        from keras_lstm_variants import CELLS, LSTM, kernel, schemes
        from keras_lstm_variants.kernel import compiler
        layer = LSTM(4)
        print(layer.why_not_compiled, kernel.why_not(layer))
    """
    path = os.pathsep.join(sys.path)
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": path, "KERAS_BACKEND": "jax"}
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], env=environment, check=True, timeout=300
    )
    assert not list(tmp_path.rglob("keras_lstm_variants*"))


@pytest.mark.usefixtures("fresh_loops")
def test_switched_off_it_makes_no_folder(folder, monkeypatch):
    import numpy as np

    from keras_lstm_variants import LSTM

    monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", "0")
    layer = LSTM(4)
    layer(np.ones((2, 3, FEATURES), "float32"))
    assert layer.why_not_compiled == "KERAS_LSTM_VARIANTS_COMPILED is 0"
    assert not folder.parent.exists()
    monkeypatch.setenv("KERAS_LSTM_VARIANTS_COMPILED", "off")
    with pytest.raises(ValueError, match="COMPILED must be 0 or 1, not 'off'"):
        layer(np.ones((2, 3, FEATURES), "float32"))


# Files that are not what was stored.


def cut(path):
    os.truncate(path, 4096)


def change(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def link(path):
    other = path.with_suffix(".moved")
    path.rename(other)
    path.symlink_to(other)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def let_others_write(path):
    path.chmod(0o766)


def give_away(path):
    os.chown(path, 12345, -1)


HARM = [cut, change, empty, lengthen, link, pipe, let_others_write]
HARM += [give_away] if os.name == "posix" and os.geteuid() == 0 else []  # only root can

LOAD = """
import os, sys
from keras_lstm_variants.kernel import compiler
source = sys.stdin.read()
for place in sys.argv[1].split(os.pathsep):
    os.environ["XDG_CACHE_HOME"] = place
    print(place, flush=True)
    for _ in range(2):
        compiler.load.cache_clear()
        library = compiler.load(source, tuple(sys.argv[2:]))
        assert library.forward(0, 0, 0, None, None, None, 0) == 1
"""


@pytest.mark.nightly
def test_a_file_that_is_not_what_was_stored_is_compiled_again(script, tmp_path, monkeypatch):
    made, places, files = script(), [], []
    for harm in HARM:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / harm.__name__))
        places.append(os.environ["XDG_CACHE_HOME"])
        files.append(compiler.library(source(), OPTIONS))
        assert files[-1].stat().st_size > 8192, "too small to be cut"
        harm(files[-1])
    # In another process: what is cut off ends it by a signal, if it is loaded.
    done = subprocess.run(
        [sys.executable, "-c", LOAD, os.pathsep.join(places), *OPTIONS],
        input=source(),
        env={**os.environ, "KERAS_BACKEND": "numpy", "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        timeout=300,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(made.compiled) == 2 * len(HARM)
    for path in files:
        assert compiler.digest(path) == path.stem.partition("-")[2]


# Folders that others can change.


def test_a_cache_of_somebody_else_is_refused(folder, monkeypatch):
    answer()
    user = os.geteuid()
    compiler.load.cache_clear()
    monkeypatch.setattr(ownership.os, "geteuid", lambda: user + 1)
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        answer()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_cache_that_others_can_write_to_is_refused(mode, folder):
    answer()
    folder.chmod(mode)
    compiler.load.cache_clear()
    with pytest.raises(PermissionError, match=f"{folder} can be written to by others"):
        answer()


@pytest.mark.parametrize(
    ("mode", "private", "refused"),
    [
        (0o755, False, False),
        (0o777, True, True),
        (0o775, False, True),
        (0o775, True, False),
        (0o1777, False, False),
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_so_is_one_that_others_can_put_another_in_place_of(
    mode, private, refused, linked, tmp_path, monkeypatch
):
    monkeypatch.setattr(ownership, "is_private", lambda group: private)
    open_to_all, cache = tmp_path / "a" / "open", tmp_path / "b" / "cache"
    (open_to_all / "inner").mkdir(parents=True)
    cache.parent.mkdir()
    open_to_all.chmod(mode)
    if linked:  # by way of another link, which lies in the open folder
        (tmp_path / "real").mkdir()
        (open_to_all / "inner" / "link").symlink_to(tmp_path / "real")
        cache.symlink_to(open_to_all / "inner" / "link")
    else:
        cache = open_to_all / "inner"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    if refused:
        with pytest.raises(PermissionError, match=f"{open_to_all}, which can be written"):
            answer()
    else:
        assert answer() == 1


@root_only
def test_so_is_one_in_a_folder_of_somebody_else(tmp_path, monkeypatch):
    (tmp_path / "theirs" / "cache").mkdir(parents=True)
    os.chown(tmp_path / "theirs", 12345, -1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "theirs" / "cache"))
    with pytest.raises(PermissionError, match="theirs, which belongs to somebody else"):
        answer()


@linux
def test_above_the_home_folder_all_is_the_systems(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(home))
    assert answer() == 1
    home.chmod(0o777)
    compiler.load.cache_clear()
    with pytest.raises(PermissionError, match="home, which can be written to by others"):
        answer()


def test_a_group_is_private_if_it_has_the_name_of_the_user_and_no_other_members(monkeypatch):
    import grp
    import pwd
    from types import SimpleNamespace

    me = pwd.getpwuid(os.geteuid()).pw_name
    for name, members, private in [
        (me, [], True),
        (me, [me], True),
        (me, [me, "other"], False),
        ("staff", [], False),
    ]:
        found = SimpleNamespace(gr_name=name, gr_mem=members)
        monkeypatch.setattr(grp, "getgrgid", lambda group, found=found: found)
        assert ownership.is_private(1) is private
    monkeypatch.undo()
    assert not ownership.is_private(2**31 - 7), "a group without a name"


# How much is kept.


def test_what_was_not_used_for_longest_makes_room(folder, monkeypatch):
    libraries = [compiler.library(source(number), OPTIONS) for number in range(4)]
    for age, library in enumerate(libraries):
        os.utime(library, (10**9 - age, 10**9 - age))
    loaded = compiler.opened(source(2), OPTIONS)
    compiler.opened(source(3), OPTIONS)  # the oldest are the last used now
    others = folder / "notes.txt", folder / ".0123.new", folder / ".0123.old"
    others[0].write_bytes(b"0" * 10**6)
    for path in others[1:]:
        path.mkdir()
        (path / "library.so").touch()
    os.utime(others[2], (10**9, 10**9))
    size = max(library.stat().st_size for library in libraries)
    monkeypatch.setattr(compiler, "BYTES", 3 * size)
    new = compiler.library(source(4), OPTIONS)
    assert set(folder.iterdir()) == {new, *libraries[2:], *others[:2]}

    monkeypatch.setattr(compiler, "BYTES", 0)
    last = compiler.library(source(5), OPTIONS)
    assert set(folder.glob("*.so")) == {last}, "what was compiled just now stays"
    assert loaded.forward(0, 0, 0, None, None, None, 0) == 2, "what is loaded stays"
    for number in range(4):
        assert answer(number) == number


def test_what_another_process_evicts_before_it_is_loaded_is_compiled_again(folder, monkeypatch):
    library, gone = compiler.library, []

    def unlucky(*arguments):
        path = library(*arguments)
        if not gone:
            path.unlink()
            gone.append(path)
        return path

    monkeypatch.setattr(compiler, "library", unlucky)
    assert answer() == 1 and gone[0].exists()


def test_a_cache_that_cannot_be_written_to_still_serves(folder, script, monkeypatch):
    made = script()
    answer()
    compiler.load.cache_clear()

    def read_only(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(compiler.os, "utime", read_only)
    monkeypatch.setattr(compiler.tempfile, "TemporaryDirectory", read_only)
    assert answer() == 1 and len(made.compiled) == 1
    with pytest.raises(OSError, match="Read-only"):
        answer(2)
