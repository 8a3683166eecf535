"""Examples of Rasa in Markdown and YAML."""

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

MARKDOWN = """\
## intent:travel
- from [Berlin](city) to [New York](city:NYC) <!-- old way -->
* now [NYC]{"entity": "city", "role": "to"}

## synonym:NYC
- big apple
## intent:greet
- hello
"""
YAML = """\
version: "3.1"
nlu:
- intent: travel
  examples: |
    - from [Berlin](city) to [New York]{"entity": "city", "value": "NYC"}
    - now [NYC]{"entity": "city", "role": "to"}
- synonym: NYC
  examples: |
    - big apple
- intent: greet
  examples: |
    - hello
stories:
- story: x
  steps:
    - hi
"""


@pytest.mark.parametrize(("content", "lines"), [(MARKDOWN, [2, 3, 8]), (YAML, [5, 6, 12])])
def test_examples_of_intents_are_read(content, lines, file, pairs):
    reading = read(file(content))
    assert reading.how.format == "Rasa"
    assert pairs(reading) == ["from/O Berlin/B-city to/O New/B-city York/I-city",
                              "now/O NYC/B-city", "hello/O"]  # fmt: skip
    assert [sentence.lines[0] for sentence in reading.sentences] == lines
    assert reading.faults == []


@pytest.mark.parametrize("broken", ["[NYC]{", "[NYC](", '[NYC]{"role": "to"}', "[NYC]{entity}"])
def test_a_damaged_label_leaves_out_its_example(broken, file, faults):
    reading = read(file(MARKDOWN.replace('[NYC]{"entity": "city", "role": "to"}', broken)))
    assert len(reading.sentences) == 2
    [fault] = faults(reading)
    assert fault.startswith("error some.txt:3 ") and "the sentence is left out" in fault


def test_examples_with_metadata_are_refused(file):
    content = YAML.replace("- now", "- text: now")
    with pytest.raises(InputError, match=":6: examples in several keys are not read"):
        read(file(content))


def test_it_can_be_converted(file, is_kept_by_conversion):
    assert is_kept_by_conversion(file(YAML))
