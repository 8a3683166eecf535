"""Formats in JSON: each is known by what it holds, read right, or refused in one line."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.data.converter import convert
from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

LINES, VALUE = "lines", "value"  # how records are written: one per line, or the value as it is

# What each format makes of two texts: three entities of two types, one of two words.
FIRST, SECOND = "Anna Berg met Bo.", "In Rome"
EXPECTED = [
    (["Anna", "Berg", "met", "Bo", "."], ["B-PER", "I-PER", "O", "B-PER", "O"]),
    (["In", "Rome"], ["O", "B-LOC"]),
]


def region(start, end, text, label):
    return {"start": start, "end": end, "text": text, "labels": [label]}


def result(*of_region, kind="labels"):
    return {"value": region(*of_region), "type": kind, "from_name": "label", "to_name": "text"}


def point(start, end, text, label):
    return {"label": [label], "points": [{"start": start, "end": end, "text": text}]}


def annotation(offset, length, text, label):
    location = {"offset": offset, "length": length}
    return {"infons": {"type": label}, "text": text, "locations": [location]}


def denotation(begin, end, label):
    return {"id": "T1", "span": {"begin": begin, "end": end}, "obj": label}


def segment(start, end, label):
    return {"startOffset": start, "endOffset": end, "displayName": label}


def extraction(start, end, label):
    offsets = {"start_offset": start, "end_offset": end}
    return {"text_extraction": {"text_segment": offsets}, "display_name": label}


def entity(start, end, label, keys=("start", "end", "label")):
    return dict(zip(keys, (start, end, label), strict=True))


def tokens(*words):
    found, start = [], 0
    for number, word in enumerate(words):
        found.append({"text": word, "start": start, "end": start + len(word), "id": number})
        start += len(word) + (word not in ("Bo", "\n"))
    return found


def span(start, end, first, last, label):
    return {**entity(start, end, label), "token_start": first, "token_end": last}


def paragraph(*pairs):
    some = [{"id": n, "orth": orth, "ner": tag} for n, (orth, tag) in enumerate(pairs)]
    return {"raw": "", "sentences": [{"tokens": some, "brackets": []}]}


DOCCANO = ("start_offset", "end_offset", "label")
FORMATS = {
    "doccano JSONL": (
        "JSON of labelled texts",
        LINES,
        [{"id": 1, "text": FIRST, "label": [[0, 9, "PER"], [14, 16, "PER"]], "Comments": []},
         {"id": 2, "text": SECOND, "label": [[3, 7, "LOC"]]}],
    ),
    "doccano with relations": (
        "JSON of labelled texts",
        LINES,
        [{"id": 1, "text": FIRST, "relations": [{"id": 0, "from_id": 1, "to_id": 2, "type": "met"}],
          "entities": [{"id": 1, **entity(0, 9, "PER", DOCCANO)}, entity(14, 16, "PER", DOCCANO)]},
         {"id": 2, "text": SECOND, "relations": [], "entities": [entity(3, 7, "LOC", DOCCANO)]}],
    ),
    "LightTag": (
        "JSON of labelled texts",
        VALUE,
        {"examples": [
            {"content": FIRST, "annotations": [
                {"start": 0, "end": 9, "tag": "PER", "value": "Anna Berg"},
                {"start": 14, "end": 16, "tag": "PER", "value": "Bo"}]},
            {"content": SECOND, "annotations": [
                {"start": 3, "end": 7, "tag": "LOC", "value": "Rome"}]}]},
    ),
    "UBIAI": (
        "JSON of labelled texts",
        VALUE,
        [{"documentName": "a", "document": text, "tokens": tokens(*text.split()), "annotation": [
            {"id": 1, "start": start, "end": end, "text": text[start:end], "label": label}
            for start, end, label in found]}
         for text, found in ((FIRST, [(0, 9, "PER"), (14, 16, "PER")]), (SECOND, [(3, 7, "LOC")]))],
    ),
    "spaCy's to_json": (
        "JSON of labelled texts",
        LINES,
        [{"text": FIRST, "tokens": [{"id": 0, "start": 0, "end": 4}], "sents": [], "ents": [
            entity(0, 9, "PER"), entity(14, 16, "PER")]},
         {"text": SECOND, "tokens": [{"id": 0, "start": 0, "end": 2}], "ents": [
             entity(3, 7, "LOC")]}],
    ),
    "Label Studio": (
        "Label Studio JSON",
        VALUE,
        [{"id": 1, "data": {"text": FIRST}, "predictions": [], "annotations": [
            {"was_cancelled": False, "result": [
                result(0, 9, "Anna Berg", "PER"), result(14, 16, "Bo", "PER"),
                {"type": "relation", "from_id": "a", "to_id": "b"}]}]},
         {"id": 2, "data": {"text": SECOND}, "annotations": [
             {"result": [result(3, 7, "Rome", "LOC")]}]}],
    ),
    "Label Studio JSON-MIN": (
        "Label Studio JSON",
        VALUE,
        [{"id": 1, "review": FIRST, "created_at": "2024", "label": [
            region(0, 9, "Anna Berg", "PER"), region(14, 16, "Bo", "PER")]},
         {"id": 2, "review": SECOND, "created_at": "2024", "label": [
             region(3, 7, "Rome", "LOC")]}],
    ),
    "Prodigy": (
        "Prodigy",
        LINES,
        [{"text": FIRST, "tokens": tokens("Anna", "Berg", "met", "Bo", "."), "answer": "accept",
          "spans": [span(0, 9, 0, 1, "PER"), span(14, 16, 3, 3, "PER")]},
         {"text": SECOND, "tokens": tokens("In", "Rome"), "answer": "accept",
          "spans": [span(3, 7, 1, 1, "LOC")]}],
    ),
    "spaCy pairs": (
        "spaCy JSON",
        VALUE,
        [[FIRST, {"entities": [[0, 9, "PER"], [14, 16, "PER"]]}],
         [SECOND, {"entities": [[3, 7, "LOC"]]}]],
    ),
    "spaCy pairs of an annotator": (
        "spaCy JSON",
        VALUE,
        {"classes": ["PER", "LOC"], "annotations": [
            [FIRST, {"entities": [[0, 9, "PER"], [14, 16, "PER"]]}], None,
            [SECOND, {"entities": [[3, 7, "LOC"]]}]]},
    ),
    "spaCy documents": (
        "spaCy JSON",
        VALUE,
        [{"id": 0, "paragraphs": [
            paragraph(("Anna", "B-PER"), ("Berg", "L-PER"), ("met", "O"), ("Bo", "U-PER"),
                      (".", "O"), ("\n", "O")),
            paragraph(("In", "O"), ("Rome", "U-LOC"))]}],
    ),
    "Dataturks": (
        "Dataturks",
        LINES,
        [{"content": FIRST, "extras": None, "annotation": [
            point(0, 8, "Anna Berg", "PER"), point(14, 15, "Bo", "PER")]},
         {"content": SECOND, "annotation": [point(3, 6, "Rome", "LOC")]}],
    ),
    "BioC": (
        "BioC JSON",
        VALUE,
        {"source": "some", "documents": [
            {"id": "7", "passages": [
                {"offset": 0, "text": FIRST, "annotations": [
                    annotation(0, 9, "Anna Berg", "PER"), annotation(14, 2, "Bo", "PER")]},
                {"offset": 18, "text": SECOND, "annotations": [
                    annotation(21, 4, "Rome", "LOC")]}]}]},
    ),
    "PubAnnotation": (
        "PubAnnotation JSON",
        VALUE,
        [{"text": FIRST, "denotations": [denotation(0, 9, "PER"), denotation(14, 16, "PER")]},
         {"text": SECOND, "denotations": [denotation(3, 7, "LOC")]}],
    ),
    "CLUENER": (
        "CLUENER",
        LINES,
        [{"text": FIRST, "label": {"PER": {"Anna Berg": [[0, 8]], "Bo": [[14, 15]]}}},
         {"text": SECOND, "label": {"LOC": {"Rome": [[3, 6]]}}}],
    ),
    "Vertex": (
        "Vertex AI JSON lines",
        LINES,
        [{"textContent": FIRST, "textSegmentAnnotations": [
            {"endOffset": 9, "displayName": "PER"}, segment("14", "16", "PER")]},
         {"textContent": SECOND, "textSegmentAnnotations": [segment(3, 7, "LOC")]}],
    ),
    "AutoML": (
        "Vertex AI JSON lines",
        LINES,
        [{"text_snippet": {"content": FIRST}, "annotations": [
            extraction(0, 9, "PER"), extraction(14, 16, "PER")]},
         {"text_snippet": {"content": SECOND}, "annotations": [extraction(3, 7, "LOC")]}],
    ),
    "Ground Truth": (
        "SageMaker Ground Truth manifest",
        LINES,
        [{"source": FIRST, "job-metadata": {"type": "x"}, "job": {"annotations": {"entities": [
            entity(0, 9, "PER", ("startOffset", "endOffset", "label")),
            entity(14, 16, "PER", ("startOffset", "endOffset", "label"))], "labels": []}}},
         {"source": SECOND, "job": {"annotations": {"entities": [
             entity(3, 7, "LOC", ("startOffset", "endOffset", "label"))]}}}],
    ),
    "Rasa": (
        "Rasa JSON",
        VALUE,
        {"rasa_nlu_data": {"common_examples": [
            {"text": FIRST, "intent": "met", "entities": [
                entity(0, 9, "PER", ("start", "end", "entity")),
                {**entity(14, 16, "PER", ("start", "end", "entity")), "value": "synonym"}]},
            {"text": SECOND, "entities": [entity(3, 7, "LOC", ("start", "end", "entity"))]}]}},
    ),
    "GLiNER": (
        "tokens with spans",
        VALUE,
        [{"tokenized_text": EXPECTED[0][0], "ner": [[0, 1, "PER"], [3, 3, "PER"]]},
         {"tokenized_text": EXPECTED[1][0], "ner": [[1, 1, "LOC"]]}],
    ),
    "SpERT": (
        "tokens with spans",
        VALUE,
        [{"tokens": EXPECTED[0][0], "relations": [], "orig_id": 1, "entities": [
            {"type": "PER", "start": 0, "end": 2}, {"type": "PER", "start": 3, "end": 4}]},
         {"tokens": EXPECTED[1][0], "entities": [{"type": "LOC", "start": 1, "end": 2}]}],
    ),
    "Hugging Face array": (
        "Hugging Face JSON",
        VALUE,
        [{"tokens": words, "ner_tags": tags} for words, tags in EXPECTED],
    ),
    "Hugging Face columns": (
        "Hugging Face JSON",
        VALUE,
        {"tokens": [words for words, _ in EXPECTED], "tags": [tags for _, tags in EXPECTED]},
    ),
    "Hugging Face rows": (
        "Hugging Face JSON",
        VALUE,
        {"features": [
            {"feature_idx": 0, "name": "tokens", "type": {"feature": {"dtype": "string"}}},
            {"feature_idx": 1, "name": "ner_tags", "type": {"_type": "Sequence", "feature": {
                "names": ["O", "B-PER", "I-PER", "B-LOC"], "_type": "ClassLabel"}}}],
         "num_rows_total": 2,
         "rows": [
            {"row_idx": 0, "truncated_cells": [], "row": {
                "tokens": EXPECTED[0][0], "ner_tags": [1, 2, 0, 1, 0]}},
            {"row_idx": 1, "truncated_cells": [], "row": {
                "tokens": EXPECTED[1][0], "ner_tags": [0, 3]}}]},
    ),
}  # fmt: skip


def written(layout, value, **style):
    """A file's content."""
    if layout == LINES:
        return "".join(json.dumps(record, **style) + "\n" for record in value)
    return json.dumps(value, **style)


