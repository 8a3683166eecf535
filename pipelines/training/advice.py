"""What to try when training diverges or finds nothing: the line that the user gets."""

from collections.abc import Iterable
from typing import Any

from ..config.schema import Training
from ..text.chunking import spans
from ..text.sentences import Sentence

NAMED = 3  # sentences of the batch in which training diverged
FEW = 100  # entities to learn from


def divergence(what: str, sentences: list[Sentence], training: Training, updated: bool) -> str:
    """What is not finite, the first sentences of the batch, and what to try.

    Args:
        what: Such as "the loss is nan".
        sentences: The batch.
        training: What the experiment says.
        updated: Whether weights have been changed before this batch.
    """
    places = ", ".join(s.where for s in sentences[:NAMED])
    more = f" and {len(sentences) - NAMED} more" if len(sentences) > NAMED else ""
    return f"{what} (sentences {places}{more}): {remedy(training, updated)}"


def remedy(training: Training, updated: bool = True) -> str:
    """What may keep numbers finite."""
    ways = [f"lower training.learning_rate (now {training.learning_rate:g})"] if updated else []
    if training.precision != "float32":
        ways.append('set training.precision = "float32"')
    if not updated:
        ways.append("look for very large numbers in vectors.files, or try another model.cell")
    before = "" if updated else "no weight had been updated, so it is not the learning rate: "
    return f"{before}{', or '.join(ways)}"


def nothing_found(sentences: dict[str, list[Sentence]], scheme: str, training: Training) -> str:
    """Why the F1 on dev may be 0 at the end of training, and what to try.

    Args:
        sentences: Those of train and dev.
        scheme: The scheme of their tags.
        training: What the experiment says.
    """
    learned, wanted = (_entities(sentences[split], scheme) for split in ("train", "dev"))
    if not wanted:
        return "dev has no entity, so that its F1 is always 0: give a dev set that has some"
    ways = [
        f"more training.epochs (now {training.epochs})",
        f"another training.learning_rate (now {training.learning_rate:g})",
    ]
    if learned < FEW:
        ways.append("more sentences")
    return (
        f"no entity of dev was found; training had {learned:,} entities in "
        f"{len(sentences['train']):,} sentences. Try {', '.join(ways)}; `lstm-variants data check` "
        "shows how words and tags were read"
    )


def _entities(sentences: Iterable[Sentence], scheme: str) -> int:
    found: list[Any] = [span for s in sentences for span in spans(s.tags, scheme)]
    return len(found)
