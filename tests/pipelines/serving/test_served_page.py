"""The page of a server: what it says without a browser, and how it works in one."""

import html as markup
import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from types import SimpleNamespace

import pytest

from pipelines.serving import page
from pipelines.serving.manifest import MANIFEST
from pipelines.serving.page import Shown, response

DESCRIBED = {
    "manifest": 1,
    "name": "<my> run",
    "model": {"layers": 2, "cell": "gru", "units": 8, "decoder": "crf"},
    "parameters": 1234,
    "labels": ["O", "B-PER", "I-PER", "B-<x>"],
    "scheme": "IOB2",
    "data": {"train": {"file": "train.conll"}, "dev": {}},
    "data_set": None,
    "started_from": "",
    "license": "CC-BY-4.0",
    "versions": {"keras": "3.15.1"},
    "created": "2026-11-27T01:02:03+00:00",
    "scores": {
        "test": {"f1": 0.5, "sentences": 1200, "intervals": {"level": 0.95, "f1": [0.4, 0.625]}}
    },
}


@pytest.fixture
def export(tmp_path):
    """The folder of a version that says this of itself."""
    (tmp_path / MANIFEST).write_text(json.dumps(DESCRIBED), "utf-8")
    return tmp_path


def test_the_page_has_the_card_of_the_model(export):
    text = response((Shown("my tagger", "3", export),)).body.decode()
    plain = re.sub(r"\s+", " ", markup.unescape(re.sub(r"<[^>]+>", " ", text.split("<main>")[1])))
    for part in ("<my> run", "2 × gru, 8 units, bidirectional, crf", "1,234",
                 "train: train.conll", "CC-BY-4.0", "test F1 50.00 40.0–62.5 1,200",
                 "O, B-PER, I-PER, B-<x>"):  # fmt: skip
        assert part in plain, part
    assert "v1/models/my%20tagger:predict" in text and "2026-11-27 01:02 UTC" in text
    colours = json.loads(markup.unescape(re.search('data-colours="([^"]*)"', text)[1]))
    assert colours == {"PER": "t0", "<x>": "t1"}
    assert str(export) not in text


def test_the_policy_lets_the_page_do_no_more_than_ask_its_server(export):
    answer = response((Shown("tagger", "1", export),))
    text, policy = answer.body.decode(), answer.headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    for name in ("style", "script"):
        [content] = re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert rules["connect-src"] == "'self'" and rules["frame-ancestors"] == "'none'"
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert not re.search(r"""\son\w+=|\sstyle=|https?://|\ssrc=""", text.partition("<script>")[0])


