"""The page of scores in a browser: search, links from a count to its sentences, dark and narrow."""

import pytest

from pipelines.scoring.analysis import analyse
from pipelines.scoring.page import html
from pipelines.scoring.report import cases
from pipelines.text.sentences import Sentence

pytestmark = [pytest.mark.ci, pytest.mark.browser]
TOKENS = [["Anna", "in", "Rome"], ["Bob", "at", "Acme"], ["Rome", "was", "wet"]]
GOLD = [["B-PER", "O", "B-LOC"], ["B-PER", "O", "B-ORG"], ["B-LOC", "O", "O"]]
PREDICTED = [["O", "O", "B-LOC"], ["O", "O", "B-PER"], ["B-LOC", "O", "O"]]
VISIBLE = """[...document.querySelectorAll('article')].filter(a => a.checkVisibility())
    .map(a => a.querySelector('.where').textContent.split(':')[1])"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    numbers = range(len(TOKENS))
    sentences = [Sentence(TOKENS[n], GOLD[n], f"a:{n}", []) for n in numbers]
    analysis = analyse(TOKENS, GOLD, PREDICTED, "IOB2")
    page = html(analysis, cases(sentences, GOLD, PREDICTED, "IOB2"), "t")
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page, "utf-8")
    return path.as_uri()


def test_a_count_leads_to_its_sentences_and_back(browser, url):
    browser.open(url)
    assert sorted(browser.evaluate(VISIBLE)) == ["0", "1"], "those without mistakes are folded"
    links = "[...document.querySelectorAll('a[href^=\"#m\"]')]"
    browser.evaluate(
        f"{links}.find(a => a.closest('tr').textContent.includes('PER missed')).click()"
    )
    found = browser.until("document.getElementById('found').textContent")
    assert found == "2 mistakes in 2 sentences" and sorted(browser.evaluate(VISIBLE)) == ["0", "1"]
    kind = "a.closest('tr').textContent.includes('ORG tagged as PER')"
    browser.evaluate(f"{links}.find(a => {kind}).click()")
    browser.until("document.getElementById('found').textContent.startsWith('1 mistake in 1')")
    assert browser.evaluate(VISIBLE) == ["1"]
    browser.evaluate("document.getElementById('all').click()")
    assert sorted(browser.evaluate(VISIBLE)) == ["0", "1"]
    assert browser.problems == []


def test_a_search_finds_sentences_with_all_its_words(browser, url):
    browser.open("about:blank")
    browser.open(url)
    browser.evaluate("document.getElementById('find').focus()")
    browser.type("ROME loc")
    browser.until("document.getElementById('found').textContent === '2 sentences'")
    assert sorted(browser.evaluate(VISIBLE)) == ["0", "2"], "the folded section is open"
    browser.type(" anna")
    browser.until("document.getElementById('found').textContent === '1 sentence'")
    assert browser.evaluate(VISIBLE) == ["0"]


def test_the_page_fits_a_phone(browser, url):
    browser.open("about:blank")
    browser.open(url, width=360, height=740, dark=True)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.problems == []
