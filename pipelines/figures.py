"""How every figure is drawn: colours, shapes, and files that do not change from run to run."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

# The colours of Okabe & Ito with a shape each: distinguishable if colour-blind, and in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
SHAPES = "osv^DPX"
PLAIN = ["DejaVu Sans"]  # comes with matplotlib


@contextmanager
def drawn_with(fonts: list[str]) -> Iterator[None]:
    """Draws with these fonts."""
    settings = {
        "font.family": fonts,
        "font.size": 9,
        "svg.fonttype": "none",  # so that the browser's fonts are used
        "svg.hashsalt": "",
        "axes.unicode_minus": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # told once by `fonts`
        yield


def save(figure: Any, path: Path) -> Path:
    """Writes a PNG or an SVG, without the date."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=120, bbox_inches="tight", metadata=metadata)
    return path