@pytest.fixture
def file(tmp_path):
    """Writes a file and gives its path."""

    def write(content, name="some.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def sentences(reading):
    return [(sentence.tokens, sentence.tags) for sentence in reading.sentences]


def in_iob2(reading):
    """Sentences whose BILUO tags, if they have such, are written as the other formats' are."""
    swap = {"L-": "I-", "U-": "B-"}
    return [(w, [swap.get(t[:2], t[:2]) + t[2:] for t in tags]) for w, tags in sentences(reading)]


@pytest.mark.parametrize("name", ["some.json", "some.txt"])
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_known_by_what_it_holds_and_read_right(format, name, file):
    expected, layout, value = FORMATS[format]
    reading = read(file(written(layout, value), name))
    assert in_iob2(reading) == EXPECTED
    assert reading.how.format == expected
    assert reading.faults == []


@pytest.mark.parametrize("format", [f for f, (_, layout, _) in FORMATS.items() if layout == LINES])
def test_lines_may_be_an_array_and_an_array_of_objects_may_be_pretty_printed(format, file):
    _, _, value = FORMATS[format]
    assert in_iob2(read(file(json.dumps(value, indent=2), "some.txt"))) == EXPECTED


@pytest.mark.parametrize("format", FORMATS)
def test_pretty_printed_files_are_the_same(format, file):
    _, layout, value = FORMATS[format]
    if layout == VALUE:
        reading = read(file(json.dumps(value, indent=2), "some.txt"))
        assert in_iob2(reading) == EXPECTED and reading.faults == []


@pytest.mark.parametrize("target", ["out.conll", "out.jsonl"])
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_converts_and_comes_back(format, target, file, tmp_path):
    expected, layout, value = FORMATS[format]
    source = file(written(layout, value))
    done = convert(source, tmp_path / target, "IOB2")
    assert done.sentences == 2 and done.source[1] == expected
    assert sentences(read(tmp_path / target)) == EXPECTED


@pytest.mark.parametrize("name", ["some.json", "some.txt"])
@pytest.mark.parametrize("format", [f for f, (_, layout, _) in FORMATS.items() if layout == VALUE])
def test_a_file_that_was_cut_off_is_refused_in_one_line(format, name, file):
    content = json.dumps(FORMATS[format][2], indent=1)
    for part in (0.3, 0.6, 0.95):
        path = file(content[: int(len(content) * part)], name)
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}:") and "\n" not in str(caught.value)
        assert "is not JSON from column" in str(caught.value) or "cut off" in str(caught.value)


