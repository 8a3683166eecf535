"""Features of a text, character by character, written out by hand."""

import numpy as np
import pytest

from pipelines.inspection.text_features import FEATURES, features


def digits(values):
    return "".join(str(int(value)) for value in values)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("position in line", "ab\n\nabc\n", "01200123"),
        ("inside quotes", 'a "b\nc\n\nd', "001111100"),
        ("bracket depth", "f(a[1])) (b", "01122100011"),
        ("indentation", "a\n  b c\n \td\n", "001222221888"),
        ("capital", "aB 1c.", "011100"),
    ],
)
def test_a_feature_is_what_can_be_known_there(name, text, expected):
    assert digits(FEATURES[name](text)) == expected


def test_no_feature_looks_ahead():
    text = 'Say "Hi (there)"\n\n    if "x":\n\tGo“a”\n' * 3
    for name, feature in FEATURES.items():
        whole = feature(text)
        for end in range(1, len(text)):
            np.testing.assert_array_equal(feature(text[:end]), whole[:end], name)


def test_what_does_not_vary_is_left_out():
    assert list(features("abc\nabc\n")) == ["position in line"]
