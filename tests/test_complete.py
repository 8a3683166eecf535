"""Whether each cell has all that a cell needs: what is missing stands in one message.

Read from the source, because of half a cell not everything can be imported.
"""

import ast
import re
from pathlib import Path

import pytest

from keras_lstm_variants.cells import IMAGE_TABLE, TABLE, TIMED_TABLE

TESTS = Path(__file__).parent
OF_VECTORS = {**TABLE, **TIMED_TABLE}
EVERY = {**OF_VECTORS, **IMAGE_TABLE}
CELLS = TESTS.parent / "keras_lstm_variants" / "cells"
LINE = "its line in TABLE in keras_lstm_variants/cells/__init__.py"


def definitions(file, kind):
    body = ast.parse(file.read_text("utf-8")).body if file.exists() else []
    return {node.name: node for node in body if isinstance(node, kind)}


def assigned(body):
    """What a file or a class assigns to a name: name -> node."""
    lines = (node for node in body if isinstance(node, ast.Assign))
    return {ast.unparse(node.targets[0]): node.value for node in lines}


def aliases(file):
    """The names that a file assigns, several in a line perhaps."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.Assign):
            yield from map(ast.unparse, node.targets)


def is_layer(node):
    return "cell_class" in assigned(node.body)


def cases():
    literal = assigned(ast.parse((TESTS / "cases.py").read_text("utf-8")).body)["CASES"]
    return {key.value for key in literal.keys}


def missing_classes():
    layers = set()
    for name, place in EVERY.items():
        module, _, layer = place.partition(":")
        layers.add(layer)
        for thing in (f"{layer}Cell", layer):
            if thing not in definitions(CELLS / f"{module}.py", ast.ClassDef):
                yield f"{name}: class {thing} in keras_lstm_variants/cells/{module}.py"
    for file in CELLS.glob("*.py"):
        for thing, node in definitions(file, ast.ClassDef).items():
            if is_layer(node) and thing not in layers:
                yield f"{thing} of {file.name}: {LINE}"


def missing_tests():
    oracles = set()
    for file in (TESTS / "oracles").glob("*.py"):
        oracles |= definitions(file, ast.FunctionDef).keys()
        oracles |= set(aliases(file))
    for name in EVERY:
        if name not in oracles:
            yield f"{name}: its equations in NumPy, def {name}(...) in a file of tests/oracles/"
    for name in OF_VECTORS.keys() - cases():
        yield f"{name}: its case in CASES in tests/cases.py"
    for name in cases() - OF_VECTORS.keys():
        yield f"{name}: {LINE}"


def missing_words():
    from generated import outdated
    from keras_lstm_variants.catalogue import describe

    firsts = {}
    for name in EVERY:
        entry, _, lines, *_ = describe(name)
        if not re.search(r"\b(19|20)\d\d\b", entry.paper):
            yield f"{name}: `paper`, with its year, in {entry.layer}Cell"
        if not entry.differs.endswith(".") or len(entry.differs) > 95:
            yield f"{name}: a first line of {entry.layer}Cell's docs: a sentence of at most 95"
        if not lines:
            yield f"{name}: its equations, under `.. math::`, in {entry.layer}Cell's docstring"
        if (other := firsts.setdefault(entry.differs, name)) != name:
            yield f"{name}: a first line of its docstring that is not that of {other}"
    for file in outdated():
        yield f"{file.name} as it follows from the classes: run `python docs/generated.py`"


def test_no_cell_lacks_anything():
    missing = [*missing_classes()]
    if not missing:  # else nothing can be imported
        missing += missing_words()
    missing += missing_tests()
    if missing:
        pytest.fail("\n".join(["still missing:", *missing]), pytrace=False)