TWICE = '{"tokens": ["Bo"], "tags": ["B-PER"], "tags": ["O"]}'
ONCE = '{"tokens": ["Bo"], "tags": ["B-PER"]}'


@pytest.mark.parametrize("name", ["some.jsonl", "some.txt"])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (TWICE, ""),
        (f"{ONCE}\n\n{TWICE}\n", ":3"),
        ("\n".join([ONCE] * 150 + [TWICE]), ":151"),
        (f"[{ONCE}, {TWICE}]", ""),
        (f'{{"data": [{ONCE}, {TWICE}]}}', ""),
    ],
    ids=["only", "third", "late", "array", "object"],
)
def test_a_key_that_comes_twice_is_refused_at_its_place(content, line, name, file):
    path = file(content, name)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value) == f"{path}{line}: the key 'tags' comes twice in one object; leave one"


@pytest.mark.parametrize("format", [f for f, (_, layout, _) in FORMATS.items() if layout == LINES])
def test_a_line_that_was_cut_off_is_an_error_at_its_place(format, file):
    content = written(*FORMATS[format][1:])
    path = file(content[:-10])
    reading = read(path)
    assert sentences(reading) == EXPECTED[:1]
    [fault] = reading.faults
    assert (fault.where, fault.severity) == (f"{path}:2", "error")


