"""Strings to numbers: the vocabulary, word vectors, ids, batches."""
