"""The model card: README.md with the metadata that Hugging Face's hub reads."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .manifest import MEASURES, direction

CARD = "README.md"
LIBRARY = "keras-lstm-variants"
USES = {
    "saved_model": """\
    lstm-variants tag . "Angela Merkel met Barack Obama in Berlin."
    lstm-variants serve .                             # a page at http://127.0.0.1:8501
    tensorflow_model_server --rest_api_port=8501 --port=8500 --model_name=tagger \\
        --model_base_path=/PATH/TO/THE/FOLDER/ABOVE \\
        --enable_batching --batching_parameters_file=batching_params.pbtxt
    python client.py "Angela Merkel met Barack Obama in Berlin."

`text` takes texts and splits them into sentences and words; `serving_default` takes words, padded
with "". TensorFlow Serving warms up with the requests in assets.extra.
""",
    **dict.fromkeys(
        ("onnx", "litert"),
        """\
    python client.py "Angela Merkel met Barack Obama in Berlin ."

The model takes the ids of words and characters; README.txt and the files beside it say what they
stand for, and client.py makes them.
""",
    ),
}


def card(manifest: Mapping[str, Any]) -> str:
    """The card of an export, from its manifest.

    The head is YAML in which every value is written as JSON, which is YAML as well.
    """
    name, model = manifest["name"], manifest["model"]
    entities = "entities" if manifest["scheme"] else "words"
    head = "\n".join(_head(manifest))
    labels = ", ".join(map(_code, manifest["labels"]))
    scheme = f" in {manifest['scheme']}" if manifest["scheme"] else ""
    layers = f"{model['layers']} {direction(model)} layer{'s' * (model['layers'] != 1)}"
    each = " in each direction" if direction(model) == "bidirectional" else ""
    decoder, versions = _DECODERS[model["decoder"]], _versions(manifest["versions"])
    license = manifest["license"] or "not stated: ask whoever trained the model"
    return f"""\
---
{head}
---

# {_text(name)}

A sequence tagger that marks {entities} in text: {layers} of {model["units"]} `{model["cell"]}`
units{each}, decoded by {decoder}; {manifest["parameters"]:,} weights.

Labels{scheme}: {labels}

License: {_text(license)}

## Scores

{_scores(manifest["scores"])}

## Training data

{_data(manifest["data"], manifest["started_from"])}

## Use

{USES[manifest["format"]]}
## Limits

The scores are those of the splits above, and of no other kind of text. A probability is that of a
word's own tag; that of a whole entity is no greater.

Trained with {versions}; exported at {manifest["created"]}.

`manifest.json` says the same to programs, with checksums.
"""


_DECODERS = {"crf": "a conditional random field", "softmax": "a softmax over the tags of each word"}


def _head(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield f"library_name: {LIBRARY}"
    yield f"license: {_json(manifest['license'] or 'unknown')}"
    yield f"pipeline_tag: {manifest['task']}"
    tags = dict.fromkeys([manifest["cell"], "lstm", "sequence-tagging", manifest["format"]])
    yield f"tags: {_json(list(tags))}"
    if manifest["data_set"]:
        yield f"datasets: {_json([manifest['data_set']])}"
    yield "model-index:"
    yield f"- name: {_json(manifest['name'])}"
    yield "  results:"
    for split, scores in manifest["scores"].items():
        data = manifest["data_set"] or manifest["data"].get(split, {}).get("file", split)
        yield "  - task:"
        yield f"      type: {manifest['task']}"
        yield "    dataset:"
        yield f"      name: {_json(data)}"
        yield f"      type: {_json(manifest['data_set'] or 'custom')}"
        yield f"      split: {split}"
        yield "    metrics:"
        for name in MEASURES:
            if name in scores:
                yield f"    - type: {name}"
                yield f"      value: {scores[name]:.6f}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(value: str) -> str:
    """A name in Markdown, whatever is in it."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|&" else c for c in " ".join(value.split()))


def _code(value: str) -> str:
    """A label as code in Markdown, whatever is in it."""
    fence = "`" * (1 + max(map(len, re.findall("`+", value)), default=0))
    blank = " " if value[:1] in ("`", "") or value[-1:] == "`" else ""
    return f"{fence}{blank}{value}{blank}{fence}"


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> str:
    levels = [found["intervals"]["level"] for found in scores.values() if "intervals" in found]
    interval = f"{levels[0]:.0%} CI" if levels else "CI"
    lines = [f"| split | measure | score | {interval} | sentences |", "|---|---|---:|---|---:|"]
    for split, found in scores.items():
        for name, shown in MEASURES.items():
            if name in found:
                low, high = found.get("intervals", {}).get(name, (None, None))
                between = "" if low is None else f"{100 * low:.2f}–{100 * high:.2f}"
                count = f"{found['sentences']:,}" if "sentences" in found else ""
                row = (split, shown, f"{100 * found[name]:.2f}", between, count)
                lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _data(data: Mapping[str, Mapping[str, Any]], started_from: str) -> str:
    lines = ["| split | file | sentences | tokens | SHA-256 |", "|---|---|---:|---:|---|"]
    for split, found in data.items():
        counts = [f"{found[key]:,}" if key in found else "" for key in ("sentences", "tokens")]
        checksum = f"`{found['sha256'][:16]}…`" if "sha256" in found else ""
        row = (split, _text(found.get("file", "")), *counts, checksum)
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join([*lines, *(["", _text(started_from)] if started_from else [])])


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
