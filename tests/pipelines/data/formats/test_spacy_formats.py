"""spaCy's formats: pairs, documents, and the binary one through spaCy where it is installed."""

import json
import sys
import zlib
from types import ModuleType, SimpleNamespace

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

HEAD = b"\x89\xa7version\xa30.1\xa5attrs\x92\x41\x43\xa6tokens\xc4\x00"  # as MessagePack


@pytest.fixture
def docbin(tmp_path):
    path = tmp_path / "some.bin"
    path.write_bytes(zlib.compress(HEAD))
    return str(path)


def write(tmp_path, value):
    path = tmp_path / "some.json"
    path.write_text(json.dumps(value), "utf-8")
    return str(path)


def sentences(reading):
    return [(sentence.tokens, sentence.tags) for sentence in reading.sentences]


def test_pairs_in_lines_and_of_the_first_version_are_read(tmp_path):
    pairs = [["In Rome", {"entities": [[3, 7, "LOC"]]}], ["In Rome", [[3, 7, "LOC"]]]]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(map(json.dumps, pairs)), "utf-8")
    reading = read(path)
    assert sentences(reading) == [(["In", "Rome"], ["O", "B-LOC"])] * 2
    assert [s.where for s in reading.sentences] == [f"{path}:1", f"{path}:2"]
    assert sentences(read(write(tmp_path, pairs))) == sentences(reading)


def test_pairs_with_groups_of_spans_only_are_errors(tmp_path):
    pairs = [["a", {"spans": {"sc": []}}], ["b", {"entities": []}]]
    [fault] = read(write(tmp_path, pairs)).faults
    assert "the pair has groups of spans and no 'entities'" in fault.message


def document(*tags):
    tokens = [{"orth": f"w{n}", **({"ner": tag} if tag else {})} for n, tag in enumerate(tags)]
    return {"id": 1, "paragraphs": [{"sentences": [{"tokens": tokens}]}]}


def test_sentences_of_which_entities_are_not_known_are_left_out_and_counted(tmp_path):
    documents = [document("O", "U-X"), document("O", "-"), document("O", None), document("B-X")]
    path = write(tmp_path, documents)
    reading = read(path)
    assert [s.tags for s in reading.sentences] == [["O", "U-X"], ["B-X"]]  # as they are written
    assert [s.document for s in reading.sentences] == [0, 3]
    [fault] = reading.faults
    assert (fault.where, fault.severity) == (f"{path}:record 2, sentence 1", "warning")
    assert "not every word says whether it is in an entity" in fault.message
    assert fault.message.endswith("as 2 are")
    assert sentences(read(write(tmp_path, documents[0]))) == [(["w0", "w1"], ["O", "U-X"])]


def test_without_spacy_its_binary_format_is_refused_in_one_line(docbin, monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(InputError, match="is spaCy's binary format, .* pip install spacy, or"):
        read(docbin)


class Document(SimpleNamespace):
    """A document of words with one space between; entities by their first and last word."""

    def __init__(self, text, entities, unknown=(), breaks=(0,), marked=True):
        words = text.split(" ")
        starts = [len(" ".join(words[:n])) + (n > 0) for n in range(len(words))]
        tokens = [
            SimpleNamespace(text=w, idx=at, is_space=w == "\n", ent_iob=0 if n in unknown else 2)
            for n, (w, at) in enumerate(zip(words, starts, strict=True))
        ]
        ents = [self.part(tokens, text, a, b, label_=label) for label, a, b in entities]
        ends = [*breaks[1:], len(words)]
        sents = [self.part(tokens, text, a, b) for a, b in zip(breaks, ends, strict=True)]
        whole = self.part(tokens, text, 0, len(words))
        super().__init__(ents=ents, sents=sents, whole=whole, marked=marked, spans={"sc": []})

    def part(self, tokens, text, start, end, **more):
        begin, stop = tokens[start].idx, tokens[end - 1].idx + len(tokens[end - 1].text)
        some = Part(tokens[start:end])
        some.__dict__.update(start=start, end=end, start_char=begin, end_char=stop,
                             text=text[begin:stop], **more)  # fmt: skip
        return some

    def has_annotation(self, name):
        return self.marked

    def __getitem__(self, key):
        return self.whole


class Part(list):
    """Tokens that lie together."""


@pytest.fixture
def spacy(monkeypatch):
    """A stand-in for spaCy, with the documents that a file is to hold."""
    documents = []

    class DocBin:
        def from_disk(self, path):
            if documents == ["damaged"]:
                raise ValueError("[E1014] no DocBin")
            return self

        def get_docs(self, vocab):
            return iter(documents)

    module = ModuleType("spacy")
    module.blank = lambda language: SimpleNamespace(vocab=None)
    module.tokens = ModuleType("spacy.tokens")
    module.tokens.DocBin = DocBin
    monkeypatch.setitem(sys.modules, "spacy", module)
    monkeypatch.setitem(sys.modules, "spacy.tokens", module.tokens)
    return documents


def test_documents_of_spacy_keep_their_sentences_words_and_entities(docbin, spacy):
    spacy += [
        Document("Anna Berg came . In \n New York", [("PER", 0, 2), ("LOC", 6, 8)], breaks=(0, 4)),
        Document("Rome . So", [("LOC", 0, 1)], marked=False),
    ]
    reading = read(docbin)
    assert sentences(reading) == [
        (["Anna", "Berg", "came", "."], ["B-PER", "I-PER", "O", "O"]),
        (["In", "New", "York"], ["O", "B-LOC", "I-LOC"]),
        (["Rome", ".", "So"], ["B-LOC", "O", "O"]),
    ]
    assert [s.document for s in reading.sentences] == [0, 0, 1]
    assert reading.how.format == "spaCy DocBin" and reading.faults == []


def test_words_that_do_not_say_whether_they_are_in_an_entity_are_no_o(docbin, spacy):
    spacy += [Document("a b . c d", [], unknown=(4,), breaks=(0, 3))]
    reading = read(docbin)
    assert sentences(reading) == [(["a", "b", "."], ["O", "O", "O"])]
    [fault] = reading.faults
    assert fault.severity == "warning" and "groups of spans: sc" in fault.message
    spacy[:] = [Document("a b", [], unknown=(0, 1))]
    [fault] = read(docbin).faults
    assert fault.severity == "error"


@pytest.mark.parametrize(("documents", "message"), [(["damaged"], "E1014"), ([], "without a doc")])
def test_what_spacy_cannot_read_is_one_line(documents, message, docbin, spacy):
    spacy += documents
    with pytest.raises(InputError, match=message):
        read(docbin)


def test_spacy_itself_reads_what_it_wrote(tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin, Span

    language = spacy.blank("en")
    text = language("Anna Berg came.")
    text.set_ents([Span(text, 0, 2, "PER")])
    DocBin(docs=[text]).to_disk(tmp_path / "some.spacy")
    expected = (["Anna", "Berg", "came", "."], ["B-PER", "I-PER", "O", "O"])
    assert sentences(read(tmp_path / "some.spacy")) == [expected]
