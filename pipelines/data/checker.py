"""Checking labelled sentences, split by split and against each other, before training."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import Any, Literal, NamedTuple

from ..text.chunking import belongs, detect, spans, violations
from ..text.sentences import Fault, How, Reading, Sentence, folded, place
from ..text.spelling import ONE_BY_ONE, SPELLING, meaning

LONG = 10  # tokens of a sentence that is hardly written twice by chance
ENDLESS = 500  # tokens of what is hardly one sentence
ALONE = 150  # tokens of what is hardly the only sentence of a file
BEGINNING = 25  # words shown of the first sentence


class Split(NamedTuple):
    """What a split holds.

    Attributes:
        how: How it was read.
        sentences: How many it has.
        tokens: How many it has.
        entities: How many of each type; how many of each tag if the tags spell no entities.
        longest: The length of the longest sentence, in tokens.
        words: The number of distinct tokens.
        new_words: How many tokens are of words that the split to learn from lacks.
        new_characters: How many tokens have a character that it lacks.
        beginning: The first words and their tags, as they were read.
    """

    how: How
    sentences: int
    tokens: int
    entities: dict[str, int]
    longest: int
    words: int
    new_words: int
    new_characters: int
    beginning: list[tuple[str, str]]


class Report(NamedTuple):
    """What a check found.

    Attributes:
        splits: What each split holds.
        scheme: The scheme of the tags; None for tags that spell no entities.
        faults: Everything wrong, in the order of the splits.
    """

    splits: dict[str, Split]
    scheme: str | None
    faults: list[Fault]

    @property
    def has_errors(self) -> bool:
        """Whether anything has to be repaired before training."""
        return any(fault.severity == "error" for fault in self.faults)


def check(readings: Mapping[str, Reading]) -> Report:
    """Checks splits, each for itself and against the others.

    Args:
        readings: The splits by name. The one called "train", or else the first, is the one that
            a model would learn from.
    """
    scheme = _scheme(readings)
    kinds = {name: _kinds(reading.sentences, scheme) for name, reading in readings.items()}
    train = "train" if "train" in readings else next(iter(readings), "")
    faults: list[Fault] = []
    for name, reading in readings.items():
        # Tags that were refused altogether have no faults one by one.
        refused = any(fault.cause == SPELLING for fault in reading.faults)
        of_all = reading.scheme is not None or len(readings) == 1
        own = scheme if of_all else detect(s.tags for s in reading.sentences)
        found = [] if refused else _tag_faults(reading, own, scheme, kinds[name].total())
        faults += folded([*reading.faults, *found])
        faults += _unseen_tags(reading.sentences, readings[train].sentences, train)
        faults += _endless(reading.sentences)
    faults += _tagged_twice([s for reading in readings.values() for s in reading.sentences])
    for reading in readings.values():
        faults += _repeated_within(reading.sentences)
        faults += _repeated_documents(reading.sentences)
    for earlier, later in combinations(readings, 2):
        faults += _repeated(readings[later].sentences, readings[earlier].sentences, earlier)
    words = {token for s in readings[train].sentences for token in s.tokens} if readings else set()
    splits = {name: _split(reading, kinds[name], words) for name, reading in readings.items()}
    return Report(splits, scheme, faults)


def _scheme(readings: Mapping[str, Reading]) -> str | None:
    """The scheme of all splits together: the one that was asked for, or else found."""
    asked = next((reading.scheme for reading in readings.values() if reading.scheme), None)
    if asked is None:
        return detect(s.tags for reading in readings.values() for s in reading.sentences)
    return None if asked == ONE_BY_ONE else asked


def as_dict(report: Report) -> dict[str, Any]:
    """The report as plain values, for JSON."""
    return {
        "scheme": report.scheme,
        "has_errors": report.has_errors,
        "splits": {
            name: {**split._asdict(), "how": split.how._asdict()}
            for name, split in report.splits.items()
        },
        "faults": [fault._asdict() for fault in report.faults],
    }


def _split(reading: Reading, kinds: Counter[str], learned: set[str]) -> Split:
    characters = set().union(*learned)
    # By word, of which there are far fewer than tokens.
    words = Counter(chain.from_iterable(sentence.tokens for sentence in reading.sentences))
    return Split(
        how=reading.how,
        sentences=len(reading.sentences),
        tokens=words.total(),
        entities=dict(kinds.most_common()),
        longest=max((len(sentence.tokens) for sentence in reading.sentences), default=0),
        words=len(words),
        new_words=sum(n for word, n in words.items() if word not in learned),
        new_characters=sum(n for word, n in words.items() if not characters.issuperset(word)),
        beginning=[
            pair
            for sentence in reading.sentences[:1]
            for pair in zip(sentence.tokens[:BEGINNING], sentence.tags, strict=False)
        ],
    )


def _kinds(sentences: list[Sentence], scheme: str | None) -> Counter[str]:
    """How many entities of each type there are; how many of each tag without a scheme."""
    if scheme is None:
        return Counter(chain.from_iterable(sentence.tags for sentence in sentences))
    return Counter(span.type for sentence in sentences for span in spans(sentence.tags, scheme))


def _tag_faults(
    reading: Reading, own: str | None, scheme: str | None, entities: int
) -> Iterator[Fault]:
    """Tags of a split that break the rules of the scheme that the splits together are in.

    Args:
        reading: The split.
        own: The scheme that it is in by itself.
        scheme: That of all splits.
        entities: How many it has.
    """
    sentences = reading.sentences
    if not sentences or (own is None and scheme is None):
        return
    if own is None or scheme is None:
        kinds = ["part-of-speech tags or similar" if s is None else s for s in (own, scheme)]
        message = f"the tags look like {kinds[0]} here but like {kinds[1]} in all splits together"
        yield Fault(sentences[0].where, f"{message}; set the right tag column", "error")
        return
    invalid = [(s, i, message) for s in sentences for i, message in violations(s.tags, scheme)]
    if own != scheme and len(invalid) > entities / 2:  # not slips: all of it is another scheme
        message = f"the tags look like {own} here but like {scheme} in all splits together"
        yield Fault(place(*invalid[0][:2]), f"{message}; convert one of them", "error")
        return
    for sentence, index, message in invalid:
        tag, token = sentence.tags[index], sentence.tokens[index]
        severity: Literal["error", "warning"] = "warning" if belongs(tag, scheme) else "error"
        meant = f"; {hint}" if severity == "error" and (hint := meaning(tag)) else ""
        where = place(sentence, index)
        yield Fault(where, f"{message} (at {token!r}){meant}", severity, message)
    if not entities:
        yield Fault(sentences[0].where, "no entity from here to the end of the split", "warning")


def _unseen_tags(sentences: list[Sentence], learned: list[Sentence], train: str) -> Iterator[Fault]:
    """Tags that the split to learn from lacks, where each is first."""
    seen = {tag for sentence in learned for tag in sentence.tags}
    counts = Counter(chain.from_iterable(sentence.tags for sentence in sentences))
    if counts.keys() <= seen:
        return
    for sentence in sentences:
        for index, tag in enumerate(sentence.tags):
            if tag not in seen:
                seen.add(tag)
                message = (
                    f"{tag} is not in {train}, so it cannot be learned; from here on it occurs"
                )
                yield Fault(place(sentence, index), f"{message} {counts[tag]} times", "warning")


def _endless(sentences: list[Sentence]) -> Iterator[Fault]:
    """A warning at the first sentence that is too long to be one."""
    most = ALONE if len(sentences) == 1 else ENDLESS
    endless = [sentence for sentence in sentences if len(sentence.tokens) > most]
    if endless:
        length = len(endless[0].tokens)
        if len(sentences) == 1:
            message = f"all {length:,} tokens are one sentence"
        else:
            message = f"a sentence of {length:,} tokens, one of {len(endless)} over {ENDLESS}"
        advice = "put an empty line after each sentence, if it is not one"
        yield Fault(endless[0].where, f"{message}; {advice}", "warning")


def _repeated_documents(sentences: list[Sentence]) -> Iterator[Fault]:
    """A warning at the first document that the split has had before."""
    documents: dict[int, list[Sentence]] = {}
    for sentence in sentences:
        documents.setdefault(sentence.document, []).append(sentence)
    seen: dict[tuple[tuple[str, ...], ...], str] = {}
    repeated = []
    for document in documents.values():
        where = seen.setdefault(tuple(tuple(s.tokens) for s in document), document[0].where)
        if where != document[0].where and sum(len(s.tokens) for s in document) >= LONG:
            repeated.append((document[0].where, where))
    if repeated:
        message = f"this document is in the split already, at {repeated[0][1]}"
        count = f"{len(repeated)} of {len(documents)} documents are"
        yield Fault(repeated[0][0], f"{message}; {count}", "warning")


def _repeated(sentences: list[Sentence], others: list[Sentence], name: str) -> Iterator[Fault]:
    """A warning at the first sentence that another split has, too."""
    where = {tuple(sentence.tokens): sentence.where for sentence in reversed(others)}
    repeated = [sentence for sentence in sentences if tuple(sentence.tokens) in where]
    if repeated:
        first = repeated[0]
        message = f"this sentence is in {name}, too, at {where[tuple(first.tokens)]}"
        count = f"{len(repeated)} of {len(sentences)} are, which inflates the scores"
        yield Fault(first.where, f"{message}; {count}", "warning")


def _repeated_within(sentences: list[Sentence]) -> Iterator[Fault]:
    """A warning at the first long sentence that the split has had before; short ones recur."""
    seen: dict[tuple[str, ...], str] = {}
    repeated = []
    for sentence in sentences:
        if len(sentence.tokens) >= LONG:
            where = seen.setdefault(tuple(sentence.tokens), sentence.where)
            if where != sentence.where:
                repeated.append((sentence.where, where))
    if repeated:
        message = f"this sentence is in the split already, at {repeated[0][1]}; {len(repeated)}"
        count = f"{message} sentences of {LONG} tokens or more are"
        yield Fault(repeated[0][0], count, "warning")


def _tagged_twice(sentences: list[Sentence]) -> Iterator[Fault]:
    """A warning at the first sentence that has other tags where it stands again."""
    seen: dict[tuple[str, ...], Sentence] = {}
    different = []
    for sentence in sentences:
        first = seen.setdefault(tuple(sentence.tokens), sentence)
        pairs = enumerate(zip(first.tags, sentence.tags, strict=True))
        index = next((n for n, (one, other) in pairs if one != other), None)
        if index is not None:
            different.append((first, sentence, index))
    if different:
        first, sentence, index = different[0]
        message = (
            f"{sentence.tokens[index]!r} is {sentence.tags[index]} here and {first.tags[index]} in "
            f"the same sentence at {place(first, index)}; {len(different)} sentences are tagged in "
            "two ways"
        )
        yield Fault(place(sentence, index), message, "warning")
