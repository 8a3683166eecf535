"""Units that were made to stand for something are found, and others are not."""

import numpy as np
import pytest

from pipelines.inspection.words import look

RNG = np.random.default_rng(0)
SENTENCES = [
    [("Anna", "rome", "the", "2019", "Berlin", "x")[n] for n in RNG.integers(6, size=9)]
    for _ in range(30)
]
TAGS = [["B-LOC" if word == "rome" else "O" for word in sentence] for sentence in SENTENCES]


def outputs(sentences):
    """Units of noise, but for unit 2, which sees capitals; unit 0 is by far the loudest."""
    made = []
    for sentence in sentences:
        values = RNG.normal(0, 0.1, (len(sentence), 5))
        values[:, 0] *= 50
        values[:, 2] += [-float(word[0].isupper()) for word in sentence]
        made.append(values)
    return made


def test_a_unit_that_sees_capitals_is_found_and_its_sentences_are_coloured():
    found = look(SENTENCES, TAGS, {"layer 1 forward": outputs(SENTENCES)})
    unit, score, p = found.probed["layer 1 forward"].best("capital")
    assert unit == 2 and score < -0.9 and p < 0.05
    shown = {one.unit: one for one in found.units}
    assert set(shown) == {0, 2} and shown[2].why.startswith("capital, r = -0.98")
    text = "".join(piece for _, piece in shown[2].text)
    assert text == "".join(" ".join(sentence) + "\n" for sentence in SENTENCES)
    for style, piece in shown[2].text:
        assert (style in ("n2", "n3")) == (piece != piece.lower()), (style, piece)
    assert found.words == 270


@pytest.mark.parametrize("sentences", [SENTENCES[:1], [["a"]], [["a", "a"]]])
def test_few_words_show_nothing_but_the_loudest_unit(sentences):
    tags = [["O"] * len(sentence) for sentence in sentences]
    found = look(sentences, tags, {"layer 1": outputs(sentences)})
    assert [one.why for one in found.units] == ["no other unit varies as much"]
