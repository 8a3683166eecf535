"""Schemes: what tags spell, what they may not, and that nothing is lost between them."""

import random
from itertools import combinations, product

import pytest
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB2, IOBES, Entities

from pipelines.text.chunking import (
    SCHEMES,
    Span,
    allowed,
    belongs,
    convert,
    detect,
    encode,
    spans,
    violations,
)

every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
LETTERS = {"IOB2": "BI", "IOB1": "BI", "IOBES": "BIES", "BILOU": "BILU", "BMES": "BMES", "IO": "I"}


def tags_of(scheme, types=("A", "b-c")):
    return ["O", *(f"{letter}-{type}" for letter in LETTERS[scheme] for type in types)]


def sequences(scheme, longest):
    """Every sequence of the tags of a scheme, legal or not."""
    for length in range(1, longest + 1):
        yield from map(list, product(tags_of(scheme), repeat=length))


def layouts(length, types=("A", "b-c"), start=0):
    """Every way to lay spans into a sentence."""
    yield []
    for first, end in combinations(range(start, length + 1), 2):
        for type in types:
            for rest in layouts(length, types, end):
                yield [Span(type, first, end), *rest]


def random_sequences(letters, number):
    tags = ["O", *(f"{letter}-{type}" for letter in letters for type in ("A", "b-c"))]
    choose = random.Random(0)
    return [choose.choices(tags, k=choose.randint(1, 12)) for _ in range(number)]


def text(found):
    """Spans in the notation of the cases below: PER0-1 PER2."""
    return " ".join(
        f"{s.type}{s.start}-{s.end - 1}" if s.end - s.start > 1 else f"{s.type}{s.start}"
        for s in found
    )


@pytest.mark.parametrize(
    ("scheme", "tags", "loose", "strict"),
    [
        ("IOB2", "O I-PER I-PER O", "PER1-2", ""),
        ("IOB2", "B-PER I-LOC O", "PER0 LOC1", "PER0"),
        ("IOB2", "I-PER I-LOC I-LOC", "PER0 LOC1-2", ""),
        ("IOBES", "B-PER E-LOC O", "PER0 LOC1", ""),
        ("IOBES", "B-PER I-PER O", "PER0-1", ""),
        ("IOBES", "O E-PER O", "PER1", ""),
        # here, and here only, unlike conlleval, which does not know S
        ("IOBES", "S-PER S-PER", "PER0 PER1", "PER0 PER1"),
        ("IOB1", "I-PER B-PER I-PER", "PER0 PER1-2", "PER0 PER1-2"),
        ("IOB1", "O B-PER I-PER", "PER1-2", ""),
        ("IOB2", "B B I O I", "0 1-2 4", "0 1-2"),
        ("IOB2", "B-PER B_PER I-PER", "PER0 PER2", "PER0"),
    ],
)
def test_invalid_tags_are_read_as_conlleval_reads_them(scheme, tags, loose, strict):
    assert text(spans(tags.split(), scheme)) == loose
    assert text(spans(tags.split(), scheme, strict=True)) == strict


@pytest.mark.parametrize("letters", ["BI", "BIES"])
def test_spans_are_those_of_seqeval_valid_or_not(letters):
    for tags in random_sequences(letters, 500):
        expected = [(type, first, last + 1) for type, first, last in get_entities(tags)]
        assert spans(tags, "IOBES") == expected


@pytest.mark.parametrize(
    ("scheme", "second_opinion"), [("IOB2", IOB2), ("IOBES", IOBES), ("BILOU", BILOU)]
)
def test_strict_spans_are_those_of_strict_seqeval(scheme, second_opinion):
    for tags in random_sequences(LETTERS[scheme], 500):
        [entities] = Entities([tags], second_opinion).entities
        expected = [(entity.tag, entity.start, entity.end) for entity in entities]
        assert spans(tags, scheme, strict=True) == expected


@every_scheme
def test_spans_survive_being_written_as_tags(scheme):
    for layout in layouts(4):
        touching = any(a.end == b.start and a.type == b.type for a, b in combinations(layout, 2))
        if scheme == "IO" and touching:
            with pytest.raises(ValueError, match="IO cannot tell them apart"):
                encode(layout, 4, scheme)
            continue
        tags = encode(layout[::-1], 4, scheme)
        assert spans(tags, scheme) == spans(tags, scheme, strict=True) == layout
        assert violations(tags, scheme) == []


@every_scheme
def test_tags_are_legal_exactly_where_writing_their_spans_gives_them_back(scheme):
    legal = 0
    for tags in sequences(scheme, 4 if len(LETTERS[scheme]) < 4 else 3):
        gives_back = convert(tags, scheme, scheme) == tags
        assert (violations(tags, scheme) == []) == gives_back, tags
        legal += gives_back
    assert legal > 10


@pytest.mark.parametrize("source", SCHEMES)
@pytest.mark.parametrize("target", SCHEMES)
def test_conversion_there_and_back_changes_nothing(source, target):
    for layout in layouts(4, types=("A",)) if "IO" not in (source, target) else [[Span("A", 1, 3)]]:
        tags = encode(layout, 4, source)
        assert convert(convert(tags, source, target), target, source) == tags


def test_each_scheme_is_written_as_it_should_be():
    pair = [Span("A", 0, 1), Span("A", 1, 4), Span("B", 4, 6)]
    assert " ".join(encode(pair, 7, "IOB2")) == "B-A B-A I-A I-A B-B I-B O"
    assert " ".join(encode(pair, 7, "IOB1")) == "I-A B-A I-A I-A I-B I-B O"
    assert " ".join(encode(pair, 7, "IOBES")) == "S-A B-A I-A E-A B-B E-B O"
    assert " ".join(encode(pair, 7, "BILOU")) == "U-A B-A I-A L-A B-B L-B O"
    assert " ".join(encode(pair, 7, "BMES")) == "S-A B-A M-A E-A B-B E-B O"
    assert " ".join(encode(pair[1:], 7, "IO")) == "O I-A I-A I-A I-B I-B O"


