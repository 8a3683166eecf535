"""What a run's recurrent layers do while they read sentences, as pictures and as numbers."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import track

from keras_lstm_variants.recording import record, sensitivity, state_names

from ..errors import InputError
from ..serving.exporter import load
from ..serving.tagging import Tagged, Tagger, tag
from ..tagger.signatures import Signatures
from . import pictures
from .page import page

CLOSED, OPEN = 0.1, 0.9  # a gate below and above is saturated: Karpathy et al. 2015
INDEX, SATURATION = "index.html", "saturation.tsv"

Shares = dict[
    str, tuple[np.ndarray, np.ndarray]
]  # gate -> of each unit: share of steps closed, and open
Saturated = dict[tuple[str, str, str], Shares]  # layer, direction, cell -> shares


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
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        missing = _write(part, run, signatures, sentences)
        part.rename(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return missing


def _write(folder: Path, run: Path, signatures: Signatures, sentences: list[Tagged]) -> list[str]:
    words = sorted({character for s in sentences for word in s.tokens for character in word})
    fonts, missing = pictures.fonts(words)
    sections = []
    seen: dict[tuple[str, str, str], dict[str, list[np.ndarray]]] = {}
    with pictures.drawn_with(fonts):
        for n, sentence in enumerate(_followed(sentences), 1):
            readings = list(read(signatures, sentence))
            if not readings:
                raise InputError(f"{run}: its model has no recurrent layer over the words")
            for reading in readings:
                letters = seen.setdefault((reading.layer, reading.direction, reading.cell), {})
                for name in reading.shown:
                    letters.setdefault(name, []).append(reading.letters[name])
            name = f"sentence-{n:0{len(str(len(sentences)))}}"
            _write_numbers(folder / f"{name}.npz", sentence, readings)
            sections.append((sentence, _draw(folder, name, sentence, readings, bool(missing))))
        saturated = {place: saturation(letters) for place, letters in seen.items()}
        first = _draw_saturation(folder, saturated, bool(missing))
    _write_saturation(folder / SATURATION, saturated)
    named = {f"{_named(layer)} {d}": gates for (layer, d, _), gates in saturated.items() if gates}
    title, limits = f"Inside {run.resolve().name}", (CLOSED, OPEN)
    cells = ", ".join(dict.fromkeys(cell for _, _, cell in saturated))
    text = page(title, {"cell": cells}, first, sections, named, limits)
    (folder / INDEX).write_text(text, "utf-8")
    return missing


def _named(layer: str) -> str:
    """A layer's name for people: "layer 1" for "bidirectional_1"."""
    stem, _, number = layer.rpartition("_")
    return f"layer {number}" if stem and number.isdecimal() else layer


def _followed(sentences: list[Tagged]) -> Iterable[Tagged]:
    console = Console(stderr=True)
    quiet = not sys.stderr.isatty()
    return track(sentences, "reading", console=console, transient=True, disable=quiet)


def read(signatures: Signatures, sentence: Tagged) -> Iterator[Reading]:
    """Every direction of every recurrent layer of the model that reads the words of a sentence."""
    model = signatures.model
    kinds = (keras.layers.RNN, keras.layers.Bidirectional)
    layers = [layer for layer in model.layers if isinstance(layer, kinds)]
    # A layer may be given a mask as well, after its sequences.
    inputs = [keras.tree.flatten(layer.input)[0] for layer in layers]
    if not layers:
        return
    ids = signatures.encoder.arrays(tf.constant([sentence.tokens]))
    outputs = keras.tree.flatten(keras.Model(model.input, inputs)(ids))
    for layer, sequences in zip(layers, outputs, strict=True):
        x = keras.ops.convert_to_numpy(sequences)
        if x.shape[:2] != (1, len(sentence.tokens)):
            continue  # it reads something else, such as characters
        recorded, reach = record(layer, x), sensitivity(layer, x)
        if isinstance(layer, keras.layers.Bidirectional):
            parts = {"forward": layer.forward_layer, "backward": layer.backward_layer}
        else:
            direction = "backward" if layer.go_backwards else "forward"
            parts = {direction: layer}
            recorded, reach = {direction: recorded}, {direction: reach}
        for direction, one in parts.items():
            letters = {name: values[0] for name, values in recorded[direction].items()}
            yield Reading(
                layer.name,
                direction,
                type(one).__name__,
                letters,
                reach[direction][0],
                _in_order(one, letters),
            )


def _in_order(layer: Any, letters: Iterable[str]) -> list[str]:
    """The letters of a layer without its net inputs: its gates first, its output last."""
    first, *states = state_names(layer)
    plain = [name for name in letters if name != "output" and not name.startswith("net_")]
    gates = [name for name in getattr(layer.cell, "gates", ()) if name in plain]
    others = [name for name in plain if name not in states]
    return [*(n for n in dict.fromkeys([*gates, *others, *states]) if n != first), first]


def saturation(letters: dict[str, list[np.ndarray]]) -> Shares:
    """For every gate, the share of steps at which each unit is closed, and at which it is open.

    A gate is a letter that stays between zero and one, other than the candidate z and the output.
    """
    *gates, _ = letters  # the output is the last
    shares = {}
    for name in gates:
        values = np.concatenate(letters[name])
        if name != "z" and values.min() >= 0 and values.max() <= 1:
            shares[name] = ((values < CLOSED).mean(axis=0), (values > OPEN).mean(axis=0))
    return shares


def _draw(
    folder: Path, name: str, sentence: Tagged, readings: list[Reading], scalable: bool
) -> list[pictures.Picture]:
    """The pictures of one sentence, layer by layer."""
    labels = [
        word if tag_ == "O" else f"{word} {tag_}"
        for word, tag_ in zip(sentence.tokens, sentence.tags, strict=True)
    ]
    drawn = []
    for layer in dict.fromkeys(reading.layer for reading in readings):
        directions = [reading for reading in readings if reading.layer == layer]
        for reading in directions:
            title = f"{_named(layer)} {reading.direction}: {reading.cell}"
            letters = {letter: reading.letters[letter] for letter in reading.shown}
            figure = pictures.heatmaps(title, letters, labels)
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


def _write_numbers(path: Path, sentence: Tagged, readings: list[Reading]) -> None:
    """Everything that was recorded, net inputs too: `layer.direction.letter` -> array."""
    arrays = {"tokens": np.array(sentence.tokens), "tags": np.array(sentence.tags)}
    for reading in readings:
        place = f"{reading.layer}.{reading.direction}"
        arrays |= {f"{place}.{name}": values for name, values in reading.letters.items()}
        arrays[f"{place}.sensitivity"] = reading.sensitivity
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def _write_saturation(path: Path, saturated: Saturated) -> None:
    lines = [f"layer\tdirection\tgate\tunit\tbelow {CLOSED}\tabove {OPEN}"]
    for (layer, direction, _), gates in saturated.items():
        for gate, shares in gates.items():
            for unit, (closed, opened) in enumerate(zip(*shares, strict=True)):
                row = (layer, direction, gate, unit, f"{closed:.6g}", f"{opened:.6g}")
                lines.append("\t".join(map(str, row)))
    path.write_text("\n".join(lines) + "\n", "utf-8")
