"""Every field of the table of derivatives in docs/layers.rst does what it says."""

from pathlib import Path

import numpy as np
import pytest
from keras import ops

import derivatives
from cases import BACKEND
from derivatives import COLUMNS, MODES, SAYS, WORKS

PAGE = Path(__file__).parents[1] / "docs" / "layers.rst"


def fields():
    for mode in MODES:
        if mode.backend != BACKEND:
            continue
        for column in COLUMNS:
            early = mode.early and column in ("auto", "graph")
            mark = pytest.mark.ci if early else pytest.mark.nightly
            yield pytest.param(mode, column, marks=mark, id=f"{mode.title}-{column}")


def numbers(arrays):
    detached = [one.detach() if hasattr(one, "detach") else one for one in arrays]
    return [ops.convert_to_numpy(one) for one in detached]


@pytest.fixture
def in_double():
    if BACKEND != "jax":
        yield
        return
    import jax

    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch.func uses it
@pytest.mark.parametrize("mode, column", list(fields()))
def test_a_field_says_what_happens(mode, column, in_double):
    ours, plain = derivatives.built(column)
    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(2, 3, 2)), "float64")
    says = mode.fields.get(column, WORKS)
    if says != WORKS:
        with pytest.raises(Exception, match=SAYS[says]):
            mode.arrays(ours, x)
        return
    found, expected = (
        numbers(mode.arrays(ours, x)),
        numbers((mode.reference or mode.arrays)(plain, x)),
    )
    assert len(found) == len(expected) > 0
    assert all(np.abs(one).max() > 1e-6 for one in expected[:1])
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5 * max(1, np.abs(other).max()))


@pytest.mark.ci
def test_the_table_is_in_the_documentation():
    assert derivatives.tables() in PAGE.read_text("utf-8"), "paste derivatives.tables()"
