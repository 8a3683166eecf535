"""A tagger in memory, and what it gives. TensorFlow is imported when it is called."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from .errors import InputError

MOST_ALTERNATIVES = 100  # of a sentence

if TYPE_CHECKING:
    from .serving import tagging


class Word(NamedTuple):
    """A word, its place in the text as `text[start:end]`, and its tag.

    Attributes:
        text: The word.
        start: Where it begins, in code points.
        end: The place after it.
        tag: Its tag.
        confidence: The probability of the tag, from 0 to 1.
        sentence: The number of its sentence in the text, from 0.
    """

    text: str
    start: int
    end: int
    tag: str
    confidence: float
    sentence: int


class Entity(NamedTuple):
    """An entity and its place in the text, as `text[start:end]`.

    Attributes:
        text: The entity as it is written.
        start: Where it begins, in code points.
        end: The place after it.
        type: Its type.
        confidence: The smallest probability among the tags of its words, from 0 to 1. The
            probability of the entity as a whole is no greater.
    """

    text: str
    start: int
    end: int
    type: str
    confidence: float


class Span(NamedTuple):
    """An entity of an alternative and its place in the text, as `text[start:end]`.

    Attributes:
        text: The entity as it is written.
        start: Where it begins, in code points.
        end: The place after it.
        type: Its type.
    """

    text: str
    start: int
    end: int
    type: str


class Alternative(NamedTuple):
    """A sequence of tags that a sentence may have.

    Attributes:
        tags: A tag for each word of the sentence.
        entities: The entities that the tags spell.
        probability: That of the sequence as a whole, from 0 to 1; among those that keep to the tag
            scheme, if the tagger has to.
    """

    tags: list[str]
    entities: list[Span]
    probability: float


class Tagged(NamedTuple):
    """A tagged text.

    Attributes:
        text: The text; of a list of tokens, the tokens with spaces between them.
        words: Its words, with a tag each.
        entities: The entities that the tags spell; none if the tags are of another kind.
        alternatives: For each sentence its most probable sequences of tags, the best first; no
            sentence if none were asked for.
    """

    text: str
    words: list[Word]
    entities: list[Entity]
    alternatives: list[list[Alternative]]


class Tagger:
    """Tags texts; `load` makes one."""

    def __init__(self, model: "tagging.Tagger") -> None:
        self._model = model

    @overload
    def __call__(self, texts: str, *, alternatives: int = 0) -> Tagged: ...
    @overload
    def __call__(
        self,
        texts: list[str] | tuple[str, ...] | Sequence[list[str]] | Sequence[tuple[str, ...]],
        *,
        alternatives: int = 0,
    ) -> list[Tagged]: ...
    def __call__(self, texts: Any, *, alternatives: int = 0) -> Tagged | list[Tagged]:
        """Tags a text, texts, or sentences that are split into tokens already.

        Args:
            texts: A text of any number of sentences; a list of such texts; or a list of sentences,
                each a list of tokens, which are taken as they are. One sentence of tokens is
                `[tokens]`, as a list of str is a list of texts.
            alternatives: How many sequences of tags are wanted for each sentence, at most 100; it
                gets fewer if the tag scheme leaves fewer.

        Returns:
            What was found in the text; a list of it, in the same order, for a list.

        Raises:
            InputError: It is none of these, a token is empty, or a str has an unpaired surrogate;
                the scores of the tagger are not finite; or it is an export that has no
                alternatives.
        """
        whole = isinstance(alternatives, Integral) and not isinstance(alternatives, bool)
        if not whole or not 0 <= alternatives <= MOST_ALTERNATIVES:
            raise InputError(
                f"alternatives: expected a whole number from 0 to {MOST_ALTERNATIVES} "
                f"(got {alternatives!r:.40})"
            )
        if isinstance(texts, str):
            return self._texts([texts], int(alternatives))[0]
        rows = _items(texts, "texts", "a text, a list of texts, or a list of lists of tokens")
        split = [not isinstance(row, str) for row in rows]
        if not any(split):
            return self._texts(rows, int(alternatives))
        if not all(split):
            raise InputError(
                f"texts: item {split.index(False)} is a str among lists of tokens: give texts "
                "only, or lists of tokens only"
            )
        return self._tokens(
            [_items(row, f"texts: item {n}", "a list of tokens") for n, row in enumerate(rows)],
            int(alternatives),
        )

    def _texts(self, texts: list[str], alternatives: int) -> list[Tagged]:
        from .serving import tagging

        for n, text in enumerate(texts):
            _check_characters(text, f"text {n}")
        found: list[Tagged] = [Tagged(text, [], [], []) for text in texts]
        sentences = [0] * len(texts)
        for tagged in tagging.tag(self._model, texts, alternatives=alternatives):
            n = tagged.line - 1
            _add(found[n], tagged, sentences[n])
            sentences[n] += 1
        return found

    def _tokens(self, rows: list[list[Any]], alternatives: int) -> list[Tagged]:
        from .serving import tagging

        for n, row in enumerate(rows):
            for place, token in enumerate(row):
                where = f"sentence {n}, token {place}"
                if not isinstance(token, str):
                    raise InputError(f"{where}: expected a str (got {token!r:.40})")
                if not token:
                    raise InputError(f"{where}: is empty: leave it out")
                _check_characters(token, where)
        found, sentences = [], tagging.tag_tokens(self._model, rows, alternatives)
        for row, tagged in zip(rows, sentences, strict=True):
            found.append(Tagged(" ".join(row), [], [], []))
            _add(found[-1], tagged, 0)
        return found


def _items(value: Any, where: str, expected: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping | set) or not isinstance(value, Iterable):
        raise InputError(f"{where}: expected {expected} (got {value!r:.40})")
    return list(value)


def _check_characters(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: an unpaired surrogate is not a character") from None


def _add(found: Tagged, sentence: "tagging.Tagged", number: int) -> None:
    """Adds the words and entities of a sentence to those of its text."""
    columns = (sentence.tokens, sentence.starts, sentence.ends, sentence.tags, sentence.scores)
    words = [Word(*values, number) for values in zip(*columns, strict=True)]
    found.words.extend(words)
    for type, start, end, _ in sentence.entities:
        inside = [word.confidence for word in words if start <= word.start and word.end <= end]
        found.entities.append(Entity(found.text[start:end], start, end, type, min(inside)))
    if sentence.alternatives:
        found.alternatives.append(
            [
                Alternative(
                    other.tags,
                    [Span(text, start, end, type) for type, start, end, text in other.entities],
                    other.probability,
                )
                for other in sentence.alternatives
            ]
        )
