"""Text with its tags, as a tagger gives them: sentence by sentence, with places and entities."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ..encoding.encoder import padded
from ..errors import NoAlternatives
from ..text.chunking import spans
from .rebuilding import Differs
from .taggers import Tagger
from .windows import batches, overlapped, windows

FEW = 64  # values: so many take Python as long as NumPy to find their shortest digits


class Entity(NamedTuple):
    """An entity and its place in a text, as `text[start:end]`."""

    type: str
    start: int
    end: int
    text: str


class Alternative(NamedTuple):
    """A sequence of tags that a sentence may have.

    Attributes:
        tags: The tags.
        probability: That of the sequence as a whole.
        entities: The entities that the tags spell.
    """

    tags: list[str]
    probability: float
    entities: Sequence[Entity] = ()


class Tagged(NamedTuple):
    """A tagged sentence.

    Attributes:
        tokens: Its words.
        tags: Their tags.
        scores: The probability of each tag; none if none were wanted.
        line: The number of the text that it is from, from 1.
        starts: Where each word begins in that text, in code points.
        ends: Where each ends: the place after it.
        entities: The entities that the tags spell.
        alternatives: The most probable sequences of tags, the best first, which is that of `tags`;
            none if none were wanted.
    """

    tokens: list[str]
    tags: list[str]
    scores: list[float]
    line: int = 1
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    entities: Sequence[Entity] = ()
    alternatives: Sequence[Alternative] = ()


def tag(
    tagger: Tagger,
    lines: Iterable[str | None],
    split: bool = False,
    scored: bool = True,
    alternatives: int = 0,
) -> Iterator[Tagged]:
    """Tags lines of text, as they come; all sentences of each, an empty one if it has no word.

    Args:
        tagger: What `load` gave.
        lines: Texts; and None where the next has to be waited for, so that what is being tagged
            meanwhile is not kept back.
        split: Each is a sentence whose words are separated by whitespace; take them as they are.
        scored: Whether scores are wanted; it may be faster without.
        alternatives: How many sequences of tags are wanted for each sentence.

    Raises:
        NoAlternatives: They are wanted, and the tagger cannot give any.
    """
    if isinstance(lines, str):
        raise TypeError("lines: give a list of texts: a str would be tagged letter by letter")

    def prepared() -> Iterator[_Window | None]:
        first = 1
        for window in windows(lines):
            apart = _split(window, first) if split else _texts(tagger, window, first)
            yield _Window(first, window, apart) if window else None
            first += len(window)

    yield from _tagged(tagger, prepared(), scored, alternatives)


def tag_tokens(
    tagger: Tagger, sentences: Iterable[Sequence[str]], alternatives: int = 0
) -> Iterator[Tagged]:
    """Tags sentences of tokens, which are taken as they are; "" is none.

    Places are those in the tokens with a space between each two. The rest is as for `tag`.
    """

    def prepared() -> Iterator[_Window]:
        first = 1
        for window in windows(sentences):
            found = list[Tagged]()
            for number, tokens in enumerate(map(list, window), first):
                ends = [end - 1 for end in accumulate(len(token) + 1 for token in tokens)]
                starts = [end - len(token) for end, token in zip(ends, tokens, strict=True)]
                found.append(Tagged(tokens, [], [], number, starts, ends))
            yield _Window(first, [" ".join(sentence.tokens) for sentence in found], found)
            first += len(window)

    yield from _tagged(tagger, prepared(), True, alternatives)


def n_best(tagger: Tagger, rows: Sequence[list[Any]], n: int) -> list[list[Alternative]]:
    """The n most probable sequences of tags of each row of words, the best first; without entities.

    There are fewer where the constraints leave fewer.

    Raises:
        NoAlternatives: The tagger cannot give any.
    """
    if tagger.alternatives is None:
        raise NoAlternatives("this tagger gives no alternatives")
    lengths = [len(row) for row in rows]
    found: list[list[Alternative]] = [[] for _ in rows]
    for places in batches(lengths):
        result = tagger.alternatives(padded([rows[place] for place in places]), n)
        logs = result["log_probabilities"].numpy()
        probabilities = shortest(np.exp(logs))
        tags = strings(result["tags"].numpy())
        for row, place in enumerate(places):
            found[place] = [
                Alternative(tags[row][k][: lengths[place]], probabilities[row][k])
                for k in np.flatnonzero(np.isfinite(logs[row])).tolist()
            ]
    return found


def entities_of(
    tagger: Tagger, tags: list[str], starts: Sequence[int], ends: Sequence[int]
) -> list[tuple[str, int, int]]:
    """Type, start and end of the entities that tags spell; none if the tagger's spell none."""
    outside = not tagger.has_entities or tags.count("O") == len(tags)  # as most sentences are
    found = () if outside else spans(tags, "IOB2")
    return [(type, starts[first], ends[end - 1]) for type, first, end in found]


class _Window(NamedTuple):
    """What is tagged together.

    Attributes:
        first: The number of the first text.
        texts: The texts.
        sentences: Those of all texts, without tags; None if the tagger has to take texts apart.
    """

    first: int
    texts: list[str]
    sentences: list[Tagged] | None