def changed(value, old, new):
    """A copy in which a JSON text is another one."""
    text = json.dumps(value)
    assert old in text, (old, text)
    return json.loads(text.replace(old, new, 1))


DAMAGED = [
    ("doccano JSONL", '[3, 7, "LOC"]', '[3, 70, "LOC"]', "'LOC', 3 to 70, is not in the text"),
    ("doccano JSONL", '[3, 7, "LOC"]', '[3, 7, 5]', "the type of a label is 5, not a string"),
    ("doccano JSONL", '[3, 7, "LOC"]', '["3.5", 7, "LOC"]', "the start of a label is '3.5'"),
    ("doccano JSONL", '"text": "In Rome"', '"txt": "In Rome"', "no 'text' with a list"),
    ("doccano with relations", '"end_offset": 7', '"e": 7', "a label has no key 'end'"),
    ("LightTag", '"value": "Rome"', '"text": "Bonn"', "covers 'Rome', but 'Bonn' is written"),
    ("Label Studio", '"text": "Rome"', '"text": "Bonn"', "covers 'Rome', but 'Bonn' is written"),
    ("Label Studio", '"end": 7', '"end": 99', "3 to 99, is not in the text, which has 7"),
    ("Label Studio", '"labels": ["LOC"]', '"labels": []', "a region has no label"),
    ("Label Studio", '"labels": ["LOC"]', '"labels": "LOC"', "'labels' is 'LOC', not a list"),
    ("Label Studio", '{"text": "In Rome"}', "{}", "the data of the task has no key 'text'"),
    ("Label Studio JSON-MIN", '"end": 7', '"end": null', "the end of a label is None"),
    ("Label Studio JSON-MIN", '"review": "In Rome"', '"r": 1', "has no key 'review'"),
    ("Prodigy", '"start": 3, "end": 7, "id"', '"start": 2, "end": 7, "id"',
     "the token 'Rome' should be at 2 to 7, where the text has ' Rome'"),
    ("Prodigy", '"token_start": 1', '"token_start": 0', "but its tokens, 0 to 1, are at 0 to 7"),
    ("Prodigy", '"text": "In Rome"', '"text": null', "'text' is None, not a string"),
    ("spaCy pairs", '[3, 7, "LOC"]', '[3, 9, "LOC"]', "is not in the text"),
    ("spaCy pairs", '[3, 7, "LOC"]', '[3, 7]', "an entity is [3, 7], not a start, an end"),
    ("spaCy pairs", '"In Rome", {"entities"', '"In Rome", {"ents"', "is no pair of a text and"),
    ("spaCy documents", '"orth": "Rome"', '"o": "Rome"', "a token has no key 'orth'"),
    ("spaCy documents", '"ner": "U-LOC"', '"ner": 4', "'ner' is 4, not a string"),
    ("Dataturks", '"text": "Rome"', '"text": "Bonn"', "covers 'Rome', but 'Bonn' is written"),
    ("Dataturks", '["LOC"]', "[]", "an annotation has no label"),
    ("Dataturks", '"start": 3, ', "", "a point has no key 'start'"),
    ("BioC", '"offset": 18, ', "", "a passage has no key 'offset'"),
    ("BioC", '"offset": 21', '"offset": 20', "covers ' Rom', but 'Rome' is written"),
    ("BioC", '"offset": 21', '"offset": 2', "'LOC', -16 to -12, is not in the text"),
    ("BioC", '{"type": "LOC"}', "{}", "an annotation has no type among its infons"),
    ("PubAnnotation", '"end": 7', '"end": 8', "is not in the text"),
    ("PubAnnotation", '"end": 7', '"end": "7"', "'end' is '7', not a whole number"),
    ("PubAnnotation", '"obj": "LOC"', '"o": 1', "a denotation has no key 'obj'"),
    ("CLUENER", "[[3, 6]]", "[[3]]", "the place of 'Rome' is [3], not two numbers"),
    ("CLUENER", "[[3, 6]]", "[[3, 5]]", "covers 'Rom', but 'Rome' is written for it"),
    ("CLUENER", "[[3, 6]]", "3", "'Rome' is 3, not a list"),
    ("Vertex", '"endOffset": 7, ', "", "a segment has no key 'endOffset'"),
    ("Vertex", '"textContent": "In Rome"', '"textGcsUri": "gs://a"', "its text is elsewhere"),
    ("AutoML", '"end_offset": 7', '"end_offset": 77', "is not in the text"),
    ("Ground Truth", '"endOffset": 7', '"endOffset": 0', "covers nothing"),
    ("Ground Truth", '"source": "In Rome"', '"source-ref": "s3://a"', "its text is elsewhere"),
    ("Rasa", '"end": 7', '"end": 70', "is not in the text"),
    ("Rasa", '"text": "In Rome"', '"t": "In Rome"', "the example has no key 'text'"),
    ("GLiNER", '[1, 1, "LOC"]', '[1, 2, "LOC"]', "has tokens 1 to 2; there are those from 0 to 1"),
    ("GLiNER", '[1, 1, "LOC"]', '[1, 1, 0]', "an entity is [1, 1, 0], not its first and last"),
    ("GLiNER", '"Rome"', '7', "the tokens are ['In', 7], not a list of words"),
    ("SpERT", '"start": 1, "end": 2', '"start": 1, "end": 1', "has tokens 1 to 0"),
    ("SpERT", '"type": "LOC", ', '', "an entity has no key 'type'"),
    ("Hugging Face array", '["O", "B-LOC"]', '["O"]', "2 tokens and 1 tags"),
    ("Hugging Face array", '["O", "B-LOC"]', '["O", 3]', "is not a list of strings"),
    ("Hugging Face columns", '["O", "B-LOC"]', '["O"]', "2 tokens and 1 tags"),
    ("Hugging Face rows", "[0, 3]", "[0, 4]", "the tag 4 is none of the 4 that have names"),
    ("Hugging Face rows", "[0, 3]", "[-100, 3]", "the tag -100 marks pieces of words"),
]  # fmt: skip


