"""Fixtures shared by all tests."""

import gc
import os

import numpy as np
import pytest

# Each tier runs what the tiers before it run, and more. A test without a mark is a newcomer's.
TIERS = ("newcomer", "ci", "nightly")

# Tests compile several hundred small loops, which takes longer to optimise than to run. Tests of
# the loops themselves, and of their speed, optimise: see `optimised`.
CXXFLAGS = "KERAS_LSTM_VARIANTS_CXXFLAGS"
os.environ.setdefault(CXXFLAGS, "-std=c++14 -O0 -fopenmp-simd -fPIC -shared -pthread")


def pytest_addoption(parser):
    parser.addoption(
        "--tier",
        choices=TIERS,
        default="newcomer",
        help="newcomer: every stage once, in minutes; ci: every mechanism; nightly: everything",
    )


def pytest_configure(config):
    gc.set_threshold(
        100_000, 50, 100
    )  # else a twentieth of the time goes into looking at TensorFlow
    # For lists of cells to test, which are made when test files are imported.
    os.environ["TEST_TIER"] = config.getoption("tier")


def pytest_make_parametrize_id(config, val, argname):
    """Bytes are no names: what gzip writes holds the time, so processes would name tests apart."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config, items):
    above = TIERS[TIERS.index(config.getoption("tier")) + 1 :]
    out = [item for item in items if any(map(item.get_closest_marker, above))]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in set(out)]


@pytest.fixture
def optimised(monkeypatch):
    """Loops are compiled as users have them."""
    monkeypatch.delenv(CXXFLAGS)


@pytest.fixture
def vectorised(monkeypatch):
    """Loops are compiled with what makes vectors of them, which takes half as long as all of it."""
    from keras_lstm_variants.kernel import compiler

    monkeypatch.setenv(CXXFLAGS, compiler.FLAGS.replace("-O3", "-O1"))


@pytest.fixture
def fresh_loops():
    """No layer finds a loop that a test before it has compiled."""
    from keras_lstm_variants import kernel

    kernel.compiled.clear()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With pytest -n: a file to one process, as its tests may share what is costly to make.

    The battery, by far the longest file, is spread over all, a cell to one process.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            if file.endswith("test_every_cell.py"):
                return file + nodeid.partition("[")[2].partition("-")[0].rstrip("]")
            return file

    return Scheduling(config, log)
