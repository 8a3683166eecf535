"""The tables of the README are those that were made."""

from pathlib import Path

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_table_of_scores_is_the_one_that_was_made():
    page = (Path(__file__).parent.parent / "benchmarks" / "SCORES.md").read_text("utf-8")
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert "\n".join(table) in README
