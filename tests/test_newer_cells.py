"""The table of what is asked for says where each thing is: what it names is exported."""

import re
from pathlib import Path

from keras_lstm_variants import EXPORTS

PAGE = Path(__file__).parents[1] / "docs" / "newer_cells.rst"


def rows():
    """What is asked for, what it is here, and the remark."""
    table = PAGE.read_text("utf-8").split(".. list-table::")[1].split("\n\n")[1]
    cells = [re.sub(r"\s+", " ", row).split(" - ") for row in table.split("\n   * - ")]
    return [[one.strip() for one in row] for row in cells][1:]


def test_every_row_names_what_the_package_exports():
    found = rows()
    assert len(found) > 20
    for wanted, here, *_ in found:
        names = re.findall(r"`(\w+)`", here)
        assert names, wanted
        assert not set(names) - set(EXPORTS), wanted


def test_every_block_and_every_cell_with_attention_is_in_the_table():
    named = set(re.findall(r"`(\w+)`", " ".join(here for _, here, *_ in rows())))
    apart = {
        name
        for name, place in EXPORTS.places.items()
        if place.startswith(("blocks:", "attention:"))
    }
    assert apart and not apart - named
