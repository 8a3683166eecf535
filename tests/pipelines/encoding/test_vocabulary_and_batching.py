"""Words to ids, and sentences to batches: nothing lost, nothing confused, nothing counted twice."""

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from pipelines.data import tfds_store
from pipelines.data.reader import read
from pipelines.encoding import vocabulary
from pipelines.encoding.batching import MAX_SHAPES, PADDING, batch_count, batches, encoded, ordered
from pipelines.encoding.encoder import Encoder
from pipelines.encoding.vocabulary import Vocabulary, count
from pipelines.text.sentences import Sentence
from pipelines.training.runs import VOCABULARY

# Mostly short, a few long, and one far longer than all the rest together.
LENGTHS = [1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 12, 12, 15, 20, 33, 1000]


def ids_of(words, sentence):
    return Encoder(words)(tf.constant([sentence]))["words"].numpy()[0].tolist()


def counted(sentence, min_count=1, lowercase=False):
    return count([sentence], [["O"] * len(sentence)], "IOB2", min_count, lowercase)


def numbered(lengths):
    """Sentences of these lengths in which sentence n says n + 2, and its tags n."""
    words, tags = (
        tf.ragged.constant([[n + first] * length for n, length in enumerate(lengths)])
        for first in (2, 0)
    )
    return {"words": words}, tags


def read_off(dataset):
    """Every sentence of the batches as (its number, its length), batch by batch."""
    found = []
    for ids, tags, weights in dataset.as_numpy_iterator():
        words, real = ids["words"], weights > 0
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
    lists = ["😀", "\u2028", "é", 'q"'], ["O", "B-日"]
    words = Vocabulary(*lists, scheme, True, [9, 3, 2, 2], ["\u2028", "\0"], {"shape": ["x", '"']})
    vocabulary.save(words, tmp_path / "words.json")
    assert vocabulary.load(tmp_path / "words.json") == words
    assert json.loads((tmp_path / "words.json").read_text("utf-8"))["words"] == words.words


