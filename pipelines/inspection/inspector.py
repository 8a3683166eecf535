"""What a run's recurrent layers do while they read sentences, as pictures and as numbers."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

import keras_lstm_variants as library
from keras_lstm_variants.probing import CLOSED, OPEN, Saturation, similar_together
from keras_lstm_variants.recording import state_names

from ..errors import InputError
from ..figures import drawn_with
from ..quiet import followed
from ..serving.exporter import load
from ..serving.taggers import Tagger
from ..serving.tagging import Tagged, tag
from ..tagger.signatures import Signatures
from . import pictures, words
from .page import page

INDEX, SATURATION = "index.html", "saturation.tsv"

Place = tuple[str, str, str]  # layer, direction, cell
Saturated = dict[Place, dict[str, Saturation]]  # gate -> how often its units are closed and open


class Reading(NamedTuple):
    """One direction of one layer, reading one sentence.

    Attributes:
        layer: The layer's name in the model.
        direction: "forward" or "backward".
        cell: The layer's class.
        letters: What `record` gives, of shape (steps, width).
        sensitivity: What `sensitivity` gives, of shape (steps, steps).
        shown: The names of the letters that are drawn: gates first, the output last.
    """

    layer: str
    direction: str
    cell: str
    letters: dict[str, np.ndarray]
    sensitivity: np.ndarray
    shown: list[str]


class Seen(NamedTuple):
    """A sentence, or any other sequence, and what the layers did while they read it.

    Attributes:
        tokens: What stands at each step.
        tags: The tag of each; "O" for none.
        readings: Of every direction of every layer.
    """

    tokens: list[str]
    tags: list[str]
    readings: list[Reading]


def inspect(run: Path, lines: Iterable[str], out: Path, split: bool = False) -> list[str]:
    """Writes pictures, numbers and a page with all of them.

    Args:
        run: The run folder.
        lines: Sentences; empty ones are left out.
        out: The folder to make. It appears whole or not at all.
        split: The words are separated by whitespace; take them as they are.

    Returns:
        The characters that no installed font has.

    Raises:
        InputError: The run is not finished or has no recurrent layer, the lines have no word, or
            the folder exists or cannot be written.
    """
    if out.exists():
        raise InputError(f"{out}: exists: give another folder with --out")
    signatures = load(run)
    tagger = Tagger(signatures.tokens, signatures.text)
    sentences = [sentence for sentence in tag(tagger, lines, split) if sentence.tokens]
    if not sentences:
        raise InputError("the text has no words to read")
    seen = []
    for sentence in followed(sentences, "reading"):
        readings = list(read(signatures, sentence))
        if not readings:
            raise InputError(f"{run}: its model has no recurrent layer over the words")
        seen.append(Seen(sentence.tokens, sentence.tags, readings))
    with whole(out) as part:
        return write(part, f"Inside {run.resolve().name}", seen)


@contextmanager
def whole(out: Path) -> Iterator[Path]:
    """A folder to write to that becomes `out` only when everything has been written.

    Raises:
        InputError: It cannot be written.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        part.rename(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write(
    folder: Path,
    title: str,
    seen: list[Seen],
    nouns: tuple[str, str] = ("sentence", "words"),
    compared: Iterable[Any] = (),
    drawn: int | None = None,
) -> list[str]:
    """Pictures and numbers of everything that was seen, and the page.

    Args:
        folder: Where to.
        title: Of the page.
        seen: What was read.
        nouns: What one of them is called, and its steps.
        compared: Further figures, by their titles, for the beginning of the page.
        drawn: Of how many there are pictures; of the others only how gates saturate. None for all.

    Returns:
        The characters that no installed font has.
    """
    fonts, missing = pictures.fonts(
        sorted({c for one in seen for token in one.tokens for c in token})
    )
    scalable = bool(missing)
    letters = _together(seen)
    saturated = {place: saturation(values) for place, values in letters.items()}
    orders = {place: similar_together(np.concatenate([*values.values()][-1]))
              for place, values in letters.items()}  # fmt: skip
    sections = []
    with drawn_with(fonts):
        first = [
            pictures.save(figure, folder / f"compared-{n}", name, scalable)
            for n, (name, figure) in enumerate(compared, 1)
        ]
        for n, one in enumerate(followed(seen[:drawn], "drawing"), 1):
            name = f"{nouns[0]}-{n:0{len(str(len(seen[:drawn])))}}"
            _write_numbers(folder / f"{name}.npz", one)
            sections.append((one, _draw(folder, name, one, orders, scalable)))
        first += _draw_saturation(folder, saturated, scalable)
    _write_saturation(folder / SATURATION, saturated)
    named = {f"{_named(layer)} {d}": gates for (layer, d, _), gates in saturated.items() if gates}
    cells = ", ".join(dict.fromkeys(cell for _, _, cell in saturated))
    of_words = _of_words(seen) if nouns[1] == "words" else None
    text = page(title, {"cell": cells}, first, sections, named, (CLOSED, OPEN), nouns, of_words)
    (folder / INDEX).write_text(text, "utf-8")
    return missing


def _of_words(seen: list[Seen]) -> words.Words:
    """What the outputs of all layers say of words."""
    outputs: dict[str, list[np.ndarray]] = {}
    for one in seen:
        for reading in one.readings:
            where = f"{_named(reading.layer)} {reading.direction}"
            outputs.setdefault(where, []).append(reading.letters["output"])
    return words.look([one.tokens for one in seen], [one.tags for one in seen], outputs)


def _together(seen: list[Seen]) -> dict[Place, dict[str, list[np.ndarray]]]:
    """The letters that are drawn, of all that was read."""
    found: dict[Place, dict[str, list[np.ndarray]]] = {}
    for reading in (reading for one in seen for reading in one.readings):
        letters = found.setdefault((reading.layer, reading.direction, reading.cell), {})
        for name in reading.shown:
            letters.setdefault(name, []).append(reading.letters[name])
    return found


def _named(layer: str) -> str:
    """A layer's name for people: "layer 1" for "bidirectional_1"."""
    stem, _, number = layer.rpartition("_")
    return f"layer {number}" if stem and number.isdecimal() else layer


def read(signatures: Signatures, sentence: Tagged) -> Iterator[Reading]:
    """Every direction of every recurrent layer of the model that reads the words of a sentence."""
    ids = signatures.encoder.arrays(tf.constant([sentence.tokens]))
    for reading in library.readings(signatures.model, ids):
        if reading.sequences.shape[:2] == (1, len(sentence.tokens)):  # others read characters
            yield from directions(reading, 0)


def directions(reading: library.Reading, n: int, reach: bool = True) -> Iterator[Reading]:
    """Every direction of a layer, reading the sequence of this number; maybe without sensitivities.

    These take as long as all the rest many times over.
    """
    only = slice(n, n + 1)
    one = reading._replace(
        sequences=reading.sequences[only],
        mask=None if reading.mask is None else reading.mask[only],
        initial_state=reading.initial_state and [state[only] for state in reading.initial_state],
    )
    layer, recorded = one.layer, one.record()
    sizes = one.sensitivity() if reach else None
    if isinstance(layer, keras.layers.Bidirectional):
        parts = {"forward": layer.forward_layer, "backward": layer.backward_layer}
    else:
        direction = "backward" if layer.go_backwards else "forward"
        parts = {direction: layer}
        recorded, sizes = {direction: recorded}, sizes if sizes is None else {direction: sizes}
    for direction, part in parts.items():
        letters = {name: values[0] for name, values in recorded[direction].items()}
        yield Reading(
            reading.name,
            direction,
            type(part).__name__,
            letters,
            np.zeros((0, 0)) if sizes is None else sizes[direction][0],
            _in_order(part, letters),
        )


def _in_order(layer: Any, letters: Iterable[str]) -> list[str]:
    """The letters of a layer without its net inputs: its gates first, its output last."""
    first, *states = state_names(layer)
    plain = [name for name in letters if name != "output" and not name.startswith("net_")]
    gates = [name for name in getattr(layer.cell, "gates", ()) if name in plain]
    others = [name for name in plain if name not in states]
    return [*(n for n in dict.fromkeys([*gates, *others, *states]) if n != first), first]


def saturation(letters: dict[str, list[np.ndarray]]) -> dict[str, Saturation]:
    """For every gate, how often each unit is closed, and open.

    A gate is a letter that stays between zero and one, other than the candidate z and the output.
    """
    *gates, _ = letters  # the output is the last
    found = {}
    for name in gates:
        values = np.concatenate(letters[name])
        real = values[np.isfinite(values).all(axis=1)]
        if name != "z" and real.size and real.min() >= 0 and real.max() <= 1:
            found[name] = library.saturation(real)
    return found


def _draw(
    folder: Path, name: str, seen: Seen, orders: dict[Place, np.ndarray], scalable: bool
) -> list[pictures.Picture]:
    """The pictures of one sentence, layer by layer; units that do alike stand together."""
    readings = seen.readings
    labels = [
        word if tag_ == "O" else f"{word} {tag_}"
        for word, tag_ in zip(seen.tokens, seen.tags, strict=True)
    ]
    drawn = []
    for layer in dict.fromkeys(reading.layer for reading in readings):
        directions = [reading for reading in readings if reading.layer == layer]
        for reading in directions:
            title = f"{_named(layer)} {reading.direction}: {reading.cell}"
            letters = {letter: reading.letters[letter] for letter in reading.shown}
            order = orders[reading.layer, reading.direction, reading.cell]
            figure = pictures.heatmaps(title, letters, labels, order)
            path = folder / f"{name}.{layer}.{reading.direction}"
            drawn.append(pictures.save(figure, path, title, scalable))
        title = f"{_named(layer)}: {directions[0].cell}, how much the output depends on each input"
        reach = {reading.direction: reading.sensitivity for reading in directions}
        figure = pictures.reach(title, reach, labels)
        drawn.append(pictures.save(figure, folder / f"{name}.{layer}.sensitivity", title, scalable))
    return drawn


def _draw_saturation(folder: Path, saturated: Saturated, scalable: bool) -> list[pictures.Picture]:
    """A picture for each layer that has gates."""
    drawn = []
    for layer in dict.fromkeys(layer for layer, _, _ in saturated):
        panels = {d: gates for (name, d, _), gates in saturated.items() if name == layer and gates}
        if panels:
            cell = next(cell for name, _, cell in saturated if name == layer)
            title = f"{_named(layer)}: {cell}, how often its gates are closed and open"
            figure = pictures.saturation(title, panels, CLOSED, OPEN)
            drawn.append(pictures.save(figure, folder / f"{layer}.saturation", title, scalable))
    return drawn


def _write_numbers(path: Path, seen: Seen) -> None:
    """Everything that was recorded, net inputs too: `layer.direction.letter` -> array."""
    arrays = {"tokens": np.array(seen.tokens), "tags": np.array(seen.tags)}
    for reading in seen.readings:
        place = f"{reading.layer}.{reading.direction}"
        arrays |= {f"{place}.{name}": values for name, values in reading.letters.items()}
        arrays[f"{place}.sensitivity"] = reading.sensitivity
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def _write_saturation(path: Path, saturated: Saturated) -> None:
    """A line for each unit of each gate: shares, of how many steps, and their 95 % intervals."""
    sides = (f"below {CLOSED}", f"above {OPEN}")
    ends = [f"{side}, {end}" for side in sides for end in ("from", "to")]
    lines = ["\t".join(["layer", "direction", "gate", "unit", *sides, "steps", *ends])]
    for (layer, direction, _), gates in saturated.items():
        for gate, one in gates.items():
            both = zip(one.closed, one.open, one.closed_interval, one.open_interval, strict=True)
            for unit, (closed, opened, *intervals) in enumerate(both):
                numbers = [f"{x:.6g}" for x in (closed, opened)]
                numbers += [str(one.steps), *(f"{x:.6g}" for x in np.concatenate(intervals))]
                lines.append("\t".join([layer, direction, gate, str(unit), *numbers]))
    path.write_text("\n".join(lines) + "\n", "utf-8")
