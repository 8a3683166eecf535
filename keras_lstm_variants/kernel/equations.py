"""The lines of a cell's equations, with which the generated code is commented."""

import ast
import inspect
import textwrap

LONGEST = 80  # of a line; a longer one is cut


def lines_of(methods):
    """The line that assigns each letter, by the letter, in methods given by their code.

    There are none for methods whose source is not at hand, as in an interactive session.
    """
    lines: dict[str, str] = {}
    for method in methods:
        try:
            source = textwrap.dedent(inspect.getsource(method))
            tree = ast.parse(source)
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                line = in_one_line(ast.get_source_segment(source, node) or "")
                for target in node.targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name):
                            lines.setdefault(name.id, line)
    return lines


def in_one_line(text):
    """As the rest of a line after `//`, which a backslash or `??/` would let go on in the next."""
    text = " ".join(text.replace("\\", " ").replace("??/", " ").split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