def test_a_prepared_split_is_encoded_sentence_by_sentence_in_order():
    sentences = [
        Sentence(["a", "b", "a"], ["B-X", "I-X", "O"], "f:1", []),
        Sentence(["z"], ["O"], "f:2", []),
        Sentence(["b", "z"], ["O", "B-X"], "f:3", []),
    ]
    builder = tfds_store.prepare({"train": sentences})
    words = Vocabulary(["a", "b"], ["O", "B-X", "I-X"], "IOB2", False)
    ids, gold = encoded(builder, "train", Encoder(words))
    assert ids["words"].to_list() == [[2, 3, 2], [1], [3, 1]]
    assert gold.to_list() == [[1, 2, 0], [0], [0, 1]]


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_every_sentence_is_in_exactly_one_batch_of_an_epoch_and_none_is_cut(batch_size):
    found = read_off(batches(numbered(LENGTHS), LENGTHS, batch_size, seed=1))
    assert sorted(pair for batch in found for pair in batch) == list(enumerate(LENGTHS))
    sizes = [len(batch) for batch in found]
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1
    assert len(found) == batch_count(len(LENGTHS), batch_size) == -(-len(LENGTHS) // batch_size)


def lengths_of_a_corpus(rng, sentences=3000):
    """As sentences are: mostly short, some long, a few very long."""
    return np.ceil(np.exp(rng.normal(2.7, 0.6, sentences))).astype(int).tolist()


def shapes(dataset):
    return [tuple(ids["words"].shape) for ids, *_ in dataset]


def test_padding_is_little_and_shapes_are_few(rng):
    lengths = lengths_of_a_corpus(rng)
    made = [shapes(batches(numbered(lengths), lengths, 16, seed)) for seed in (1, 2)]
    for found in made:
        computed = sum(rows * steps for rows, steps in found)
        assert 1 - sum(lengths) / computed <= PADDING
    # All epochs have the same shapes. Drawn at random, a batch would have any length.
    assert sorted(made[0]) == sorted(made[1])
    assert len(set(made[0])) <= MAX_SHAPES + 1 and len(set(made[0])) < len(set(lengths)) / 2


def test_shapes_are_few_however_many_lengths_there_are():
    lengths = [n * n for n in range(1, 200)]
    assert len({batch.steps for batch in ordered(lengths, 1)}) == MAX_SHAPES


def padded_tokens(tops, groups):
    """Steps computed if neighbours, longest first, are padded together."""
    ends = list(itertools.accumulate(groups))
    return sum(tops[end - size] * size for end, size in zip(ends, groups, strict=True))


@pytest.mark.parametrize("allowed", [0.0, 0.1, 0.25])
def test_buckets_are_as_few_as_allowed_padding_needs_and_the_best_of_their_number(rng, allowed):
    for _ in range(5):
        lengths = sorted(rng.integers(1, 30, 8).tolist(), reverse=True)
        found = [batch.steps for batch in ordered(lengths, 1, padding=allowed)]
        least = {}  # by number of buckets, over all ways to divide the sentences
        for cuts in itertools.product([False, True], repeat=len(lengths) - 1):
            groups = [1]
            for cut in cuts:
                groups = [*groups, 1] if cut else [*groups[:-1], groups[-1] + 1]
            area = padded_tokens(lengths, groups)
            least[len(groups)] = min(area, least.get(len(groups), area))
        wanted = min(k for k, area in least.items() if 1 - sum(lengths) / area <= allowed)
        assert len(set(found)) == wanted
        assert sum(found) == least[wanted]


def test_batches_without_shuffling_are_sorted_by_length():
    found = ordered(LENGTHS, 3)
    lengths = [LENGTHS[place] for batch in found for place in batch.places]
    assert lengths == sorted(LENGTHS, reverse=True)
    assert all(batch.steps >= LENGTHS[batch.places[0]] for batch in found)
    assert ordered([], 3) == []


def test_the_weights_of_a_batch_sum_to_one_and_padding_has_none():
    for ids, _, weights in batches(numbered(LENGTHS), LENGTHS, 3, seed=1).as_numpy_iterator():
        assert weights.sum() == pytest.approx(1)
        assert not weights[ids["words"] == 0].any()
        assert np.ptp(weights[ids["words"] != 0]) == 0


@pytest.mark.parametrize("accumulated", [2, 3, 7])
def test_tokens_count_the_same_in_all_batches_that_make_one_step(accumulated):
    made = list(batches(numbered(LENGTHS), LENGTHS, 3, 1, accumulated).as_numpy_iterator())
    assert len(made) % accumulated == 0
    assert len(made) == batch_count(len(LENGTHS), 3, accumulated)
    for start in range(0, len(made), accumulated):
        weights = [weights[weights > 0] for _, _, weights in made[start : start + accumulated]]
        weights = np.concatenate(weights)
        assert weights.sum() == pytest.approx(accumulated)
        assert np.ptp(weights) == 0


def test_what_is_known_of_a_word_stays_with_it():
    rows = [[[n, n], [n], [n, n, n]][: 1 + n % 3] for n in range(2, 12)]  # characters of its words
    words = [[n] * len(row) for n, row in enumerate(rows, 2)]
    examples = ({"words": tf.ragged.constant(words), "characters": tf.ragged.constant(rows)},
                tf.ragged.constant(words))  # fmt: skip
    found = []
    for ids, _, weights in batches(examples, [len(row) for row in words], 3, seed=1):
        assert ids["characters"].shape[:2] == ids["words"].shape == weights.shape
        found += [
            [[c for c in word if c] for word in row if any(word)]
            for row in ids["characters"].numpy().tolist()
        ]  # noqa: E501
        lengths = tf.math.count_nonzero(ids["words"], axis=1)
        assert lengths.numpy().tolist() == [len(row) for row in found[-len(lengths) :]]
    assert sorted(found) == sorted(rows)


def test_devices_get_equal_shares_and_no_sentence_gets_lost():
    made = batches(numbered(LENGTHS), LENGTHS, 5, seed=1, devices=3)
    found = [(ids["words"], weights) for ids, _, weights in made.as_numpy_iterator()]
    assert all(len(words) % 3 == 0 for words, _ in found)
    rows = [row[row != 0] for words, _ in found for row in words if row.any()]
    assert sorted((int(row[0]) - 2, len(row)) for row in rows) == list(enumerate(LENGTHS))
    for words, weights in found:
        assert weights.sum() == pytest.approx(1) and not weights[words == 0].any()


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    lengths = [1 + n % 10 for n in range(90)]

    def order(seed):
        return read_off(batches(numbered(lengths), lengths, 3, seed))

    assert order(1) == order(1)
    assert order(1) != order(2)
    # Not only the order of batches: which sentences stand together changes, too.
    assert {frozenset(batch) for batch in order(1)} != {frozenset(batch) for batch in order(2)}


def test_the_order_does_not_depend_on_what_was_drawn_before():
    examples = numbered(LENGTHS)
    alone = read_off(batches(examples, LENGTHS, 3, seed=5))
    read_off(batches(examples, LENGTHS, 3, seed=4))
    tf.random.uniform([3])
    np.random.default_rng().random()
    assert read_off(batches(examples, LENGTHS, 3, seed=5)) == alone


@pytest.mark.ci
def test_sentences_of_a_bucket_meet_each_other_from_epoch_to_epoch(rng):
    lengths = lengths_of_a_corpus(rng, 400)
    examples = numbered(lengths)
    met = [set() for _ in lengths]
    for seed in range(20):
        for batch in read_off(batches(examples, lengths, 8, seed)):
            for number, _ in batch:
                met[number].update(other for other, _ in batch)
    # In batches that never change a sentence meets 7 others; drawn at random, 118 on average.
    assert np.median([len(others) - 1 for others in met]) > 25
