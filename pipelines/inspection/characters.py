"""A small model of a text's characters, and what its units stand for (Karpathy et al. 2015)."""

import importlib.util
import inspect
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_lstm_variants import CELLS, LAYERS, Reading, probe, readings
from keras_lstm_variants.probing import Probe

from ..errors import InputError, TrainingFailed
from ..figures import PLAIN, drawn_with, save
from ..training.runs import write_json
from . import probe_pictures
from .probe_page import page
from .text_features import features

SHORTEST = 5_000  # characters of a text
STEPS, BATCH = 100, 32  # of a step of training
HELD_OUT = 0.1  # of the text, its end: what is probed
MOST_PROBED, ROWS, RUN_IN = 16_000, 16, 50  # characters; read side by side; not looked at
RATE = 4e-3
INDEX, SCORES, TABLE = "index.html", "probe.json", "units.tsv"
MODEL, CHARACTERS = "model.keras", "characters.json"
IDS = "characters.npy"  # held-out characters, for `inspect`
SCORES_PICTURE, TEXT_PICTURE = "units.png", "text.png"
Progress = Callable[[int, float], None]  # told the epoch, from 1, and the held-out error in bits


class Request(NamedTuple):
    """What to train: a cell with so many units, for so many epochs, from a seed."""

    cell: str = "lstm"
    units: int = 64
    epochs: int = 20
    seed: int = 1


class Found(NamedTuple):
    """What the units of a trained model stand for.

    Attributes:
        state: The state that was looked at, such as "c".
        text: The held-out characters that were read.
        values: The units' values, (characters, units).
        trained, untrained: The probes of the model, and of the same model before training, with the
            same random weights as it began with: what no training was needed for.
        bits: The error on the held-out text, in bits per character.
        chance: What the frequencies of characters alone would have.
    """

    state: str
    text: str
    values: np.ndarray
    trained: Probe
    untrained: Probe
    bits: float
    chance: float


def text_of(source: str) -> str:
    """A text file, or the source of a Python module by its name.

    Raises:
        InputError: There is neither, it is not UTF-8, or too short.
    """
    path = Path(source)
    if not path.exists() and all(part.isidentifier() for part in source.split(".")):
        try:
            found = importlib.util.find_spec(source)
        except (ImportError, ValueError):
            found = None
        path = Path(found.origin) if found and found.origin else path
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(f"{source}: no such file, and no Python module of this name") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read as UTF-8 text: {error}") from None
    if len(text) < SHORTEST:
        raise InputError(
            f"{source}: {len(text):,} characters are too few: at least {SHORTEST:,} are needed"
        )
    if len(set(text)) == 1:
        raise InputError(f"{source}: is {text[0]!r} again and again, of which nothing is learned")
    return text