def test_letters_of_other_schemes_are_understood():
    assert text(spans(["U-A", "B-A", "M-A", "L-A"], "IOBES")) == "A0 A1-3"
    assert text(spans(["L-A", "I-A", "U-A", "I-A"], "BILOU")) == "A0 A1 A2 A3"


def test_conversion_refuses_what_it_would_lose():
    with pytest.raises(ValueError, match="tag 2, 'B_PER', is not a chunk tag"):
        convert(["O", "B_PER"], "IOB2", "IOBES")
    for wrong in ([Span("A", 0, 2), Span("A", 1, 3)], [Span("A", 3, 5)], [Span("A", 1, 1)]):
        with pytest.raises(ValueError, match="overlaps another span or leaves the 4 tokens"):
            encode(wrong, 4, "IOB2")
    with pytest.raises(ValueError, match="^the A of tokens 3 to 4 touches another of its type"):
        convert(["B-A", "I-A", "B-A", "I-A"], "IOB2", "IO")
    with pytest.raises(ValueError, match="^the A of token 2 overlaps"):
        encode([Span("A", 0, 2), Span("A", 1, 2)], 2, "IOB2")


@pytest.mark.parametrize(
    ("scheme", "tags", "expected"),
    [
        ("IOB2", "O I-PER", [(1, "I-PER after O: in IOB2 an entity opens with B-PER")]),
        ("IOB2", "I", [(0, "I at the start of the sentence: in IOB2 an entity opens with B")]),
        ("IOB2", "B_PER", [(0, "'B_PER' is no tag of IOB2, whose letters are O B I")]),
        ("IOB2", "S-PER", [(0, "'S-PER' is no tag of IOB2, whose letters are O B I")]),
        ("IOB1", "O B-PER", [(1, "B-PER after O: in IOB1 only an entity that touches another")]),
        ("IO", "B-PER", [(0, "'B-PER' is no tag of IO, whose letters are O I")]),
        ("IOBES", "E-PER", [(0, "E-PER at the start of the sentence: in IOBES an entity opens")]),
        ("IOBES", "B-A O O", [(1, "O after B-A: in IOBES I-A or E-A must follow B-A")]),
        ("BMES", "O B-A", [(1, "the end of the sentence after B-A: in BMES M-A or E-A must")]),
    ],
)
def test_violations_say_which_token_and_why(scheme, tags, expected):
    found = violations(tags.split(), scheme)
    assert [index for index, _ in found] == [index for index, _ in expected]
    for (_, message), (_, start) in zip(found, expected, strict=True):
        assert message.startswith(start)


@every_scheme
def test_transitions_are_allowed_that_occur_in_legal_tags(scheme):
    """The decoders' constraints, counted from all layouts in place of rules."""
    occurring = set()
    for layout in layouts(4):
        try:
            tags = encode(layout, 4, scheme)
        except ValueError:
            continue
        occurring |= set(zip([None, *tags], [*tags, None], strict=True))
    edges = [None, *tags_of(scheme)]
    assert {pair for pair in product(edges, edges) if allowed(*pair, scheme)} - {
        (None, None)
    } == occurring


@every_scheme
def test_the_tags_of_a_scheme_belong_to_it(scheme):
    letters = {letter for letter in "BIESLUM" if belongs(f"{letter}-PER", scheme)}
    assert letters == set(LETTERS[scheme])
    assert belongs("O", scheme)
    assert not any(belongs(tag, scheme) for tag in ("B_PER", "X", "B-", "<pad>", "", "NOUN"))


@every_scheme
def test_the_scheme_is_recognised(scheme):
    written = [encode(layout, 4, scheme) for layout in layouts(4) if len(layout) == 1]
    if scheme != "IO":  # IOB1 in which no entities touch
        written.append(encode([Span("A", 0, 1), Span("A", 1, 4)], 4, scheme))
    assert detect(written) == ("IOB1" if scheme == "IO" else scheme)


@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != "IO"])
def test_slips_do_not_hide_the_scheme(scheme):
    layout = [Span("A", 0, 1), Span("A", 1, 4), Span("B", 5, 7)]
    written = [encode(layout, 9, scheme)] * 20
    assert detect([*written, ["O", "I-A", "B_A", "O"], ["B-A", "E-A"]]) == scheme


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("DET NOUN VERB", None),
        ("E N S B X", None),
        ("", None),
        ("O O O", "IOB2"),
        ("B O B", "IOB2"),
        ("O I-A I-A O", "IOB1"),
        ("I-A B-A O", "IOB1"),
        ("B-A E-A S-A", "IOBES"),
        ("B M E S S", "BMES"),
    ],
)
def test_what_tags_leave_open_is_settled(tags, expected):
    assert detect([tags.split()]) == expected


def test_an_unknown_scheme_is_refused():
    calls = [
        lambda: spans(["O"], "IOE"),
        lambda: violations(["O"], "IOE"),
        lambda: allowed(None, "O", "IOE"),
        lambda: convert(["O"], "IOB2", "IOE"),
        lambda: encode([Span("A", 0, 1)], 1, "IOE"),
        lambda: belongs("O", "IOE"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="unknown scheme 'IOE'; known are IOB2, IOB1"):
            call()
