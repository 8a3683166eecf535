"""Words to ids, and sentences to batches: nothing lost, nothing confused, nothing counted twice."""

import json

import numpy as np
import pytest
import tensorflow as tf

from pipelines import datasets, vocabulary
from pipelines.batches import batch_count, batches, bucket_ends, encoded
from pipelines.read import Sentence, read
from pipelines.runs import VOCABULARY
from pipelines.vocabulary import Vocabulary, count, lookup, word_ids

# Mostly short, a few long, and one far longer than all the rest together.
LENGTHS = [1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 12, 12, 15, 20, 33, 1000]


def ids_of(words, sentence):
    return word_ids(words, lookup(words), tf.constant([sentence])).numpy()[0].tolist()


def counted(sentence, min_count=1, lowercase=False):
    return count([sentence], [["O"] * len(sentence)], "IOB2", min_count, lowercase)


def numbered(lengths):
    """Sentences of these lengths in which sentence n says n + 2, and its tags n."""
    rows = [([n + 2] * length, [n] * length) for n, length in enumerate(lengths)]
    vectors = tf.TensorSpec([None], tf.int64)
    return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=(vectors, vectors))


def read_off(dataset):
    """Every sentence of the batches as (its number, its length), batch by batch."""
    found = []
    for words, tags, weights in dataset.as_numpy_iterator():
        real = weights > 0
        assert np.array_equal(real, words != 0)
        assert np.array_equal(real, np.sort(real, axis=1)[:, ::-1])  # padding comes last
        assert all(len(set(row[row != 0])) == 1 for row in words)
        assert np.array_equal(words[real], tags[real] + 2)
        found.append([(int(row[0]) - 2, int(some.sum())) for row, some in zip(words, real)])  # noqa: B905
    return found


def test_words_are_counted_and_the_frequent_come_first():
    words = counted(["b", "a", "c", "b", "d", "a", "b", "B"], min_count=2)
    assert words.words == ["b", "a"]
    assert counted(["b", "a", "B"]).words == ["B", "a", "b"]
    assert counted(["b", "a", "B"], lowercase=True).words == ["b", "a"]


def test_an_entity_type_has_both_its_tags_though_training_shows_one():
    words = count([["a"] * 3], [["B-PER", "O", "I-LOC"]], "IOB2", 1, False)
    assert words.tags == ["O", "B-LOC", "B-PER", "I-LOC", "I-PER"]


def test_entities_without_a_type_have_tags_without_one():
    words = count([["a", "b"]], [["B", "O"]], "IOB2", 1, False)
    assert words.tags == ["O", "B", "I"]


def test_parts_of_speech_are_the_tags_that_occur():
    words = count([["a"] * 3], [["VERB", "NOUN", "VERB"]], None, 1, False)
    assert words.tags == ["NOUN", "VERB"]


def test_a_run_counts_the_words_and_tags_of_its_training_sentences_only(trained, tiny):
    words = vocabulary.load(trained / VOCABULARY)
    train, dev = (read(getattr(tiny().data, split)).sentences for split in ("train", "dev"))
    of_train = {word for sentence in train for word in sentence.tokens}
    of_dev = {word for sentence in dev for word in sentence.tokens}
    assert set(words.words) == of_train and len(words.words) == len(of_train)
    assert of_dev - of_train and not (of_dev - of_train) & set(words.words)


def test_known_words_have_ids_from_two_unknown_ones_have_one_and_padding_none():
    words = counted(["a", "b", "b"])
    assert ids_of(words, ["b", "a", "x", "", "B", "b "]) == [2, 3, 1, 0, 1, 1]


def test_ids_are_the_same_in_lower_case_if_words_are_counted_so():
    sentence = ["ÉCOLE", "Straße", "ΟΔΟΣ", "İzmir", "ДОМ", "Ǆ", "😀"]
    words = counted(sentence, lowercase=True)
    assert sorted(ids_of(words, sentence)) == list(range(2, 9))
    assert ids_of(words, ["école", "дом", ""]) == [
        words.words.index("école") + 2, words.words.index("дом") + 2, 0]  # fmt: skip


