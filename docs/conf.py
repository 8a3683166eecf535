"""How the documentation is built: `python -m sphinx -W -b html docs build/docs`."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import families  # noqa: E402
import keras_lstm_variants  # noqa: E402

project = "keras_lstm_variants"
version = release = keras_lstm_variants.__version__
copyright = "the authors; Apache 2.0"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathtext"]
default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Call arguments", "params_style")]
exclude_patterns = ["_build"]

html_theme = "alabaster"
html_math_renderer = "mathtext"
html_static_path = ["_static"]
html_css_files = ["equations.css"]
html_theme_options = {
    "description": "Gated recurrent cells for Keras 3",
    "page_width": "1120px",
    "sidebar_width": "230px",
    "show_powered_by": False,
    "font_family": "Georgia, serif",
}
html_show_sourcelink = False
html_copy_source = False


def setup(app):
    app.connect("builder-inited", lambda app: families.write(Path(app.srcdir)))
