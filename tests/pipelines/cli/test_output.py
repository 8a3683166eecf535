"""What commands print, and how wide."""

import pytest

from pipelines.cli.output import console


@pytest.mark.parametrize(("columns", "lines"), [(None, 1), ("60", 3)])
def test_lines_break_at_a_width_that_somebody_has_said_and_not_in_files(
    columns, lines, monkeypatch, capsys
):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    console().print("a" * 150)
    assert len(capsys.readouterr().out.splitlines()) == lines
