"""The catalogue: what it says of a cell is what the cell is."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from keras_lstm_variants import CELLS, IMAGE_LAYERS, TIMED_LAYERS, catalogue
from keras_lstm_variants.catalogue import EVERY_LAYER, built, entries, equations, plain

every_name = pytest.mark.parametrize("name", EVERY_LAYER)
describe = cache(catalogue.describe)


def test_lists_every_cell_once():
    assert [entry.name for entry in entries()] == [*CELLS, *TIMED_LAYERS, *IMAGE_LAYERS]


@every_name
def test_equations_are_plain_text_that_names_the_states(name):
    lines = equations(EVERY_LAYER[name].cell_class)
    assert lines and not re.search(r"[\\&]|^\s*$", "\n".join(lines)), lines
    text = "\n".join(lines)
    for state in describe(name).states:
        assert state.partition("_")[0] in text


@every_name
def test_counts_the_weights_that_it_lists(name):
    described = describe(name)
    assert described.entry.parameters == sum(int(np.prod(w.shape)) for w in described.weights)
    assert described.entry.parameters == built(EVERY_LAYER[name].cell_class).count_params()
    assert len({weight.name for weight in described.weights}) == len(described.weights)


def test_the_equations_of_the_lstm_are_these():
    assert equations(CELLS["lstm"]) == [
        "i_t = σ(W_i x_t + R_i h_{t-1} + b_i)",
        "f_t = σ(W_f x_t + R_f h_{t-1} + b_f)",
        "z_t = g(W_z x_t + R_z h_{t-1} + b_z)",
        "c_t = f_t ⊙ c_{t-1} + i_t ⊙ z_t",
        "o_t = σ(W_o x_t + R_o h_{t-1} + b_o)",
        "h_t = o_t ⊙ h(c_t)",
    ]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{a_{t-1}}{1 + b}", "(a_{t-1}) / (1 + b)"),
        (r"\tilde c_t &= \max(0, \alpha)", "c̃_t = max(0, α)"),
        (r"\sqrt{\mathrm{var} a + \delta}", "√(var a + δ)"),
        (r"k \odot \tilde c + \log \sigma(z)", "k ⊙ c̃ + log σ(z)"),
        (r"w^{i \to j} \cdot h, \quad n = 1, \dots \le N", "w^{i → j} · h, n = 1, … ≤ N"),
        (r"W_k x_t \text{ for } k \neq 3", "W_k x_t for k ≠ 3"),
    ],
)
def test_reads_the_latex_of_docstrings(latex, text):
    assert plain(latex) == text


@every_name
def test_says_where_the_class_of_a_cell_is(name):
    path, line = describe(name).source.split(":")
    code = (Path(__file__).parent.parent / path).read_text("utf-8").splitlines()
    definition = next(text for text in code[int(line) - 1 :] if text.startswith("class"))
    assert definition.startswith(f"class {EVERY_LAYER[name].cell_class.__name__}(")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("peephole_lstn", "no cell 'peephole_lstn': did you mean 'peephole_lstm'?"),
        ("q", "no cell 'q'$"),
    ],
)
def test_an_unknown_cell_is_answered_with_the_nearest_name(name, message):
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        describe(name)
