"""Tags sentences with the ONNX or LiteRT model beside this file.

    python client.py "Angela Merkel met Barack Obama in Berlin ."

Words are what stands between blanks. It needs numpy, onnxruntime or ai-edge-litert, and regex if
the model reads the casing or the shape of words. Prints a line for each word: the word, its tag,
the probability of the tag; and an empty line after each sentence. What each number means that the
model takes is in manifest.json and README.txt.
"""

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MANIFEST = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
ENCODING = MANIFEST["encoding"]


def read(name):
    """The lines of a file beside the model: string -> number of the line."""
    with open(HERE / f"{name}.txt", encoding="utf-8", newline="\n") as file:
        return {string: n for n, string in enumerate(file.read().split("\n")[:-1])}


def casing(word):
    """The first category that fits the whole word."""
    import regex

    for name, rule in ENCODING["casings"].items():
        if regex.fullmatch(rule, word, regex.DOTALL):
            return name
    return "signs"


def shape(word):
    """The word with a letter for each run of characters of a kind."""
    import regex

    for rule, letter in ENCODING["shapes"].items():
        word = regex.sub(rule, letter, word)
    return word


def encode(sentences, rows):
    """What the model takes: arrays of int32 with this many rows, those of sentences first."""
    steps = max(1, *map(len, sentences))
    head, tail = ENCODING["head"], ENCODING["tail"]
    arrays = {}
    for name in MANIFEST["signatures"]["serving_default"]["inputs"]:
        ids = read("vocabulary" if name == "words" else name)
        if name == "characters":
            array = np.zeros((rows, steps, head + tail), "int32")
        else:
            array = np.zeros((rows, steps), "int32")
        for row, sentence in enumerate(sentences):
            for step, word in enumerate(sentence):
                if name == "characters":
                    cut = word if len(word) <= head + tail else word[:head] + word[-tail:]
                    numbers = [ids.get(f"{ord(character):04X}", 1) for character in cut]
                    array[row, step, : len(numbers)] = numbers
                elif name == "words":
                    known = word.lower() if MANIFEST["lowercase"] else word
                    array[row, step] = ids.get(known, 1)
                elif name == "vectors":
                    array[row, step] = ids.get(word, ids.get(word.lower(), 1))
                else:
                    value = {"casing": casing, "shape": shape}[name](word)
                    array[row, step] = ids.get(value, 1)
        arrays[name] = array
    return arrays


def runner():
    """A function from arrays to tags and scores, and how many sentences it takes, if not any."""
    if MANIFEST["format"] == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(HERE / "tagger.onnx")
        return lambda arrays: session.run(["tags", "scores"], arrays), None
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(HERE / "tagger.tflite")).get_signature_runner()
    [batch, *_] = MANIFEST["signatures"]["serving_default"]["inputs"]["words"]["shape"]
    return lambda arrays: [run(**arrays)[name] for name in ("tags", "scores")], batch


def tag(sentences):
    """The tags of each sentence, a list of words, and their probabilities."""
    run, batch = runner()
    size = batch or max(1, len(sentences))
    for first in range(0, len(sentences), size):
        some = sentences[first : first + size]
        tags, scores = run(encode(some, size))
        for row, sentence in enumerate(some):
            numbers = tags[row][: len(sentence)]
            yield [MANIFEST["labels"][n] for n in numbers], scores[row][: len(sentence)].tolist()


def main():
    sentences = [text.split() for text in sys.argv[1:]]
    if not sentences:
        sys.exit(__doc__)
    for sentence, found in zip(sentences, tag(sentences), strict=True):
        for word, name, score in zip(sentence, *found, strict=True):
            print(f"{word}\t{name}\t{score:.4f}")
        print()


if __name__ == "__main__":
    main()
