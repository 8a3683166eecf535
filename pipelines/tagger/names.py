"""Names that a tagger's signatures have, for those who must not wait for TensorFlow."""

TOKENS, TEXT = "serving_default", "text"
NOT_FINITE = "the scores of a sentence are not finite"  # in the error of both functions
TAGS, WORDS, ALTERNATIVES = "tags", "words", "alternatives"  # functions that no export has