@pytest.mark.parametrize(("format", "old", "new", "message"), DAMAGED)
def test_what_is_damaged_is_an_error_at_its_place(format, old, new, message, file):
    _, layout, value = FORMATS[format]
    reading = read(file(written(layout, changed(value, old, new))))
    [fault] = reading.faults
    assert fault.severity == "error" and message in fault.message, fault
    assert "left out" in fault.message and "\n" not in fault.message
    assert "record 2" in fault.where or fault.where[-1] in "27" or format in ("Rasa", "BioC")


def test_a_token_of_a_span_that_is_not_there_is_an_error(file):
    _, layout, value = FORMATS["Prodigy"]
    value = changed(value, '"token_start": 1, "token_end": 1', '"token_start": 1, "token_end": 9')
    [fault] = read(file(written(layout, value))).faults
    assert "has tokens 1 to 9 of 2" in fault.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a", "label": ["pos"]}\n{"text": "b", "label": ["neg"]}',
         "its labels, 'pos' first, are of whole texts (classification)"),
        ('{"text": "a", "label": "pos"}', "JSON of texts without labels of parts of them"),
        ('{"Entities": [], "File": "a.txt", "Line": 0}', "is output of Amazon Comprehend"),
        ('{"train": [{"tokens": [], "tags": []}], "test": [{"tokens": ["a"], "tags": ["O"]}]}',
         "holds several lists of records, 'train', 'test': write each into a file of its own"),
        ('{"projectFileVersion": "1", "assets": {"documents": [{"location": "a"}]}}', "is labels "
         "of Azure AI Language, which has no texts that can be read: join it with the files"),
        ('{"images": [{"id": 1}], "annotations": [{"id": 1}]}', "they have 'images' or 'annotat"),
        ('{"text": "a b", "entities": [{"entity": "B-X", "start": 0, "end": 1}, {"entity": "I-X", '
         '"start": 2, "end": 3}]}', "the type 'B-X' is the tag of a word, as all types are"),
        ("[]", "JSON without an object to a sentence"),
        ("[1, 2]", "JSON without an object to a sentence"),
        ("{}", "no key 'tokens' or 'words' in its objects; they have none"),
        ('{"tokens": [["a"], ["b"]], "tags": [["O"]]}', "2 lists of words, and 1 in 'tags'"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"a": 1}', "the JSON is cut off here"),
        ('[{"a": 1}\n, b]', ":2: is not JSON from column 3 on"),
        ('{"tokens": ["a"], "tags": [3]}', "tags in 'tags' are numbers, 3 first, without names"),
        ('[{"data": {"text": "a"}, "annotations": [{"result": [{"type": "hypertextlabels", '
         '"value": {"start": "/p[1]"}}]}]}]', "Label Studio's 'hypertextlabels' label no plain"),
        ('[{"id": 1, "data": {"text": "a"}, "annotations": []}]', "1 tasks without annotation"),
        ('{"text": "a", "spans": [], "answer": "reject"}', "holds 1 examples answered 'reject'"),
        ('{"rasa_nlu_data": {}}', "has no key 'common_examples'"),
    ],
)  # fmt: skip
def test_other_json_is_refused_in_one_line(content, message, file):
    path = file(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(path) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize(
    "content",
    ["[ O\nRome B-LOC\n] O\n", '{ O\n" O\nRome B-LOC\n', "[\tO\n", "[ [ O\nRome R B-LOC\n"],
)
def test_brackets_at_the_beginning_make_no_json_of_columns(content, file):
    assert read(file(content, "some.conll")).how.format == "CoNLL columns"


def test_records_may_be_in_an_object(file):
    value = {"version": 1, "data": [{"tokens": w, "tags": t} for w, t in EXPECTED]}
    for style in ({}, {"indent": 1}):
        reading = read(file(json.dumps(value, **style)))
        assert sentences(reading) == EXPECTED
        assert reading.sentences[1].where.endswith(":record 2")


def test_texts_of_several_lines_are_documents(file):
    text = "Anna came. She left.\nThen Bo came."
    content = json.dumps({"text": text, "label": [[0, 4, "PER"], [26, 28, "PER"]]})
    reading = read(file(content + "\n" + json.dumps({"text": "One", "label": []})))
    assert [len(s.tokens) for s in reading.sentences] == [3, 3, 4, 1]
    assert [s.document for s in reading.sentences] == [0, 0, 0, 1]


def test_offsets_in_other_units_are_found_in_a_file(file):
    text = "😀 Anna"
    content = json.dumps([{"content": text, "annotations": [
        {"start": 3, "end": 7, "tag": "PER", "value": "Anna"}]}])  # fmt: skip
    reading = read(file(content))
    assert sentences(reading) == [(["😀", "Anna"], ["O", "B-PER"])]
    [fault] = reading.faults
    assert "offsets in UTF-16 units" in fault.message and fault.severity == "warning"


def test_a_synonym_is_not_what_a_label_covers(file):
    one = {"text": SECOND, "entities": [{"start": 3, "end": 7, "entity": "LOC", "value": "Roma"}]}
    reading = read(file(json.dumps(one)))
    assert sentences(reading) == [EXPECTED[1]] and reading.faults == []


def test_of_several_jobs_of_ground_truth_one_is_to_be_named(file):
    keys = ("startOffset", "endOffset", "label")
    jobs = {
        name: {"annotations": {"entities": [entity(*place, keys)]}}
        for name, place in (("a", (3, 7, "LOC")), ("b", (0, 2, "X")))
    }
    path = file(json.dumps({"source": SECOND, **jobs}))
    [fault] = read(path).faults
    assert "2 jobs labelled entities: ['a', 'b']; name one as the tag column" in fault.message
    assert sentences(read(path, Options(tag_column="a"))) == [EXPECTED[1]]


# doccano


def test_doccano_ids_take_their_names_from_the_file_of_labels(file):
    records = [
        {"text": SECOND, "annotations": [{"label": 4, "start_offset": 3, "end_offset": 7}]},
        {"text": "x", "annotations": []},
    ]
    path = file(written(LINES, records))
    with pytest.raises(InputError, match="its labels are ids, whose names are not in it: export"):
        read(path)
    file(json.dumps([{"id": 4, "text": "LOC"}, {"id": 5, "text": "PER"}]), "label_config.json")
    assert sentences(read(path)) == [EXPECTED[1], (["x"], ["O"])]
    records[0]["annotations"][0]["label"] = 9
    [fault] = read(file(written(LINES, records))).faults
    assert "the label 9 is none of the 2 in the file of labels" in fault.message


def test_doccano_labels_of_several_people_are_those_of_the_first(file):
    file(json.dumps([{"id": 4, "text": "LOC"}]), "label_config.json")
    some = [{"label": 4, "start_offset": 3, "end_offset": 7, "user": 2},
            {"label": 4, "start_offset": 0, "end_offset": 2, "user": 1}]  # fmt: skip
    reading = read(file(json.dumps({"text": SECOND, "annotations": some})))
    assert sentences(reading) == [EXPECTED[1]]
    [fault] = reading.faults
    assert fault.severity == "warning" and fault.message.startswith("several people labelled")


# Prodigy


def test_prodigy_keeps_its_tokens_and_skips_what_was_not_accepted(file):
    text = "New-York\nx"
    words = [{"text": w, "start": s, "end": s + len(w)} for w, s in
             (("New", 0), ("-", 3), ("York", 4), ("\n", 8), ("x", 9))]  # fmt: skip
    record = {"text": text, "tokens": words, "spans": [span(0, 8, 0, 2, "LOC")]}
    others = [{**record, "answer": answer} for answer in ("reject", "ignore", "reject", "accept")]
    reading = read(file(written(LINES, [record, *others])))
    assert sentences(reading) == [(["New", "-", "York", "x"], ["B-LOC", "I-LOC", "I-LOC", "O"])] * 2
    assert reading.how.skipped == "2 examples answered 'reject', 1 examples answered 'ignore'"
    [fault] = read(file(written(LINES, [record, {**record, "answer": "yes"}]))).faults
    assert "'answer' is 'yes', not 'accept', 'reject' or 'ignore'" in fault.message


# BioC, PubAnnotation


def test_bioc_sentences_of_passages_and_annotations_in_pieces(file):
    pieces = {"infons": {"type": "X"}, "text": "In now", "locations": [
        {"offset": 10, "length": 2}, {"offset": 18, "length": 3}]}  # fmt: skip
    passage = {"offset": 10, "annotations": [], "sentences": [
        {"offset": 10, "text": "In Rome now", "annotations": [pieces]},
        {"offset": 22, "text": "Bo.", "annotations": [annotation(22, 2, "Bo", "PER")]}],
    }  # fmt: skip
    documents = [{"id": n, "passages": [passage]} for n in (1, 2)]
    path = file(written(LINES, documents))
    reading = read(path)
    two = [(["In", "Rome", "now"], ["O", "O", "O"]), (["Bo", "."], ["B-PER", "O"])]
    assert sentences(reading) == two * 2
    assert [s.document for s in reading.sentences] == [0, 0, 1, 1]
    assert [s.where for s in reading.sentences][::2] == [f"{path}:document {n}" for n in (1, 2)]
    assert [(f.where, f.severity) for f in reading.faults] == [
        (f"{path}:document {n}", "warning") for n in (1, 2)
    ]
    assert all("entity in several pieces" in fault.message for fault in reading.faults)


def test_denotations_in_pieces_are_left_out_and_counted(file):
    pieces = {"span": [{"begin": 0, "end": 2}, {"begin": 8, "end": 11}], "obj": "X"}
    record = {"text": SECOND, "denotations": [pieces, denotation(3, 7, "LOC")]}
    reading = read(file(written(LINES, [record])))
    assert sentences(reading) == [EXPECTED[1]]
    [fault] = reading.faults
    assert fault.severity == "warning" and "entity in several pieces" in fault.message


def test_pubannotation_of_one_project_is_read_and_of_several_refused(file):
    track = {"project": "p", "denotations": [denotation(3, 7, "LOC")]}
    one, two = ({"text": SECOND, "tracks": [track] * n} for n in (1, 2))
    reading = read(file(written(LINES, [one, two])))
    assert sentences(reading) == [EXPECTED[1]]
    [fault] = reading.faults
    assert "annotations of several projects" in fault.message


# Spans of tokens


def test_entities_of_documents_count_tokens_from_their_beginning(file):
    first, second = (words for words, _ in EXPECTED)
    one = {"doc_key": "a", "sentences": [second, first], "relations": [[], []],
           "ner": [[[1, 1, "LOC"]], [[2, 3, "PER"], [5, 5, "PER"]]]}  # fmt: skip
    path = file(written(LINES, [one, {"sentences": [second], "ner": [[]]}]))
    reading = read(path)
    assert sentences(reading) == [EXPECTED[1], EXPECTED[0], (second, ["O", "O"])]
    assert [s.document for s in reading.sentences] == [0, 0, 1]
    assert reading.how.format == "tokens with spans" and reading.faults == []
    [fault] = read(file(written(LINES, [one, {"sentences": [second], "ner": []}]))).faults
    assert fault.where == f"{path}:2" and "1 sentences and 0 lists of entities" in fault.message
    one["ner"][1][0][0] = 0
    [fault] = read(file(written(LINES, [one]))).faults
    assert "has tokens 0 to 3; there are those from 2 to 6" in fault.message


# Any JSON


KEYS = st.sampled_from(
    ["text", "tokens", "tags", "ner_tags", "label", "labels", "entities", "spans", "start", "end",
     "data", "annotations", "result", "value", "type", "content", "annotation", "points",
     "passages", "documents", "offset", "infons", "locations", "denotations", "span", "obj", "rows",
     "row", "features", "names", "paragraphs", "sentences", "orth", "ner", "rasa_nlu_data",
     "common_examples", "textContent", "textSegmentAnnotations", "source", "id", "answer", "tracks",
     "text_snippet", "start_offset", "end_offset", "classes", "was_cancelled", "completions"]
)  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 12), st.floats(), st.text(max_size=12),
    st.sampled_from(["O", "B-PER", "Anna came. Bo", "labels", "😀 a\nb", "\ud800", "0"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=5), max_leaves=25
)


