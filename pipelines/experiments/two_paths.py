"""IMAGINET: two pathways of gated units over shared embeddings of words.

Chrupala, Kadar & Alishahi, "Learning language through pictures", 2015. One pathway foresees the
next word, the other the vector of a picture that the sentence describes. The pictures here are
made up: a sum of vectors for who does what to whom, with noise.
"""

import itertools
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_lstm_variants import LAYERS

from .definition import Result

NOUNS = (
    "dog", "cat", "man", "girl", "horse", "bird", "boy", "cow", "fox", "hen", "mouse", "woman"
)  # fmt: skip
VERBS = ("sees", "bites", "likes", "follows")
WORDS = (".", "the", *NOUNS, *VERBS)
SIZE, NOISE = 24, 0.3  # of a picture's vector, and the deviation of its noise
ALPHAS = (0.0, 0.5, 1.0)  # the share of the textual loss
HELD_OUT = 40  # scenes, of all that there are, of which no sentence is trained on
EPOCHS, BATCH, COPIES = 20, 32, 2  # copies of each scene, whose pictures differ in their noise


class Scenes(NamedTuple):
    """Sentences with their pictures.

    Attributes:
        words: Numbers of words, (scenes, steps).
        pictures: (scenes, SIZE).
    """

    words: np.ndarray
    pictures: np.ndarray


def scenes(rng: np.random.Generator) -> tuple[Scenes, Scenes]:
    """What is trained on, and one picture of each scene that is held out."""
    # An agent and a patient of one name look different: the order of words counts.
    looks = {role: rng.normal(size=(len(WORDS), SIZE)) for role in ("agent", "verb", "patient")}
    every = [s for s in itertools.product(NOUNS, VERBS, NOUNS) if s[0] != s[2]]
    order = rng.permutation(len(every))

    def made(which: np.ndarray) -> Scenes:
        words, pictures = [], []
        for agent, verb, patient in (every[n] for n in which):
            said = ("the", agent, verb, "the", patient, ".")
            words.append([WORDS.index(word) for word in said])
            parts = zip(looks.values(), (agent, verb, patient), strict=True)
            pictures.append(sum(look[WORDS.index(word)] for look, word in parts))
        noise = rng.normal(0, NOISE, (len(which), SIZE))
        return Scenes(np.array(words), np.array(pictures) + noise)

    return made(np.repeat(order[HELD_OUT:], COPIES)), made(order[:HELD_OUT])


def build(units: int = 32) -> keras.Model:
    """From words, (batch, steps), to the next words, (batch, steps, words), and a picture."""
    words = keras.Input((None,), dtype="int32")
    shared = keras.layers.Embedding(len(WORDS), 16, name="shared")(words)
    textual = LAYERS["gru"](units, return_sequences=True, name="textual")(shared)
    visual = LAYERS["gru"](units, name="visual")(shared)
    following = keras.layers.Dense(len(WORDS), "softmax", name="next_word")(textual)
    picture = keras.layers.Dense(SIZE, name="picture")(visual)
    return keras.Model(words, {"next_word": following, "picture": picture})


def imaginet(seed: int) -> Result:
    """Trained on one loss a net learns one path; on both, both, over the same embeddings."""
    training, tested = scenes(np.random.default_rng(seed))
    # Nobody can foresee which scene it is; all else of a sentence can be known.
    least = (np.log(len(NOUNS)) + np.log(len(VERBS)) + np.log(len(NOUNS) - 1)) / 5
    heading = ["share of the textual loss", "next word, nats", "least, nats", "picture found"]
    rows: list[list[Any]] = [[*heading, "by chance"]]
    curve, found = {}, {}
    for alpha in ALPHAS:
        keras.utils.set_random_seed(seed)
        model = build()
        model.compile(
            keras.optimizers.Adam(0.005),
            {"next_word": "sparse_categorical_crossentropy", "picture": "cosine_similarity"},
            loss_weights={"next_word": alpha, "picture": 1 - alpha},
        )
        watch = _Watch(tested)
        targets = {"next_word": training.words[:, 1:], "picture": training.pictures}
        # The last word is read by the visual path alone: the textual one has nothing to foresee.
        model.fit(training.words[:, :-1], targets, BATCH, EPOCHS, verbose=0, callbacks=[watch])
        nats, right = found[alpha] = watch.nats(), watch.right()
        rows.append([alpha, nats, float(least), right, 1 / HELD_OUT])
        curve[f"textual share {alpha:g}"] = watch.course
    (_, seen), both, (read, _) = (found[alpha] for alpha in ALPHAS)
    learned = both[0] < least + 0.2 and both[1] > 0.5 and read < least + 0.2 and seen > 0.5
    alone = found[0.0][0] > least + 0.5 and found[1.0][1] < 0.2
    return Result({}, bool(learned and alone), curve=curve, rows=rows)


class _Watch(keras.callbacks.Callback):
    """How often the picture of a held-out sentence is the nearest of all held-out ones."""

    def __init__(self, tested: Scenes) -> None:
        super().__init__()
        self.tested = tested
        self.course: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.course.append((epoch + 1, self.right()))

    def _outputs(self) -> dict[str, np.ndarray]:
        given = self.model(self.tested.words[:, :-1], training=False)
        return {name: keras.ops.convert_to_numpy(value) for name, value in given.items()}

    def right(self) -> float:
        given, pictures = self._outputs()["picture"], self.tested.pictures
        cosines = given @ pictures.T / np.linalg.norm(pictures, axis=1)
        return float((cosines.argmax(axis=1) == np.arange(len(pictures))).mean())

    def nats(self) -> float:
        p = self._outputs()["next_word"]
        of_next = np.take_along_axis(p, self.tested.words[:, 1:, None], axis=-1)
        return float(-np.log(np.maximum(of_next, 1e-7)).mean())
