"""The tokenizer: places are exact for any Unicode, and nothing but whitespace is left out."""

import functools
import random
import unicodedata
from itertools import islice

import pytest
import tensorflow as tf

from pipelines.text.characters import ABBREVIATIONS
from pipelines.text.text_words import words_of
from pipelines.text.tokenizer import by_character, tokenize

WHITESPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
ALPHABET = [
    *"aB1.!?,;:'\"()[]-@#&/…", *WHITESPACE, *"«»“”‘’„、。！？「」（）", *"東京大学のカナーが",
    *"אבשלום", *"नमस्ते।",
    *"\0\x1c\x7f\u200b\u200d\ufeff\ufffd\uffff\U0010ffff", *"\u0301\u3099\ufe0f\u20dd", *"😀👩é",
    "U.S.", "Mr.", "J.", "...", "\n\n",
]  # fmt: skip


def random_texts(number, seed=0):
    """Texts of the characters above, and of any others."""
    choose = random.Random(seed)
    for n in range(number):
        letters = choose.choices(ALPHABET, k=choose.randint(0, 30))
        if n % 3 == 0:
            codes = [choose.randrange(0x110000) for _ in range(12)]
            letters += [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
            choose.shuffle(letters)
        yield "".join(letters)


@functools.cache
def tokenizer(single):
    """The tokenizer as it is exported: a graph, which also is several times as fast."""
    call = tf.function(lambda texts: tokenize(texts, single))
    return call.get_concrete_function(tf.TensorSpec([None], tf.string))


def tokenized(texts, single=False):
    """Words, starts and ends of texts, sentence by sentence."""
    found = tokenizer(single)(tf.constant(texts, tf.string))
    words, starts, ends = (ragged.to_list() for ragged in found)
    return [
        [
            list(zip([word.decode() for word in sentence], *places, strict=True))
            for sentence, *places in zip(*text, strict=True)
        ]
        for text in zip(words, starts, ends, strict=True)
    ]


def sentences(text, single=False):
    """Each sentence as its words with whitespace between."""
    [found] = tokenized([text], single)
    return [" ".join(word for word, *_ in sentence) for sentence in found]


@pytest.mark.ci
@pytest.mark.parametrize("single", [pytest.param(False, marks=pytest.mark.nightly), True])
def test_words_stand_where_their_places_say_and_only_blanks_stand_between(single):
    texts = list(random_texts(600))
    for text, found in zip(texts, tokenized(texts, single), strict=True):
        reached = 0
        for word, start, end in (word for sentence in found for word in sentence):
            assert text[start:end] == word and word and not set(word) & set(WHITESPACE)
            assert start >= reached and set(text[reached:start]) <= set(WHITESPACE)
            reached = end
        assert set(text[reached:]) <= set(WHITESPACE)
        assert all(found)  # no sentence without a word


@pytest.mark.ci
@pytest.mark.parametrize("single", [False, True])
def test_a_text_does_not_depend_on_the_texts_beside_it(single):
    texts = list(random_texts(60, seed=1))
    assert tokenized(texts, single) == [tokenized([text], single)[0] for text in texts]


def test_a_full_stop_at_the_beginning_of_a_text_belongs_to_no_other_text():
    texts = ["Mr", ".", "U.S", ". So"]
    for found in (tokenized(texts, True), without_tensorflow(texts)):
        words = [[word for sentence in text for word, *_ in sentence] for text in found]
        assert words == [["Mr"], ["."], ["U.S"], [".", "So"]]


def without_tensorflow(texts):
    """Words, starts and ends of texts, sentence by sentence, as data with labels is read."""
    result = []
    for text, (starts, ends, lengths) in zip(texts, words_of(texts), strict=True):
        words = ((text[start:end], start, end) for start, end in zip(starts, ends, strict=True))
        result.append([list(islice(words, length)) for length in lengths])
        assert not [*words]
    return result


def test_data_is_read_in_the_words_of_the_served_model(monkeypatch):
    texts = [*random_texts(900, seed=3), *(f"{word}. It" for word in ABBREVIATIONS)]
    texts += ["", " ", "Mr", ".", "'s", "s.", "a.b. c", "Zürich. Ä. É.Ö. ʰ. ª. ǅ. 5. _."]
    expected = tokenized(texts, True)
    for at_a_time in (300_000, 40):
        monkeypatch.setattr("pipelines.text.text_words._AT_A_TIME", at_a_time)
        assert without_tensorflow(texts) == expected


def taken_apart(chunk):
    """The words of what stands between whitespace, one character at a time."""
    opening = lambda c: unicodedata.category(c) in ("Ps", "Pi") or c in "\"'"  # noqa: E731
    closing = lambda c: unicodedata.category(c) in ("Pe", "Pf", "Po")  # noqa: E731
    words, tail = [], []
    while chunk and opening(chunk[0]):
        words.append(chunk[0])
        chunk = chunk[1:]
    while chunk and closing(chunk[-1]):
        tail.insert(0, chunk[-1])
        chunk = chunk[:-1]
    return [*words, *([chunk] if chunk else []), *tail]


@pytest.mark.ci
def test_signs_stand_alone_at_the_edges_of_words_as_one_by_one():
    choose = random.Random(2)
    letters = "bc3é-_$+/&@" + "()[]{}«»“”‘’„\"'.,;:!?…%#*" + "  "
    texts = ["".join(choose.choices(letters, k=25)) for _ in range(500)]
    for text, found in zip(texts, tokenized(texts), strict=True):
        expected = [word for chunk in text.split() for word in taken_apart(chunk)]
        assert [word for sentence in found for word, *_ in sentence] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Smith left the U.S. with J. Doe.", "Mr. Smith left the U.S. with J. Doe ."),
        ("e.g. Acme Inc. (Ltd.)", "e.g. Acme Inc. ( Ltd. )"),
        ("3.5. a1. x. Xyz.", "3.5 . a1 . x . Xyz ."),
        ("cafe\u0301. !\u0301 (\ufe0f", "cafe\u0301 . !\u0301 (\ufe0f"),
        ("北京2008年", "北京2008年"),
        ("Anna's (it’s). THAT'S 's 'so don't cats' x'sy 's", "Anna 's ( it ’s ) . THAT 'S ' s"
         " ' so don't cats ' x'sy ' s"),
    ],
)  # fmt: skip
def test_words_that_end_with_a_full_stop_stay_whole(text, expected):
    assert " ".join(sentences(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京2008年，好！", ["北 京 2008 年 ， 好 ！"]),
        ("がか\u3099a 々ー", ["が か\u3099 a 々 ー"]),
        ("他说：「你好」。我走了。", ["他 说 ： 「 你 好 」 。", "我 走 了 。"]),
        ("Tokyo東京km", ["Tokyo 東 京 km"]),
        ("葛\U000e0100飾", ["葛\U000e0100 飾"]),
        ("서울에서 만나요", ["서울에서 만나요"]),
    ],
)
def test_scripts_without_blanks_are_taken_apart_by_character_where_that_was_learned(text, expected):
    assert sentences(text, single=True) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["It rained .", "Anna left ."],
        ["Really ?!", '" No !', '" She left ...', "He stayed ."],
        ['He said " No . "', "Then he left ."],
        ["( It rained . )", "Then it stopped ."],
        ["It cost 3.5 . and 4 . 5 times"],
        ["Mr. Smith and J. Doe of the U.S. Army left ."],
        ["¿ Qué ?", "Él no ."],
        ["ذهب .", "ثم عاد ؟", "نعم"],
        ["राम घर गया ।", "वह सोया ।"],
        ["iPhone . eBay"],
    ],
)
def test_sentences_end_where_a_sign_and_a_beginning_say_so(expected):
    text = " ".join(expected)
    for sign in (" .", " !", " ?", " …", " )", " ।", " ؟"):
        text = text.replace(sign, sign[1:])
    text = text.replace('" No', '"No').replace('" She', '"She').replace('. "', '."')
    found = sentences(text.replace("( ", "(").replace("¿ ", "¿"))
    assert [s.replace(" ", "") for s in found] == [s.replace(" ", "") for s in expected]


@pytest.mark.parametrize("gap", ["\n\n", "\r\n\r\n", " \n \t\n", "\n\n\n"])
def test_an_empty_line_ends_a_sentence_and_the_end_of_a_line_does_not(gap):
    assert sentences(f"a title{gap}and text") == ["a title", "and text"]
    assert sentences("a title\nand text") == ["a title and text"]


def test_bytes_that_are_no_utf_8_do_no_harm():
    words, starts, ends = tokenize(tf.constant([b"a\xff b\xc3", b"c"]), False)
    assert words.to_list() == [[["a\ufffd".encode(), "b\ufffd".encode()]], [[b"c"]]]
    assert (starts.to_list(), ends.to_list()) == ([[[0, 3]], [[0]]], [[[2, 5]], [[1]]])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], True),
        (["Anna", "in"], True),
        (["北", "京", "Anna", "2008"], True),
        (["北京", "大学", "的"], False),
        (["東京", "に", "行く"], False),
        (["か\u3099"] + list("北京大学") * 10, True),
        (["서울", "에서"], True),
    ],
)
def test_words_of_single_characters_are_recognised(words, expected):
    assert by_character(words) == expected