@pytest.mark.parametrize(
    "word", ["[UNK]", "\0unknown", "\0none", " ", "0", "1", "None", "<pad>", "[MASK]", "\\0"]
)
def test_no_word_is_mistaken_for_something_special(word):
    assert ids_of(counted(["a"]), [word, "a", "x", ""]) == [1, 2, 1, 0]
    if "\0" not in word:  # such a word is refused when data is read
        assert ids_of(counted(["a", word, word]), [word, "a", "x", ""]) == [2, 3, 1, 0]


def test_without_any_known_word_every_word_is_unknown():
    words = counted(["a", "b"], min_count=2)
    assert words.words == []
    assert ids_of(words, ["a", "", "b", "[UNK]"]) == [1, 0, 1, 1]


@pytest.mark.parametrize("scheme", ["IOB2", None])
def test_a_vocabulary_comes_back_from_its_file(tmp_path, scheme):
    words = Vocabulary(["😀", "\u2028", "é", 'q"'], ["O", "B-日"], scheme, True)
    vocabulary.save(words, tmp_path / "words.json")
    assert vocabulary.load(tmp_path / "words.json") == words
    assert json.loads((tmp_path / "words.json").read_text("utf-8"))["words"] == words.words


def test_a_prepared_split_is_encoded_sentence_by_sentence_in_order():
    sentences = [
        Sentence(["a", "b", "a"], ["B-X", "I-X", "O"], "f:1", []),
        Sentence(["z"], ["O"], "f:2", []),
        Sentence(["b", "z"], ["O", "B-X"], "f:3", []),
    ]
    builder = datasets.prepare({"train": sentences})
    words = Vocabulary(["a", "b"], ["O", "B-X", "I-X"], "IOB2", False)
    found = [
        tuple(map(list, pair)) for pair in encoded(builder, "train", words).as_numpy_iterator()
    ]
    assert found == [([2, 3, 2], [1, 2, 0]), ([1], [0]), ([3, 1], [0, 1])]


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_every_sentence_is_in_exactly_one_batch_of_an_epoch_and_none_is_cut(batch_size):
    found = read_off(batches(numbered(LENGTHS), LENGTHS, batch_size, seed=1))
    assert all(len(batch) <= batch_size for batch in found)
    assert sorted(pair for batch in found for pair in batch) == list(enumerate(LENGTHS))


def test_sentences_stand_with_others_of_like_length():
    lengths = list(range(1, 201))
    made = batches(numbered(lengths), lengths, 8, seed=1).as_numpy_iterator()
    padded = sum(words.size for words, _, _ in made)
    assert padded < 1.35 * sum(lengths)  # batches drawn at random would have 1.8 times the tokens


def test_the_weights_of_a_batch_sum_to_one_and_padding_has_none():
    for words, _, weights in batches(numbered(LENGTHS), LENGTHS, 3, seed=1).as_numpy_iterator():
        assert weights.sum() == pytest.approx(1)
        assert not weights[words == 0].any()
        assert np.ptp(weights[words != 0]) == 0


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    def order(seed):
        return read_off(batches(numbered(LENGTHS), LENGTHS, 3, seed))

    assert order(1) == order(1)
    assert order(1) != order(2)
    # Not only the order of batches: which sentences stand together changes, too.
    assert {frozenset(batch) for batch in order(1)} != {frozenset(batch) for batch in order(2)}


def test_the_order_does_not_depend_on_what_was_drawn_before():
    examples = numbered(LENGTHS).cache()
    alone = read_off(batches(examples, LENGTHS, 3, seed=5))
    read_off(batches(examples, LENGTHS, 3, seed=4))
    tf.random.uniform([3])
    assert read_off(batches(examples, LENGTHS, 3, seed=5)) == alone


def test_batches_are_counted_before_they_are_made(rng):
    for _ in range(25):
        size = int(rng.integers(1, 60))
        spread = rng.choice([1.0, 5.0, 40.0])
        lengths = [int(n) for n in 1 + rng.exponential(spread, size)]
        batch_size = int(rng.integers(1, 9))
        made = batches(numbered(lengths), lengths, batch_size, seed=1)
        number = batch_count(lengths, bucket_ends(lengths), batch_size)
        assert sum(1 for _ in made) == number == made.cardinality(), (lengths, batch_size)