def test_an_export_of_before_gets_a_page_that_says_what_is_missing(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    assert "export the run again" in response((Shown("tagger", "1", tmp_path),)).body.decode()


@pytest.mark.parametrize(
    "damage",
    [{"created": None}, {"created": 5}, {"created": "2026-11-27"}, {"scores": {"test": [1]}},
     {"scores": {"test": {"f1": "0.5"}}}, {"scores": {"test": {"f1": 0.5, "intervals": {"f1": 1}}}},
     {"data": []}, {"model": {"cell": "gru"}}, {"parameters": "many"}, {"labels": "O"}],
)  # fmt: skip
def test_a_manifest_that_is_damaged_is_said(export, damage):
    (export / MANIFEST).write_text(json.dumps({**DESCRIBED, **damage}), "utf-8")
    (export / "saved_model.pb").touch()
    assert "export the run again" in page.html([Shown("tagger", "1", export)], "")


def test_several_models_can_be_chosen_from(export):
    text = page.html([Shown("one", "1", export), Shown("two", "2", export)], "")
    assert re.findall('<option value="([^"]+)"', text) == [
        "v1/models/one:predict", "v1/models/two:predict"]  # fmt: skip


@pytest.fixture(scope="module")
def url(start_for_module, exported):
    """The address of a server's page."""
    says = start_for_module("serve", exported, "--port", 0).stdout.readline()
    return says.split()[-1].partition("v1/")[0]


@pytest.mark.ci
@pytest.mark.browser
def test_typing_tags_a_text_by_the_keyboard_alone(browser, url):
    browser.open(url)
    browser.until("!document.getElementById('result').hidden")
    browser.evaluate("document.getElementById('text').select()")  # what Tab does at first
    browser.evaluate("document.getElementById('text').focus()")
    text = "😀 Peter Lind works in London. פטר ב־London, 日本 <b>R&D</b>"
    browser.type(text)
    tagged = "document.getElementById('tagged')"
    marks = browser.until(
        f"{tagged}.textContent.includes('R&D') && "
        f"[...{tagged}.querySelectorAll('mark')].map(m => m.firstChild.textContent)"
    )
    assert marks[:2] == ["Peter Lind", "London"], "places count code points"
    shown = browser.evaluate(
        f"[...{tagged}.childNodes].map(n => n.nodeType === 3 ? n.textContent : "
        "n.firstChild.textContent).join('')"
    )
    assert shown == text and browser.evaluate(f"{tagged}.querySelector('b') !== null")
    assert browser.evaluate(f"{tagged}.querySelectorAll('mark > b').length") == len(marks)
    assert browser.evaluate(f"{tagged}.querySelectorAll('b').length") == len(marks), "no markup"
    for _ in range(3):  # the button, the box, the first mark
        browser.press("Tab")
    detail = browser.evaluate("document.getElementById('detail').textContent")
    assert re.match(r"PER: at most \d+\.\d %\. Peter B-PER \d+\.\d %, Lind I-PER", detail)
    rows = browser.evaluate("document.getElementById('words').children.length")
    assert rows > 10  # a line for each word
    assert browser.problems == []


@pytest.mark.ci
@pytest.mark.browser
def test_alternatives_are_chosen_by_the_keyboard_or_the_mouse(browser, url):
    browser.open("about:blank")
    browser.open(url)
    browser.until("!document.getElementById('result').hidden")
    browser.evaluate("document.getElementById('text').select()")
    browser.type("Peter Lind works in London. It rained in Oslo!")
    browser.until("document.getElementById('tagged').textContent.includes('Oslo')")
    browser.evaluate("document.querySelector('#others summary').focus()")
    browser.press("Enter")
    count = "document.querySelectorAll('#choices input').length"
    assert browser.until(f"{count} === 10 && {count}") == 10  # of two sentences
    top = "getBoundingClientRect().top"
    frames = f"[...document.querySelectorAll('fieldset')].map(e => e.firstChild.{top} > e.{top})"
    assert set(browser.evaluate(frames)) == {True}, "a sentence stands on the edge of its frame"
    shown = "document.getElementById('tagged').textContent"
    best = browser.evaluate(shown)
    chances = browser.evaluate(
        "[...document.querySelectorAll('#choices .share')].map(e => parseFloat(e.textContent))"
    )
    assert chances[:5] == sorted(chances[:5], reverse=True) and sum(chances[:5]) <= 100.3
    browser.evaluate("document.getElementById('others-state').scrollIntoView()")
    browser.press("Tab")
    browser.press("ArrowDown")
    checked = "[...document.querySelectorAll('#choices input')].map(e => e.checked)"
    assert browser.evaluate(checked) == [n in (1, 5) for n in range(10)]
    other = browser.evaluate(shown)
    assert other != best and other.partition("It rained")[2] == best.partition("It rained")[2]
    browser.evaluate("document.querySelectorAll('#choices label')[0].click()")
    assert browser.evaluate(shown) == best
    body = browser.evaluate("document.getElementById('curl').textContent")
    assert '"alternatives":5' in body
    assert browser.problems == []


@pytest.mark.nightly
@pytest.mark.browser
def test_a_model_without_alternatives_says_so_and_still_tags(browser, start, exported, tmp_path):
    version = shutil.copytree(exported, tmp_path / "foreign") / "1"
    (version / "assets.extra" / "tagger.json").unlink()
    says = start("serve", version.parent, "--port", 0, "--no-grpc").stdout.readline()
    browser.open(says.split()[-1].partition("v1/")[0])
    browser.until("!document.getElementById('result').hidden")
    browser.evaluate("document.querySelector('#others summary').click()")
    said = "document.getElementById('others-state').textContent"
    assert "gives no alternatives" in browser.until(said)
    assert browser.evaluate("document.getElementById('tagged').textContent.includes('Merkel')")
    assert all("status of 400" in problem["text"] for problem in browser.problems)


@pytest.mark.ci
@pytest.mark.browser
def test_the_request_on_the_page_is_one_that_works(browser, url, tmp_path):
    browser.open("about:blank")
    browser.open(url)
    browser.evaluate("document.getElementById('text').select()")
    browser.type("It's Peter Lind")
    browser.until("document.getElementById('python').textContent.includes('Lind')")
    python = browser.evaluate("document.getElementById('python').textContent")
    done = subprocess.run([sys.executable, "-I", "-c", python], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("PER Peter Lind\n", "")
    curl = browser.evaluate("document.getElementById('curl').textContent")
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{curl}"
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True).stdout
    assert json.loads(said.splitlines()[1])["instances"] == ["It's Peter Lind"]


@pytest.mark.ci
@pytest.mark.browser
def test_the_page_fits_a_phone_and_follows_a_dark_screen(browser, url):
    browser.open("about:blank")
    browser.open(url, width=360, height=740, dark=True)
    browser.until("!document.getElementById('result').hidden")
    browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    colour = "getComputedStyle(document.body).backgroundColor"
    assert browser.evaluate(colour) == "rgb(22, 22, 22)"
    browser.open("about:blank")
    browser.open(url)
    assert browser.evaluate(colour) == "rgb(255, 255, 255)"
    assert browser.problems == []


class Served:
    """Models as `Models` shows them."""

    def __init__(self, **versions):
        self.versions = versions

    @property
    def names(self):
        return list(self.versions)

    def status(self, name):
        return self.versions[name]


def test_the_page_is_of_the_newest_version_that_is_there(export):
    def version(number, available):
        return SimpleNamespace(number=number, available=available, path=export)

    served = Served(tagger=[version(2, True), version(1, True)])
    answer = page.of(served)
    first = answer()
    assert b"<dt>version</dt><dd>2</dd>" in first.body and answer() is first
    served.versions["tagger"].insert(0, version(3, False))
    assert answer() is first, "3 is being loaded"
    served.versions["tagger"][0].available = True
    assert b"<dt>version</dt><dd>3</dd>" in answer().body
    served.versions.clear()
    assert b"no model" in answer().body


def test_a_model_whose_folder_is_gone_still_has_a_page(tmp_path):
    assert (
        b"what it says of itself cannot be read"
        in response((Shown("a", "1", tmp_path / "gone"),)).body
    )


@pytest.mark.nightly
@pytest.mark.parametrize(("given", "page"), [([], True), (["--no-page"], False)])
def test_the_page_can_be_switched_off(given, page, cli, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("pipelines.serving.server.serve", lambda *given: asked.append(given[1]))
    assert cli("serve", tmp_path, *given).status == 0
    assert [options.page for options in asked] == [page]
