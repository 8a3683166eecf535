"""The report: every sentence is in it as it is, and every mistake is said once."""

import importlib
import re
import shutil
import sys
from html.parser import HTMLParser

import pytest

from pipelines.errors import InputError
from pipelines.scoring.analysis import analyse
from pipelines.scoring.page import html
from pipelines.scoring.report import COLUMNS, cases, errors, text
from pipelines.text.sentences import Sentence

TOKENS = [
    ["ok", "in", "Rome"],
    ["אנה", "ברג", "בתל", "אביב"],
    ["Anna", "Berg", "met", "<b>Bob</b>", "&", "Co", "in", "Tel", "Aviv"],
    ["{{", "title", "}}", "x" * 300],
]
GOLD = [
    ["O", "O", "B-LOC"],
    ["B-PER", "I-PER", "B-LOC", "I-LOC"],
    ["B-PER", "I-PER", "O", "B-PER", "O", "O", "O", "B-LOC", "I-LOC"],
    ["O", "O", "O", "B-<i>"],
]
PREDICTED = [
    ["O", "O", "B-LOC"],
    ["B-ORG", "I-ORG", "B-LOC", "I-LOC"],
    ["B-PER", "I-PER", "O", "O", "O", "B-ORG", "O", "B-LOC", "O"],
    ["O"] * 4,
]
SENTENCES = [Sentence(t, g, f"a:{n}", [n + i for i in range(len(t))])
             for n, t, g in zip((1, 31, 11, 51), TOKENS, GOLD, strict=True)]  # fmt: skip


class Page(HTMLParser):
    """Collects the elements of a page, and the rows of its sentences: (side, words, marks).

    A mark is [words, type, what is wrong, classes].
    """

    def __init__(self, page):
        super().__init__()
        self.elements, self.rows, self.open, self.mistakes = [], [], [], {}
        self.feed(page)
        self.close()
        assert self.open == []  # everything that was opened was closed

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in ("meta", "link", "input"):
            self.open.append(name)
        if "article" not in self.open:
            return
        if name == "article":
            self.numbers = dict(attributes).get("data-mistakes", "").split()
        if name == "dt":
            self.rows.append(["", "", []])
        if name == "mark":
            self.rows[-1][2].append(["", "", "", dict(attributes)["class"]])

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "article" not in self.open:
            return
        if self.open[-1] == "p":
            self.mistakes[data] = self.numbers
        elif "dt" in self.open:
            self.rows[-1][0] += data
        elif "b" in self.open or "i" in self.open:
            self.rows[-1][2][-1][1 if "b" in self.open else 2] += data
        elif "dd" in self.open:
            self.rows[-1][1] += data
            if "mark" in self.open:
                self.rows[-1][2][-1][0] += data


def made(tokens=TOKENS, gold=GOLD, predicted=PREDICTED, scheme="IOB2", sentences=SENTENCES):
    return analyse(tokens, gold, predicted, scheme), cases(sentences, gold, predicted, scheme)


@pytest.fixture(scope="module")
def page():
    return html(*made(), "runs/<my> & own", {"data": "test.conll"})


def test_the_page_has_every_sentence_with_its_entities_the_worst_first(page):
    rows = [
        (side, words.split(), [(text.strip(), label, wrong[2:]) for text, label, wrong, _ in m])
        for side, words, m in Page(page).rows
    ]
    right, hebrew, worst, braces = TOKENS
    assert rows == [
        ("gold", worst, [("Anna Berg", "PER", ""), ("<b>Bob</b>", "PER", "missed"),
                         ("Tel Aviv", "LOC", "boundary")]),
        ("predicted", worst, [("Anna Berg", "PER", ""), ("Co", "ORG", "spurious"),
                              ("Tel", "LOC", "boundary")]),
        ("gold", hebrew, [("אנה ברג", "PER", "type"), ("בתל אביב", "LOC", "")]),
        ("predicted", hebrew, [("אנה ברג", "ORG", "type"), ("בתל אביב", "LOC", "")]),
        ("gold", braces, [("x" * 300, "<i>", "missed")]),
        ("predicted", braces, []),
        ("both", right, [("Rome", "LOC", "")]),
    ]  # fmt: skip


def test_a_type_has_one_colour_and_what_is_wrong_another_edge(page):
    marks = [mark for _, _, found in Page(page).rows for mark in found]
    of_type = {label: {c.split()[0] for _, one, _, c in marks if one == label}
               for _, label, _, _ in marks}  # fmt: skip
    assert of_type == {"<i>": {"t0"}, "LOC": {"t1"}, "ORG": {"t2"}, "PER": {"t3"}}
    assert all(("wrong" in classes) == bool(wrong) for _, _, wrong, classes in marks)


def test_every_number_of_mistakes_leads_to_its_sentences(page):
    analysed = made()[0].mistakes
    of_sentences = Page(page).mistakes
    assert set(of_sentences) == {"a:11: 3 mistakes", "a:31: 1 mistake", "a:51: 1 mistake", "a:1"}
    kinds = {where: {analysed[int(n)].kind for n in found} for where, found in of_sentences.items()}
    assert kinds["a:11: 3 mistakes"] == {"missed", "spurious", "boundary"}
    assert kinds["a:31: 1 mistake"] == {"type"} and not kinds["a:1"]
    elements = Page(page).elements
    targets = [found["id"] for _, found in elements if found.get("id", "").startswith("m")]
    links = {found["href"] for name, found in elements if name == "a" and "href" in found}
    assert sorted(targets) == [f"m{n}" for n in range(len(analysed))], "each leads to its first"
    assert {f"#{target}" for target in targets} <= links


