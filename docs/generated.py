"""Files in the repository that follow from the classes: `python docs/generated.py` writes them."""

from pathlib import Path

import configuration
import contract
import experiments
import stubs
import tables


def texts() -> dict[Path, str]:
    """The text of each file, as it should be."""
    made = (tables.texts(), stubs.stubs(), configuration.texts(), contract.texts())
    return {path: text for texts in (*made, experiments.texts()) for path, text in texts.items()}


def outdated() -> list[Path]:
    """The files that say something else."""
    return [
        file
        for file, text in texts().items()
        if not file.exists() or file.read_text("utf-8") != text
    ]


if __name__ == "__main__":
    for file, text in texts().items():
        file.write_text(text, "utf-8")
