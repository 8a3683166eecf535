"""Label Studio: which annotation, which text, and what cannot be read."""

import json

import pytest

from pipelines.data.options import Options
from pipelines.data.reader import read
from pipelines.errors import InputError


@pytest.fixture
def file(tmp_path):
    def write(value):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(value), "utf-8")
        return str(path)

    return write


def result(start, end, text, label):
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"value": value, "type": "labels"}


def sentences(reading):
    return [(sentence.tokens, sentence.tags) for sentence in reading.sentences]


ROME = result(3, 7, "Rome", "LOC")
IN_ROME = (["In", "Rome"], ["O", "B-LOC"])


def task(*annotations, **data):
    data = data or {"text": "In Rome"}
    return {"id": 1, "data": data, "annotations": list(annotations), "drafts": []}


@pytest.mark.parametrize("key", ["annotations", "completions"])
def test_the_first_annotation_that_is_complete_is_read(key, file):
    done, empty = {"result": [ROME]}, {"result": []}
    cancelled = {"result": [result(0, 2, "In", "X")], "was_cancelled": True}
    tasks = [task(cancelled, done, empty), task(done), task(), task(cancelled), task(empty)]
    tasks = [{**{k: v for k, v in t.items() if k != "annotations"}, key: t["annotations"]}
             for t in tasks]  # fmt: skip
    reading = read(file(tasks))
    assert sentences(reading) == [IN_ROME, IN_ROME, (["In", "Rome"], ["O", "O"])]
    assert reading.how.skipped == "2 tasks without annotation"
    [fault] = reading.faults
    assert fault.severity == "warning" and "this task was annotated more than once" in fault.message
    assert fault.where.endswith("record 1") and fault.message.endswith("1 tasks were")


def test_a_task_alone_in_its_file_is_read(file):
    assert sentences(read(file(task({"result": [ROME, ROME]})))) == [IN_ROME]


def test_the_text_is_under_the_key_in_which_the_labelled_parts_stand(file):
    data = {"title": "A trip", "body": "In Rome", "url": "x"}
    tasks = [task({"result": []}, **data), task({"result": [ROME]}, **data)]
    assert sentences(read(file(tasks)))[1] == IN_ROME
    path = file(tasks[:1])
    with pytest.raises(InputError, match="which key holds the text of the tasks is not to be seen"):
        read(path)
    assert sentences(read(path, Options("body"))) == [(["In", "Rome"], ["O", "O"])]


def test_line_breaks_in_what_a_label_covers_may_be_written_with_a_backslash(file):
    text = "In New\nYork"
    tasks = [task({"result": [result(3, 11, "New\\nYork", "LOC")]}, text=text)]
    reading = read(file(tasks))
    assert sentences(reading) == [(["In", "New", "York"], ["O", "B-LOC", "I-LOC"])]
    assert reading.faults == []


def test_offsets_that_count_as_browsers_do_are_read(file):
    tasks = [task({"result": [result(6, 10, "Rome", "LOC")]}, text="😀 In Rome")]
    reading = read(file(tasks))
    assert sentences(reading) == [(["😀", "In", "Rome"], ["O", "O", "B-LOC"])]
    assert "UTF-16 units" in reading.how.token_column


def test_minimal_exports_of_several_annotators_count_once(file):
    record = {"id": 7, "text": "In Rome", "label": [ROME["value"]], "annotator": 1}
    reading = read(file([record, {**record, "annotator": 2, "label": [ROME["value"]] * 2},
                         {"id": 8, "text": "None here"}]))  # fmt: skip
    assert sentences(reading) == [IN_ROME, (["None", "here"], ["O", "O"])]
    [fault] = reading.faults
    assert "annotated more than once" in fault.message and fault.where.endswith("record 2")


def test_predictions_only_are_an_error(file):
    one = {"id": 1, "data": {"text": "In Rome"}, "predictions": [{"result": [ROME]}]}
    [fault] = read(file([one])).faults
    assert fault.severity == "error" and "only predictions, which nobody" in fault.message