def test_the_page_needs_nothing_else(page):
    names = {name for name, _ in Page(page).elements}
    assert names.isdisjoint({"img", "iframe", "object"})
    attributes = {key for _, found in Page(page).elements for key in found}
    assert attributes.isdisjoint({"src", "style"}) and not {a for a in attributes if a[:2] == "on"}
    assert not re.search(r"url\(|@import|https?:", page)


def test_the_page_says_what_was_scored_and_nothing_of_the_machine():
    [sentence] = [SENTENCES[0]._replace(where="/home/me/test.conll:1")]
    analysis = analyse(TOKENS[:1], GOLD[:1], PREDICTED[:1], "IOB2")
    shown = cases([sentence], GOLD[:1], PREDICTED[:1], "IOB2")
    made_page = html(analysis, shown, "t", {"data": "test.conll"})
    assert "<dt>data</dt><dd>test.conll</dd>" in made_page and "<dt>created</dt>" in made_page
    assert "test.conll:1" in made_page and "/home" not in made_page


def test_the_page_runs_in_the_direction_of_each_sentence_and_follows_dark_screens(page):
    directions = {found.get("dir") for name, found in Page(page).elements if name == "dd"}
    assert directions == {"auto", None}  # None: those of the head
    assert "prefers-color-scheme: dark" in page
    assert "overflow-wrap: anywhere" in page


def test_the_page_shows_the_scores_and_the_mistakes(page):
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<body>")[2]))
    assert "runs/&lt;my&gt; &amp; own" in plain
    assert "micro average 7 6 3 50.00 42.86 46.15" in plain
    assert "spurious 1 predicted 0 3 2 1" in plain, "the last rows of the matrix"
    assert "1 PER missed" in plain and "1 PER tagged as ORG" in plain
    assert "3 sentences with mistakes" in plain and "1 sentence without mistakes" in plain


def test_tags_that_spell_no_entities_are_marked_where_they_are_wrong():
    tags = [["X", "Y", "Z"]], [["X", "W", "Z"]]
    sentence = Sentence(["a", "b", "c"], tags[0][0], "a:1", [1, 2, 3])
    page = html(*made([sentence.tokens], *tags, None, [sentence]), "t")
    assert ">missed<" not in page and ">spurious<" not in page, "a tag is always another tag"
    rows = Page(page).rows
    assert [[mark[:3] for mark in row[2]] for row in rows] == [
        [["b  ", "Y", "✗ tag"]], [["b  ", "W", "✗ tag"]]]  # fmt: skip


def test_the_text_has_the_scores_the_mistakes_and_the_worst_sentences():
    found = text(*made(), "my run")
    assert "micro average" in found and "PER tagged as ORG" in found
    assert (
        "a:11: 3 mistakes\n"
        "  gold:      [PER Anna Berg] met [PER <b>Bob</b>] & Co in [LOC Tel Aviv]\n"
        "  predicted: [PER Anna Berg] met <b>Bob</b> & [ORG Co] in [LOC Tel] Aviv\n"
    ) in found
    assert "a:1:" not in found  # without a mistake


def test_the_table_of_mistakes_has_a_line_for_each_with_its_place():
    heading, *lines = (line.split("\t") for line in errors(made()[1]).splitlines())
    assert heading == list(COLUMNS)
    assert [line[:-1] for line in lines] == [
        ["a:14", "missed", "PER", "", "<b>Bob</b>", ""],
        ["a:16", "spurious", "", "ORG", "", "Co"],
        ["a:18", "boundary", "LOC", "LOC", "Tel Aviv", "Tel"],
        ["a:31", "type", "PER", "ORG", "אנה ברג", "אנה ברג"],
        ["a:54", "missed", "<i>", "", "x" * 300, ""],
    ]
    assert {line[-1] for line in lines} == {" ".join(tokens) for tokens in TOKENS[1:]}


def test_a_page_without_jinja2_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pip install 'keras-lstm-variants\[report\]'"):
        html(*made(), "t")


@pytest.mark.ci
@pytest.mark.parametrize("installed", [True, False])
def test_an_evaluation_leaves_everything_in_the_run_folder(
    installed, trained, tmp_path, cli, monkeypatch
):
    run = shutil.copytree(trained, tmp_path / "run")
    before = {path.name for path in run.iterdir()}
    if not installed:
        module = importlib.import_module("pipelines.evaluation.evaluator")
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    outcome = cli("evaluate", run, "--split", "dev")
    assert outcome.status == 0
    added = {path.name for path in run.iterdir()} - before
    page = {"report.dev.html"} if installed else set()
    assert added == page | {
        "scores.dev.json", "predictions.dev.conll", "errors.dev.tsv", "report.dev.txt"}  # fmt: skip
    assert outcome.err == (
        f"page: {run}/report.dev.html\n" if installed
        else "no page: pip install 'keras-lstm-variants[report]'\n"
    )  # fmt: skip
    assert outcome.out.splitlines()[3].split() in [
        line.split() for line in (run / "report.dev.txt").read_text().splitlines()]  # fmt: skip
    scored = cli("data", "score", run / "predictions.dev.conll", "--json")
    assert '"f1"' in scored.out
    assert scored.out.split('"seen"')[0] == (run / "scores.dev.json").read_text().split('"seen"')[0]
