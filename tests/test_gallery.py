"""The gallery: every page has its pictures, and the commands still make them."""

import shlex

import pytest
from PIL import Image

import gallery
from pipelines.cli.main import app

LARGEST = 200_000  # bytes of a committed picture
entries = pytest.mark.parametrize("entry", gallery.ENTRIES, ids=lambda entry: entry.name)


@entries
def test_every_picture_and_what_was_printed_are_there(entry):
    assert len(entry.commands) == len(entry.quick) and len(entry.see) >= 4
    printed = (gallery.PICTURES / f"{entry.name}.txt").read_text("utf-8")
    for command in entry.commands:
        assert f"$ {command}\n" in printed, "`python docs/gallery.py` makes it anew"
    for n in range(len(entry.pictures)):
        path = gallery.PICTURES / gallery.file_of(entry, n)
        with Image.open(path) as image:
            assert min(image.size) > 200
        assert path.stat().st_size < LARGEST
        assert gallery.address(entry, n) in gallery.page(entry)


def test_nothing_else_lies_among_the_pictures():
    known = {f"{entry.name}.txt" for entry in gallery.ENTRIES} | {
        gallery.file_of(entry, n) for entry in gallery.ENTRIES for n in range(len(entry.pictures))
    }
    assert {path.name for path in gallery.PICTURES.iterdir()} == known


@entries
def test_its_commands_exist_with_their_options(entry):
    from typer.main import get_command

    for command, more in zip(entry.commands, entry.quick, strict=True):
        program, name, *words = shlex.split(f"{command} {more}")
        if program == "lstm-variants":
            found = get_command(app).commands[name]
            found.make_context(name, words)


@pytest.mark.nightly
@entries
def test_its_commands_still_make_its_pictures(entry, tmp_path):
    gallery.make(entry, tmp_path, quick=True)
    for n in range(len(entry.pictures)):
        with Image.open(tmp_path / gallery.file_of(entry, n)) as image:
            assert len(image.getcolors(gallery.COLOURS)) > 10
