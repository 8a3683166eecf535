"""Tokens and tags in JSON: numbers get their names, from where people keep them, or are refused."""

import json

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError

NAMES = ["O", "B-PER", "I-PER", "B-LOC"]
WORDS, NUMBERS = ["Anna", "Berg", "in", "Rome"], [1, 2, 0, 3]
TAGS = ["B-PER", "I-PER", "O", "B-LOC"]
LINES = json.dumps({"id": "0", "tokens": WORDS, "ner_tags": NUMBERS}) + "\n"


@pytest.fixture
def file(tmp_path):
    """Writes a file, of text or of a JSON value, and gives its path."""

    def write(content, name="data/train.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return str(path)

    return write


def sentences(reading):
    return [(sentence.tokens, sentence.tags) for sentence in reading.sentences]


CLASSES = {"names": NAMES, "_type": "ClassLabel"}
FEATURES = {
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
    "pos_tags": {"feature": {"names": ["X"], "_type": "ClassLabel"}, "_type": "Sequence"},
    "ner_tags": {"feature": CLASSES, "_type": "Sequence"},
}
LISTS = {**FEATURES, "ner_tags": {"feature": CLASSES, "_type": "List"}}
OLD = {**FEATURES, "ner_tags": [CLASSES]}
IDS = {"names": {str(n): name for n, name in enumerate(NAMES)}}
CARD = [{"name": "ner_tags", "sequence": {"class_label": IDS}}]
LABEL2ID = {name: n for n, name in enumerate(NAMES)}
ID2LABEL = {str(n): name for n, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data/dataset_info.json", {"description": "", "features": FEATURES}),
        ("data/dataset_info.json", {"features": LISTS}),
        ("dataset_info.json", {"features": OLD}),
        ("dataset_info.json", {"dataset_info": {"features": CARD}}),
        ("dataset_infos.json", {"default": {"features": FEATURES}}),
        ("dataset_infos.json", {"a": {"features": FEATURES}, "b": {"features": OLD}}),
        ("data/label2id.json", LABEL2ID),
        ("data/id2label.json", ID2LABEL),
        ("label.json", LABEL2ID),
        ("data/labels.json", NAMES),
        ("data/config.json", {"model_type": "bert", "id2label": ID2LABEL, "label2id": LABEL2ID}),
    ],
)
def test_names_of_numbers_are_found_beside_the_file(name, value, file):
    path = file(LINES * 2)
    file(value, name)
    reading = read(path)
    assert sentences(reading) == [(WORDS, TAGS)] * 2
    assert reading.how.format == "Hugging Face JSON" and reading.faults == []
    assert [s.where for s in reading.sentences] == [f"{path}:1", f"{path}:2"]


@pytest.mark.parametrize(
    "inside",
    [{"features": FEATURES}, {"label2id": LABEL2ID}, {"id2label": ID2LABEL}],
)
def test_names_of_numbers_are_found_in_the_file(inside, file):
    record = json.loads(LINES)
    assert sentences(read(file({**inside, "data": [record, record]}))) == [(WORDS, TAGS)] * 2
    columns = {"tokens": [WORDS], "ner_tags": [NUMBERS]}
    assert sentences(read(file({**inside, **columns}))) == [(WORDS, TAGS)]


@pytest.mark.parametrize("content", [LINES, f"[{LINES}]", f"[\n{LINES}, {LINES}]"])
def test_numbers_without_names_are_refused_with_where_names_are_looked_for(content, file):
    path = file(content)
    file("{", "data/dataset_info.json")
    file({"features": {"tokens": {}}}, "dataset_infos.json")
    file({"O": 0, "X": 0}, "data/label2id.json")
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: the tags in 'ner_tags' are numbers, 1 first, without names")
    assert "dataset_info.json" in message and "label2id.json" in message and "\n" not in message


def test_different_names_are_refused(file):
    path = file(LINES)
    other = {"ner_tags": {"feature": {"names": ["O", "B-X"]}}}
    file({"a": {"features": FEATURES}, "b": {"features": other}}, "data/dataset_infos.json")
    with pytest.raises(InputError, match=r"infos.json: has different names for the tags in 'ner_t"):
        read(path)


@pytest.mark.parametrize("number", [4, -1, -100])
def test_a_number_without_a_name_is_an_error_at_its_place(number, file):
    path = file(LINES + LINES.replace("[1, 2", f"[1, {number}"))
    file(LABEL2ID, "data/label2id.json")
    reading = read(path)
    assert sentences(reading) == [(WORDS, TAGS)]
    [fault] = reading.faults
    assert fault.where == f"{path}:2" and f"the tag {number} " in fault.message


def test_numbers_and_names_in_one_list_are_an_error(file):
    file(LABEL2ID, "data/label2id.json")
    [fault] = read(file(LINES + LINES.replace("[1, 2", '[1, "O"'))).faults
    assert "'ner_tags' is not a list of strings" in fault.message


def test_columns_of_pandas_are_read(file):
    value = {"tokens": {"0": WORDS, "3": ["x"]}, "tags": {"0": TAGS, "3": ["O"]}, "id": {"0": 1}}
    assert sentences(read(file(value, "some.txt"))) == [(WORDS, TAGS), (["x"], ["O"])]
    del value["tags"]["3"]
    with pytest.raises(InputError, match="of different lengths: 2 lists of words, and 1 in 'tags'"):
        read(file(value))


def test_rows_that_were_cut_or_are_not_all_are_said(file):
    row = {"tokens": WORDS, "ner_tags": TAGS}
    rows = [{"row": row, "truncated_cells": cells} for cells in ([], ["tokens"])]
    reading = read(file({"features": [], "rows": rows, "num_rows_total": 14_041}))
    assert sentences(reading) == [(WORDS, TAGS)]
    assert [(f.severity, f.message.partition(";")[0]) for f in reading.faults] == [
        ("warning", "the file holds 2 of the 14,041 rows of the data set"),
        ("error", "cells were cut off: ['tokens']"),
    ]


def test_other_tags_are_said_unless_a_column_is_named(file):
    record = {"tokens": WORDS, "labels": ["NN"] * 4, "ner_tags": TAGS}
    path = file(json.dumps(record) + "\n" + json.dumps(record))
    [fault] = read(path).faults
    assert fault.severity == "warning"
    assert fault.message.startswith("there are tags in 'ner_tags', too; those in 'labels' are read")
    reading = read(path, Options(tag_column="ner_tags"))
    assert sentences(reading) == [(WORDS, TAGS)] * 2 and reading.faults == []
