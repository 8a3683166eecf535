"""Features of words: their casing and their shape, in TensorFlow alone, as models need them."""

from typing import Any

import tensorflow as tf

# The category of a word is the first that fits, or else "signs".
CASINGS = {
    "number": r"[^\p{L}]*\p{N}[^\p{L}]*",
    "code": r".*\p{N}.*",  # letters and digits, such as B52
    "lower": r"[^\p{Lu}\p{Lt}]*\p{Ll}[^\p{Lu}\p{Lt}]*",
    "upper": r"[^\p{Ll}]*[\p{Lu}\p{Lt}][^\p{Ll}]*",
    "title": r"[^\p{L}]*[\p{Lu}\p{Lt}][^\p{Lu}\p{Lt}]*",
    "mixed": r".*[\p{Lu}\p{Lt}].*",
    "letters": r".*\p{L}.*",  # of a script without cases
}
# Runs of characters of a kind become one letter, in this order: "McDonald's" is XxXx'x. A letter
# that stands for a run is of no kind that comes after it.
SHAPES = {
    r"[\p{Lu}\p{Lt}]+": "X",
    r"\p{Ll}+": "x",
    r"\p{N}+": "0",
    r"\p{Han}+": "c",
    r"\p{Hiragana}+": "h",
    r"[\p{Katakana}ー]+": "k",
    r"[\p{Lo}\p{Lm}]+": "l",
}


def casing(tokens: Any) -> Any:
    """The category of each word, "" for the empty string."""
    names = tf.fill(tf.shape(tokens), "signs")
    for name, pattern in reversed(CASINGS.items()):
        names = tf.where(tf.strings.regex_full_match(tokens, f"(?s){pattern}"), name, names)
    return tf.where(tf.equal(tokens, ""), "", names)


def shape(tokens: Any) -> Any:
    """The shape of each word, "" for the empty string."""
    for pattern, letter in SHAPES.items():
        tokens = tf.strings.regex_replace(tokens, pattern, letter)
    return tokens


FEATURES = {"casing": casing, "shape": shape}


def feature_values(name: str, words: list[str]) -> list[str]:
    """The values of a feature, of each word."""
    return [value.decode() for value in FEATURES[name](tf.constant(words, tf.string)).numpy()]
