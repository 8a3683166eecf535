"""Manifests of Amazon SageMaker Ground Truth: a source text, and the entities that a job found."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...text.sentences import Reading
from ..options import Options
from ..source import Source
from .json_records import field, is_document, label_of, most, read_texts, shown
from .labelled_text import Label, Text

NAME = "SageMaker Ground Truth manifest"


def recognises(source: Source) -> bool:
    return most(source, lambda r: bool({"source", "source-ref"} & {*r}) and bool(_jobs(r)))


def _jobs(record: dict[str, Any]) -> list[str]:
    """The keys of jobs that labelled entities."""
    return [
        key
        for key, value in record.items()
        if isinstance(value, dict)
        and isinstance(value.get("annotations"), dict)
        and "entities" in value["annotations"]
    ]


def read(source: Source, options: Options) -> Reading:
    def texts(record: Any, where: str, skipped: Counter[str]) -> Iterator[Text]:
        if isinstance(record, dict) and "source-ref" in record and "source" not in record:
            raise ValueError("its text is elsewhere, at 'source-ref'; write it in as 'source'")
        text = field(record, "source", str)
        jobs = _jobs(record)
        if options.tag_column is not None:
            jobs = [key for key in jobs if key == options.tag_column]
        if len(jobs) != 1:
            raise ValueError(
                f"{len(jobs)} jobs labelled entities: {shown(jobs)}; name one as the tag column"
                if jobs
                else f"no job labelled entities among the keys {shown([*record])}"
            )
        entities = field(record[jobs[0]]["annotations"], "entities", list, "the job")
        yield Text(text, list(map(_label, entities)), where, is_document(text))

    return read_texts(source, options, NAME, texts)


def _label(entity: Any) -> Label:
    type = field(entity, "label", str, "an entity")
    start, end = (field(entity, key, object, "an entity") for key in ("startOffset", "endOffset"))
    return label_of(type, start, end)