def _tagged(
    tagger: Tagger, prepared: Iterable[_Window | None], scored: bool, alternatives: int
) -> Iterator[Tagged]:
    """The sentences of windows; the model is at work while the next is prepared.

    Args:
        tagger: The tagger.
        prepared: The windows, and None where the next has to be waited for.
        scored: Whether scores are wanted.
        alternatives: How many sequences of tags are wanted for each sentence.
    """

    def run(window: _Window) -> Any:
        if window.sentences is None:
            found = _of_saved_model(tagger, window.texts, window.first)
            tagged = [(sentence.tags, sentence.scores) for sentence in found]
        else:
            found = window.sentences
            tagged = _tagged_rows(tagger, [sentence.tokens for sentence in found], scored)
        others: Iterable[list[Alternative]] = repeat([])
        if alternatives:
            others = n_best(tagger, [sentence.tokens for sentence in found], alternatives)
        return window, zip(found, tagged, others, strict=False)

    for window, results in overlapped(run, prepared):
        for sentence, (tags, scores), found in results:
            tokens, _, _, line, starts, ends, *_ = sentence
            text = window.texts[line - window.first]
            entities, *of_others = [
                [
                    Entity(type, start, end, text[start:end])
                    for type, start, end in entities_of(tagger, these, starts, ends)
                ]
                for these in (tags, *(other.tags for other in found))
            ]
            shown = [other._replace(entities=e) for other, e in zip(found, of_others, strict=True)]
            yield Tagged(tokens, tags, scores, line, starts, ends, entities, shown)


def _split(lines: list[str], first: int) -> list[Tagged]:
    """The sentences of lines, one in each, without tags."""
    found = []
    for number, line in enumerate(lines, first):
        # Not str.split(), which would split at Unicode whitespace inside tokens.
        words = list(re.finditer("[^ \t]+", line))
        starts, ends = [word.start() for word in words], [word.end() for word in words]
        found.append(Tagged([word.group() for word in words], [], [], number, starts, ends))
    return found


def _tagged_rows(
    tagger: Tagger, rows: list[list[str]], scored: bool
) -> list[tuple[list[str], list[Any]]]:
    """The tags of each row of tokens, and their scores, if wanted."""
    function = tagger.tokens if scored or tagger.tags is None else tagger.tags
    lengths = [len(row) for row in rows]
    found: list[Any] = [None] * len(rows)
    for places in batches(lengths):
        result = function(padded([rows[n] for n in places]))
        tags = strings(result["tags"].numpy())
        scores = shortest(result["scores"].numpy()) if scored else [[]] * len(places)
        for n, of_tags, of_scores in zip(places, tags, scores, strict=True):
            found[n] = of_tags[: lengths[n]], of_scores[: lengths[n]]
    return found


def _texts(tagger: Tagger, lines: list[str], first: int) -> list[Tagged] | None:
    """The sentences of texts, without tags, an empty one if a text has none.

    None if the tagger takes texts apart only to tag them.
    """
    if tagger.words is None:
        return None
    try:
        result = tagger.words(tf.constant(lines, tf.string))
    except Differs:
        return None
    found = {name: values.numpy().tolist() for name, values in result.items()}
    words = [word.decode() for word in found["tokens"]]
    places = pairwise(accumulate(found["lengths"], initial=0))
    return [
        Tagged(
            words[start:end], [], [], number, found["starts"][start:end], found["ends"][start:end]
        )
        for number, count in enumerate(found["sentences"], first)
        for start, end in (islice(places, count) if count else [(0, 0)])
    ]


def _of_saved_model(tagger: Tagger, lines: list[str], first: int) -> list[Tagged]:
    """The sentences of texts as the tagger takes them apart, with tags and scores."""
    found = list[Tagged]()
    result = {key: value.numpy() for key, value in tagger.text(tf.constant(lines)).items()}
    for n, length in enumerate(result["lengths"]):
        row = {key: result[key][n][:length] for key in ("tokens", "tags", "starts", "ends")}
        scores = shortest(result["scores"][n][:length])
        new = np.flatnonzero(np.diff(result["sentences"][n][:length])) + 1
        found += [
            Tagged(
                [word.decode() for word in row["tokens"][start:end]],
                [name.decode() for name in row["tags"][start:end]],
                scores[start:end],
                first + n,
                row["starts"][start:end].tolist(),
                row["ends"][start:end].tolist(),
            )
            for start, end in pairwise([0, *new.tolist(), length])
        ]
    return found


def strings(values: np.ndarray) -> list[Any]:
    """Nested lists of the strings, of which there are few different ones."""
    known = {value: value.decode() for value in set(values.ravel().tolist())}
    flat = [known[value] for value in values.ravel().tolist()]
    return np.array(flat, object).reshape(values.shape).tolist()


def shortest(values: np.ndarray) -> list[Any]:
    """Nested lists of the shortest digits that name the same float32, not those of its double.

    Values are probabilities.
    """
    if values.size < FEW:
        few: list[Any] = np.reshape([float(str(v)) for v in values.flat], values.shape).tolist()
        return few
    found = values.astype("float64")
    wrong = np.flatnonzero(found)
    for digits in (6, 7, 8, 9):  # fewer are no shorter, as zeros at the end are not written
        exact = values.flat[wrong].astype("float64")
        # Whole numbers and powers of ten are exact here, so that their quotient is the decimal's.
        scale = 10.0 ** np.minimum(digits - 1 - np.floor(np.log10(exact)), 22)
        found.flat[wrong] = np.rint(exact * scale) / scale
        wrong = wrong[found.flat[wrong].astype("float32") != values.flat[wrong]]
    for place in wrong:  # too small for that
        found.flat[place] = float(str(values.flat[place]))
    return found.tolist()
