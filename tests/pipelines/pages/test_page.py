"""The design: contrast, one file, no network, nothing of the machine."""

import colorsys
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.pages.page import (
    COLOURS,
    HERE,
    SHADES,
    colours,
    data_uri,
    environment,
    local,
    render,
    script,
    shade,
    share,
)

STYLE = (HERE / "style.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): ([^;]+);", part)) for part in STYLE.partition("@media")[::2]
)
DARK = {**LIGHT, **dict(re.findall(r"--([\w-]+): ([^;]+);", STYLE.split("@media")[1]))}
HUES = [int(hue) for hue in re.findall(r"\.t\d+ \{ --hue: (\d+) \}", STYLE)]


def rgb(value, hue=None):
    """Red, green and blue of "#rrggbb" or of the saturation and lightness of a hue, from 0 to 1."""
    if value.startswith("#"):
        return [int(value[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    saturation, lightness = (float(part.rstrip("%")) / 100 for part in value.split())
    return colorsys.hls_to_rgb(hue / 360, lightness, saturation)


def contrast(one, other):
    """That of WCAG 2."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_counted_as_wcag_counts_it():
    assert contrast(rgb("#ffffff"), rgb("#000000")) == pytest.approx(21)
    assert contrast(rgb("#777777"), rgb("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read(scheme):
    paper, panel = rgb(scheme["paper"]), rgb(scheme["panel"])
    for name in ("ink", "faint", "link", "wrong"):
        assert contrast(rgb(scheme[name]), paper) >= 4.5, name
        assert contrast(rgb(scheme[name]), panel) >= 4.5, name
    assert contrast(rgb(scheme["on-accent"]), rgb(scheme["accent"])) >= 4.5
    assert contrast(rgb(scheme["edge"]), paper) >= 3
    assert contrast(rgb(scheme["accent"]), paper) >= 3
    assert len(HUES) == COLOURS and len(set(HUES)) == COLOURS
    for hue in HUES:
        behind = rgb(scheme["tint"], hue)
        for name in ("ink", "wrong"):
            assert contrast(rgb(scheme[name]), behind) >= 4.5, (hue, name)
        assert contrast(rgb(scheme["shade"], hue), paper) >= 3, hue
    hue, saturation = scheme["heat"].split()
    for n in range(SHADES):
        behind = rgb(f"{saturation} {scheme[f'h{n}']}", int(hue))
        assert contrast(rgb(scheme["ink"]), behind) >= 4.5, n


@pytest.fixture
def page(tmp_path):
    """A page of a template that shows everything of `parts.html`."""
    template = tmp_path / "all.html"
    template.write_text("""{% extends "base.html" %}
{% from "parts.html" import legend, marked, picture, table %}
{% block content %}
{{ table(["type", "n"], rows, "all") }}{{ legend(colours) }}{{ marked(pieces, colours) }}
{{ picture("data:image/png;base64,", title) }}
{% endblock %}
""")
    cell = {"text": "<3>", "href": "#m0", "style": "h1"}
    return render(
        template,
        'A & "<b>"',
        {"cell": "<gru>", "data": ""},
        "if (1 < 2) {}",
        datetime(2026, 11, 27, 1, 2, tzinfo=UTC),
        rows=[{"name": "<x>", "cells": ["1", cell], "together": True}],
        colours=colours(["<PER>", "LOC"]),
        pieces=[
            {"text": "<i>", "label": "LOC", "mistake": "missed"},
            {"text": "&", "label": "", "mistake": ""},
        ],
    )


def test_values_stay_text(page):
    assert "<title>A &amp; &#34;&lt;b&gt;&#34;</title>" in page
    for value in ("&lt;gru&gt;", "&lt;x&gt;", "&lt;3&gt;", "&lt;PER&gt;", "&lt;i&gt;"):
        assert value in page
    assert "<dt>data</dt>" not in page, "nothing is said of it"
    assert '<time datetime="2026-11-27T01:02:00+00:00">2026-11-27 01:02 UTC</time>' in page
    assert '<mark class="t1 wrong">&lt;i&gt; <b dir="ltr">LOC</b> <i dir="ltr">✗ missed</i>' in page
    assert "if (1 < 2) {}" in page, "scripts are no values"


def test_the_policy_allows_nothing_but_what_is_in_the_page(page):
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src &#39;none&#39;; img-src data:;")
    from base64 import b64encode
    from hashlib import sha256

    [code] = re.findall(r"<script>(.*)</script>", page, re.DOTALL)
    assert b64encode(sha256(code.encode()).digest()).decode() in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)


def test_a_page_without_a_script_allows_none(tmp_path):
    (tmp_path / "a.html").write_text('{% extends "base.html" %}')
    made = render(tmp_path / "a.html", "t")
    assert "script-src &#39;none&#39;" in made and "<script" not in made


def test_the_scripts_of_pages_end_no_script():
    for path in HERE.glob("*.js"):
        assert "</script" not in script(path.name).lower() and "<!--" not in script(path.name)
    assert "<" not in STYLE


def test_types_have_a_colour_each_in_the_order_in_which_they_come():
    assert colours(["b", "a", "b"]) == {"b": "t0", "a": "t1"}
    many = colours(map(str, range(COLOURS + 1)))
    assert many["0"] == many[str(COLOURS)] and len(set(many.values())) == COLOURS


def test_shares_say_what_they_are_of():
    assert share(1, 8) == "12.5 % of 8" and share(0, 0) == "0 of 0"
    assert share(1500, 3000) == "50.0 % of 3,000"
    assert [shade(n, 10) for n in (0, 1, 10)] == ["", "h0", f"h{SHADES - 1}"]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/me/test.conll:3", "test.conll:3"),
        ("data/test.conll:3", "data/test.conll:3"),
        ("C:\\Users\\me\\test.conll:3", "test.conll:3"),
        ("wikiann/de: test, 3", "wikiann/de: test, 3"),
        (Path("/a/b"), "b"),
        ("", ""),
    ],
)
def test_a_page_says_nothing_of_the_machine(path, shown):
    assert local(path) == shown


def test_pictures_are_in_the_page(tmp_path):
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    assert data_uri(tmp_path / "a.svg") == "data:image/svg+xml;base64,PHN2Zy8+"


def test_a_value_that_a_template_lacks_is_an_error(tmp_path):
    (tmp_path / "a.html").write_text("{{ missing }}")
    with pytest.raises(Exception, match="missing"):
        environment(tmp_path).get_template("a.html").render()
