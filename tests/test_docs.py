"""The pages that the documentation writes by itself, and the pictures on them."""

import re
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import keras
import pytest
from pylatexenc.latex2text import get_default_latex_context_db
from pylatexenc.latexwalker import LatexWalker

import keras_lstm_variants
from dataflow import ELEMENTWISE, MATRIX, WEIGHT, flow
from families import CELLS, families, pages, write
from keras_lstm_variants.catalogue import built

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the data flow is read off TensorFlow's graph"
)


@pytest.fixture(scope="module")
def written():
    return pages()


def flow_of(name, **arguments):
    if not arguments:
        return flow(built(CELLS[name]))
    cell = CELLS[name](4, **arguments)
    cell.build((None, 3))
    return flow(cell)


def edges(name, **arguments):
    return {"".join(edge) for edge in flow_of(name, **arguments).edges()}


def ways(name, **arguments):
    """The ways of a cell's flow by the letters at their ends."""
    found = flow_of(name, **arguments)
    label = {node.key: node.label for node in found.nodes}
    return {(label[way.source], label[way.target]): way for way in found.ways}


@pytest.mark.nightly  # CI makes these pages when it builds the documentation
@pytest.mark.parametrize("name", CELLS)
def test_every_cell_is_on_the_page_of_its_module(name, written):
    family = CELLS[name].__module__.rpartition(".")[2]
    page = written[f"families/{family}.rst"]
    assert f".. autoclass:: {CELLS[name].__name__}\n" in page
    assert f".. image:: {name}.svg\n" in page


@pytest.mark.nightly
def test_every_family_is_in_the_table_of_contents(written):
    modules = {cell.__module__.rpartition(".")[2] for cell in CELLS.values()}
    contents = written["families/index.rst"].partition("toctree::")[2].split()
    assert modules == set(families()) == modules & set(contents)


@pytest.mark.nightly
@pytest.mark.parametrize("name", CELLS)
def test_every_picture_shows_all_states_as_they_come_in_and_go_out(name, written):
    svg = ElementTree.fromstring(written[f"families/{name}.svg"])
    texts = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    for state in built(CELLS[name]).state:
        letter = state.replace("_", "")
        assert {f"{letter}t", f"{letter}t−1"} <= set(texts), texts


def test_the_lstm_is_drawn_as_its_equations_say():
    gates = {f"{source}{gate}" for source in ("x", "h_{t-1}") for gate in "ifzo"}
    assert edges("lstm") == gates | {"fc", "c_{t-1}c", "ic", "zc", "oh", "ch"}


def test_a_peephole_is_a_way_from_c_to_o_that_passes_weights():
    assert ("c", "o") not in ways("lstm")
    assert ways("peephole_lstm")["c", "o"].kind == WEIGHT
    assert ("c", "o") not in ways("peephole_lstm", peepholes=["i", "f"])


def test_no_error_flows_back_where_the_gradient_is_truncated():
    assert ways("lstm", gradient="truncated")["h_{t-1}", "i"].cut
    assert not ways("lstm", gradient="truncated")["x", "i"].cut
    assert not ways("lstm")["h_{t-1}", "i"].cut


@pytest.mark.parametrize(
    "name, kinds", [("gru", (MATRIX, ELEMENTWISE)), ("gru_reset_before", (ELEMENTWISE, MATRIX))]
)
def test_the_reset_gate_acts_after_or_before_the_matrix(name, kinds):
    found = flow_of(name)
    label = {node.key: node.label for node in found.nodes}
    (product,) = (way.target for way in found.ways if label[way.source] == "r")
    (before,) = (
        way.kind for way in found.ways if (label[way.source], way.target) == ("h_{t-1}", product)
    )
    (after,) = (way.kind for way in found.ways if way.source == product)
    assert (before, after) == kinds


def test_functions_of_one_gate_are_written_on_its_way():
    assert ways("coupled_gate_lstm")["i", "f"].functions == ("1−",)


@pytest.mark.nightly
def test_every_class_above_a_cell_is_documented(written):
    own = keras_lstm_variants.__name__
    bases = {b for cell in CELLS.values() for b in cell.__mro__ if b.__module__.startswith(own)}
    for base in bases - {*CELLS.values()}:
        family = base.__module__.rpartition(".")[2]
        class_ = f".. autoclass:: {base.__module__}.{base.__name__}\n"
        on_its_page = class_ in written.get(f"families/{family}.rst", "")
        assert on_its_page or f".. automodule:: {base.__module__}\n" in written["api.rst"], base


@pytest.mark.nightly
def test_the_page_of_a_family_that_is_no_more_is_removed(tmp_path: Path, written):
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "gone.rst").touch()
    write(tmp_path, written)
    files = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.*")}
    assert files == set(written)


def formulas():
    """Every formula of docstrings and pages, with the file that has it."""
    root = Path(keras_lstm_variants.__file__).parent.parent
    for path in [*root.glob("keras_lstm_variants/**/*.py"), *root.glob("docs/*.rst")]:
        text = path.read_text("utf-8")
        for latex in re.findall(r":math:`([^`]+)`", text):
            yield path.name, latex
        for block in re.finditer(r"^( *)\.\. math::((?:\n(?:\1 .*)?)+)", text, re.MULTILINE):
            yield path.name, textwrap.dedent(block[2])


def test_equations_are_latex_that_mathjax_knows():
    """Browsers show a mistake in red; the build says nothing."""
    known = get_default_latex_context_db()
    found = list(formulas())
    assert {"lstm.py", "conventions.rst"} <= {name for name, _ in found}
    for name, latex in found:
        LatexWalker(f"${latex}$", tolerant_parsing=False).get_latex_nodes()  # braces and so on
        for macro in re.findall(r"\\([A-Za-z]+)", latex):
            is_known = known.get_macro_spec(macro) or macro == "operatorname"
            assert is_known, f"{name}: \\{macro} in {latex}"
