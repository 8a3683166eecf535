"""How the documentation is built: `python -m sphinx -W -b html docs build/docs`."""

import inspect
import os
import sys
from importlib.resources import files
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import families  # noqa: E402
import gallery  # noqa: E402
import keras_lstm_variants  # noqa: E402

project = "keras_lstm_variants"
version = release = keras_lstm_variants.__version__
copyright = "the authors; Apache 2.0"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
]
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = False  # Keras' are not in this format
autodoc_default_options = {
    "exclude-members": "Net, OfLayer"
}  # what net() gives, made for each cell
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields of named tuples are members already
napoleon_custom_sections = [("Call arguments", "params_style")]
exclude_patterns = ["_build"]

html_theme = "alabaster"
mathjax_path = "tex-svg.js"  # has its fonts in it
mathjax3_config = {
    "options": {"enableMenu": False},  # whose parts are not shipped
    "svg": {"displayAlign": "left", "displayIndent": "1.5em"},
}
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_theme_options = {
    "description": "Gated recurrent cells for Keras 3",
    "page_width": "1120px",
    "sidebar_width": "230px",
    "show_relbar_bottom": True,
    "show_powered_by": False,
    "font_family": "Georgia, serif",
}
html_show_sourcelink = False
html_copy_source = False


def signature(app, what, name, thing, options, given, annotation):
    """That of __init__: Keras' __new__, which Sphinx would show, takes anything."""
    if what != "class":
        return None
    own = inspect.signature(thing.__init__)
    parameters = [p.replace(annotation=p.empty) for p in own.parameters.values()]
    return str(own.replace(parameters=parameters[1:])), None


def as_written(app, what, name, thing, options, lines):
    """Of a cell or a layer, its own docstring only: here its bases have pages of their own."""
    if what == "class" and (own := vars(thing).get("_as_written")):
        lines[:] = [*own.splitlines(), ""]


def named_by_its_last_part(app, env, node, content):
    """The class that docstrings call `GatedCell`, wherever it is."""
    python = env.domains["py"]
    target = node.get("reftarget")
    found = [
        name
        for name, thing in python.objects.items()
        if thing.objtype == "class" and name.endswith(f".{target}")
    ]
    if node.get("refdomain") != "py" or len(found) != 1:
        return None
    return python.resolve_xref(env, node["refdoc"], app.builder, "class", found[0], node, content)


def ship_mathjax(app, error):
    """Beside the pages, so that equations show without a network."""
    if error is None and app.builder.format == "html":
        script = files("sphinx-mathjax-offline") / "static" / "mathjax" / "tex-svg.js"
        (Path(app.outdir) / "_static" / "tex-svg.js").write_bytes(script.read_bytes())


def setup(app):
    app.connect("build-finished", ship_mathjax)
    app.connect("missing-reference", named_by_its_last_part)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", as_written, priority=400)  # before napoleon reads it
    written = {**families.pages(), **gallery.pages()}
    app.connect("builder-inited", lambda app: families.write(Path(app.srcdir), written))
