"""Equations as SVG, set by matplotlib when the pages are built: no script, no font, no network."""

import re
from html import escape

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from sphinx.util import logging

SIZE, LINE, GAP = 19, 1.75, 2  # of letters, between lines (in letters) and around & (in pixels)
FONT = FontProperties(math_fontfamily="cm", size=SIZE)
PARSER = MathTextParser("path")
# What matplotlib calls otherwise, or does not know.
OTHER_NAMES = {
    r"\\dots\b": r"\\ldots",
    r"\\lVert\b|\\rVert\b": r"\\Vert",
    r"\\lvert\b|\\rvert\b": r"|",
    r"\\bmod\b": r"\\,\\mathrm{mod}\\,",
    r"\\operatorname\*?(\{[^{}]*\})(?=\s*[\w\\])": r"\\mathrm\1\\,",
    r"\\operatorname\*?": r"\\mathrm",
    r"\\top\b": r"\\mathsf{T}",
    r"\\ge\b": r"\\geq",
    r"\\le\b": r"\\leq",
    r"\\ne\b": r"\\neq",
    r"\\dfrac\b": r"\\frac",
}
logger = logging.getLogger(__name__)


def inline(latex: str) -> str:
    _, height, depth = measured(latex)
    return svg([(latex, 0.0, 0.0)], height, depth, latex, f"vertical-align:{-depth - 1:.2f}px")


def block(latex: str) -> str:
    """Lines that end in two backslashes, with their & below each other."""
    rows = [
        [aligned(cell.strip(), number) for number, cell in enumerate(row.split("&"))]
        for row in re.split(r"\\\\", latex.strip())
        if row.strip()
    ]
    columns = max(map(len, rows))
    rows = [[*row, *[""] * (columns - len(row))] for row in rows]
    sizes = [[measured(cell) for cell in row] for row in rows]
    widths = [max(row[n][0] for row in sizes) for n in range(columns)]
    placed, y = [], 0.0
    for number, (row, row_sizes) in enumerate(zip(rows, sizes, strict=True)):
        height = max(size[1] for size in row_sizes)
        above = max(size[2] for size in sizes[number - 1]) if number else 0.0
        y += max(SIZE * LINE, above + height + 5) if number else 0.0
        x = 0.0
        for n, (cell, (width, *_)) in enumerate(zip(row, row_sizes, strict=True)):
            to_the_right = widths[n] - width if n % 2 == 0 and columns > 1 else 0.0
            placed.append((cell, x + to_the_right, y))
            x += widths[n] + GAP
    top, bottom = max(size[1] for size in sizes[0]), y + max(size[2] for size in sizes[-1])
    return svg(placed, top, bottom, latex, "")


def aligned(cell, number) -> str:
    """A part of a line; the sign after & needs something before it, to keep its distance."""
    return r"{}\," + cell[0] + r"\;" + cell[1:] if number % 2 and cell[:1] in "=<>" else cell


def matplotlibs(latex: str) -> str:
    latex = re.sub(r"\\text\{([^{}]*)\}", words, latex)
    for pattern, name in OTHER_NAMES.items():
        latex = re.sub(pattern, name, latex)
    return f"${' '.join(latex.split())}$"


def words(match) -> str:
    return r"\mathrm{" + match[1].replace(" ", r"\ ") + "}"


def measured(latex: str) -> tuple[float, float, float]:
    """Width, height above the line and depth below it."""
    if not latex:
        return 0.0, 0.0, 0.0
    try:
        width, height, depth, _, _ = PARSER.parse(matplotlibs(latex), dpi=72, prop=FONT)
    except ValueError as error:
        logger.warning("cannot set the equation %r: %s", latex, error)
        return measured(r"\mathrm{?}")
    # The height that the parser gives includes the depth.
    return float(width), float(height - depth), float(depth)  # the parser's height has both


def svg(placed, height, depth, latex, style) -> str:
    drawn, right = [], 0.0
    for part, x, y in placed:
        if part:
            path = TextPath((x, 0), matplotlibs(part), prop=FONT)
            drawn.append(outline(path, y))
            right = max(right, x + measured(part)[0])
    width, height, depth = right + 2, height + 1, depth + 1
    return (
        f'<svg class="equation" role="img" aria-label="{escape(latex, quote=True)}" '
        f'style="{style}" width="{width:.1f}" height="{height + depth:.1f}" '
        f'viewBox="-1 {-height:.1f} {width:.1f} {height + depth:.1f}">'
        f'<path fill="currentColor" d="{"".join(drawn)}"/></svg>'
    )


def outline(path, y) -> str:
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
    parts = []
    for points, code in path.iter_segments(simplify=False, curves=True):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
        elif code in letters:
            pairs = zip(points[::2], points[1::2], strict=True)
            parts.append(letters[code] + " ".join(f"{a:.2f},{y - b:.2f}" for a, b in pairs))
    return "".join(parts)


def visit_inline(translator, node):
    translator.body.append(inline(node.astext()) + "&#8288;")  # a comma stays on the line
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(f'<div class="math">{block(node.astext())}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathtext", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