def build(characters: int, request: Request) -> keras.Model:
    """Ids of characters in, (batch, steps); scores of the next ones out.

    Raises:
        InputError: There is no such cell, or it cannot have so many units.
    """
    if request.cell not in LAYERS:
        raise InputError(
            f"--cell: there is no cell {request.cell!r}: `lstm-variants cells` lists them"
        )
    sizes: dict[str, Any] = {"units": request.units}
    if "blocks" in inspect.signature(CELLS[request.cell]).parameters:
        sizes = {"blocks": request.units // 2, "cells_per_block": 2}
    try:
        layer = LAYERS[request.cell](**sizes, return_sequences=True, name="recurrent")
    except (TypeError, ValueError) as error:
        raise InputError(f"--cell {request.cell}: {str(error).splitlines()[0]}") from None
    ids = keras.Input((None,), dtype="int32", name="characters")
    x = keras.layers.Embedding(characters, 32)(ids)
    return keras.Model(ids, keras.layers.Dense(characters)(layer(x)), name="characters")


def train(
    text: str, known: str, request: Request, progress: Progress | None = None
) -> tuple[keras.Model, keras.Model]:
    """Trains a model on all but the end of a text.

    Returns:
        The model, and the same one before it was trained.

    Raises:
        InputError: The cell cannot be built.
        TrainingFailed: The error is not finite.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(request.seed)
    model, before = build(len(known), request), build(len(known), request)
    before.set_weights(model.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE, clipnorm=1.0), loss)
    ids = encoded(text, known)
    split = len(ids) - held_out(text)
    random = np.random.default_rng(request.seed)
    rest = windows(ids[split:], 0)
    for epoch in range(1, request.epochs + 1):
        shown = windows(ids[:split], int(random.integers(STEPS)))
        order = random.permutation(len(shown[0]))
        model.fit(shown[0][order], shown[1][order], batch_size=BATCH, verbose=0, shuffle=False)
        bits = model.evaluate(*rest, batch_size=BATCH, verbose=0) / math.log(2)
        if not math.isfinite(bits):
            raise TrainingFailed(f"{request.cell}: the error is not finite after epoch {epoch}")
        if progress:
            progress(epoch, bits)
    return model, before


def held_out(text: str) -> int:
    return min(round(HELD_OUT * len(text)), MOST_PROBED)


def encoded(text: str, known: str) -> np.ndarray:
    number = {character: n for n, character in enumerate(known)}
    return np.array([number[character] for character in text], "int32")


def windows(ids: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Characters and the ones after them, (windows, steps)."""
    count = (len(ids) - 1 - first) // STEPS
    end = first + count * STEPS
    return ids[first:end].reshape(-1, STEPS), ids[first + 1 : end + 1].reshape(-1, STEPS)


def read(model: keras.Model, ids: np.ndarray) -> tuple[str, np.ndarray, np.ndarray]:
    """What the units do over a text, which rows read side by side, each from a run-in on.

    Returns:
        The name of the state, its values (characters, units), and the places of these characters.
    """
    length = (len(ids) - RUN_IN) // ROWS
    starts = np.arange(ROWS) * length
    places = starts[:, None] + np.arange(RUN_IN + length)
    (reading,) = readings(model, ids[places])
    recorded = reading.record()
    name = state_of(reading)
    values = recorded[name][:, RUN_IN:]
    return name, values.reshape(-1, values.shape[-1]), places[:, RUN_IN:].ravel()


def state_of(reading: Reading) -> str:
    """The memory of a cell: its c if it has one, else its first state."""
    names = getattr(reading.layer.cell, "state", None) or ("state_1",)
    return "c" if "c" in names else names[0]


def look(text: str, request: Request, progress: Progress | None = None) -> tuple[Any, str, Found]:
    """Trains a model on a text and probes it on its end, which it was not trained on.

    Returns:
        The model, the characters that its ids stand for, and what was found.

    Raises:
        InputError: The cell cannot be built, or no feature varies in the end of the text.
        TrainingFailed: The error is not finite.
    """
    known = "".join(sorted(set(text)))
    model, before = train(text, known, request, progress)
    ids = encoded(text, known)
    rest = ids[len(ids) - held_out(text) :]
    state, values, places = read(model, rest)
    _, at_first, _ = read(before, rest)
    whole = features(text)
    of_rest = {
        name: feature[len(ids) - len(rest) :][places]
        for name, feature in whole.items()
        if np.ptp(feature[len(ids) - len(rest) :][places]) > 0
    }
    if not of_rest:
        raise InputError(
            f"the last {len(rest):,} characters of the text, which are probed, have one and the "
            "same position, quotes, brackets, indentation and case: give another text"
        )
    frequencies = np.bincount(ids[: len(ids) - len(rest)], minlength=len(known)) + 1.0
    chance = -np.log2(frequencies / frequencies.sum())[rest].mean()
    bits = model.evaluate(*windows(rest, 0), batch_size=BATCH, verbose=0) / math.log(2)
    held = text[len(text) - len(rest) :]
    shown = "".join(held[place] for place in places)
    trained, untrained = probe(values, of_rest), probe(at_first, of_rest)
    return model, known, Found(state, shown, values, trained, untrained, float(bits), float(chance))


def write(source: str, request: Request, out: Path, progress: Progress | None = None) -> Found:
    """Trains, probes, and writes a folder with a page, pictures, numbers and the model.

    Raises:
        InputError: The folder exists or cannot be written, or the text or the cell are of no use.
    """
    if out.exists():
        raise InputError(f"{out}: exists: give another folder with --out")
    text = text_of(source)
    model, known, found = look(text, request, progress)
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        model.save(part / MODEL)
        (part / CHARACTERS).write_text(json.dumps(list(known)) + "\n", "utf-8")
        np.save(
            part / IDS, windows(encoded(text[len(text) - held_out(text) :], known), 0)[0][:ROWS]
        )
        _write_table(part / TABLE, found)
        write_json(part / SCORES, as_dict(found))
        with drawn_with(PLAIN):
            title = f"{request.cell} on {Path(source).name}"
            save(probe_pictures.scores(title, found.trained), part / SCORES_PICTURE)
            shown = [one for one in units(found) if one["unit"] is not None]
            if shown:
                save(probe_pictures.texts(title, found.text, found.values, shown),
                     part / TEXT_PICTURE)  # fmt: skip
        (part / INDEX).write_text(page(source, request, found, units(found), part), "utf-8")
        part.rename(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return found


def units(found: Found) -> list[dict[str, Any]]:
    """For each feature the unit that stands for it best; None if chance does as well."""
    best = []
    for feature in found.trained.features:
        unit, score, p = found.trained.best(feature)
        _, before, _ = found.untrained.best(feature)
        best.append(
            {
                "feature": feature,
                "unit": unit if p < 0.05 else None,
                "score": score,
                "p": p,
                "untrained": before,
            }
        )
    return best


def as_dict(found: Found) -> dict[str, Any]:
    return {
        "state": found.state,
        "characters": len(found.text),
        "units": found.values.shape[1],
        "bits": found.bits,
        "chance": found.chance,
        "level": found.trained.level,
        "shifts": found.trained.shifts,
        "found": units(found),
    }


def _write_table(path: Path, found: Found) -> None:
    """Every unit with every feature: its score and its p."""
    probed = found.trained
    lines = ["unit\tfeature\tscore\tp"]
    for unit in range(len(probed.scores)):
        for place, feature in enumerate(probed.features):
            score, p = probed.scores[unit, place], probed.p[unit, place]
            lines.append(f"{unit}\t{feature}\t{score:.6g}\t{p:.4g}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
