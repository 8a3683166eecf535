"""What `tag` writes of a sentence: columns for people and other tools, or a line of JSON."""

import json

from pipelines.cli.tagged import as_columns, as_json
from pipelines.serving.tagging import Alternative, Entity, Tagged

BERLIN = Entity("LOC", 3, 9, "Berlin")
PLAIN = Tagged(["in", "Berlin"], ["O", "B-LOC"], [0.75, 0.5], 4, [0, 3], [2, 9], [BERLIN])
OTHERS = PLAIN._replace(
    alternatives=[Alternative(["O", "B-LOC"], 0.5, [BERLIN]), Alternative(["O", "O"], 1.5e-7)]
)


def test_columns_are_words_and_tags():
    assert as_columns(PLAIN, False) == "in\tO\nBerlin\tB-LOC\n\n"
    assert as_columns(Tagged([], [], []), False) == "\n"


def test_alternatives_are_a_column_each_below_their_probabilities():
    assert as_columns(OTHERS, True) == "#\t0.5\t1.5e-07\nin\tO\tO\nBerlin\tB-LOC\tO\n\n"


def test_json_has_alternatives_where_they_were_asked_for():
    values = json.loads(as_json(OTHERS, True))
    place = {"type": "LOC", "start": 3, "end": 9, "text": "Berlin"}
    assert values["entities"] == [place] and values["line"] == 4
    assert values["alternatives"] == [
        {"tags": ["O", "B-LOC"], "probability": 0.5, "entities": [place]},
        {"tags": ["O", "O"], "probability": 1.5e-7, "entities": []},
    ]
    assert json.loads(as_json(PLAIN, False)) == {
        key: value for key, value in values.items() if key != "alternatives"
    }