def mutations(draw, value):
    """A value some of whose parts are others."""
    if draw(st.integers(0, 12)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        return {k: mutations(draw, v) for k, v in value.items() if draw(st.integers(0, 25))}
    if isinstance(value, list):
        return [mutations(draw, v) for v in value if draw(st.integers(0, 25))]
    return value


@st.composite
def damaged(draw):
    """What a known format holds, damaged in any place."""
    _, layout, value = FORMATS[draw(st.sampled_from(sorted(FORMATS)))]
    return layout, mutations(draw, value)


def right_or_refused(path):
    """Reads a file, which must give sentences and faults or one error in a line."""
    try:
        reading = read(path)
    except InputError as error:
        assert "\n" not in str(error) and str(error).startswith(path), error
        return
    assert reading.sentences or reading.faults
    for sentence in reading.sentences:
        assert len(sentence.tokens) == len(sentence.tags) > 0
        assert all(isinstance(cell, str) and cell for cell in sentence.tokens + sentence.tags)
    for fault in reading.faults:
        assert "\n" not in fault.message and fault.where.startswith(path), fault


ANY = settings(
    max_examples=100, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.ci
@ANY
@given(st.one_of(damaged(), st.tuples(st.sampled_from([LINES, VALUE]), VALUES)))
def test_any_json_is_read_or_refused_in_one_line(file, drawn):
    layout, value = drawn
    if layout == LINES and not isinstance(value, list):
        value = [value]
    right_or_refused(file(written(layout, value)))


@pytest.mark.ci
@ANY
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_any_part_of_a_file_is_read_or_refused_in_one_line(file, format, data):
    content = written(*FORMATS[format][1:]).encode()
    start, end = sorted(data.draw(st.integers(0, len(content))) for _ in range(2))
    junk = data.draw(st.binary(max_size=3))
    right_or_refused(file(content[:start] + junk + content[end:]))
