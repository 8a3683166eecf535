"""What a chain says about its tags: the best path, the n best, and how probable tags and spans are.

These layers take what a `Chain` or a `CRF` gives, in a model or by themselves, and have no weights.
Their results are zero, or -1 where they are tags, at steps that the chain's mask leaves out. Of a
sequence whose scores are not finite, probabilities are NaN and tags are -1 at all its steps.
"""

from collections.abc import Sequence
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from .arguments import OfLayer, Shape
from .backend import Tensor
from .calls import fits
from .chains import (
    NEVER,
    OfStep,
    defined,
    largest,
    log_conditionals,
    messages,
    nan_unless_defined,
    over_steps,
    parts,
    shifted,
)
from .crf import InFloat32, positive, truths
from .labels import check_chain


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class BestPath(InFloat32):
    """The most probable tags together: Viterbi's path.

    Call arguments:
        chain: What a `Chain` or a `CRF` gives.

    Returns:
        Tags, int32 (batch, steps), never against the constraints of the chain.
    """

    def call(self, chain: Tensor) -> Tensor:
        scores, real, table = parts(chain)
        tags = scores.shape[-1]

        def back(x: Tensor, here: Tensor, follows: Tensor) -> OfStep:
            f = x + follows
            best = largest(table[:tags, :tags] + f[:, None, :])[..., 0]
            return [f], [ops.where(here, shifted(best), follows)]

        (f,), _ = over_steps(back, [after(scores, table)], [scores], real, backwards=True)

        def forth(f: Tensor, here: Tensor, tag: Tensor) -> OfStep:
            ways = ops.take(table[:, :tags], tag, axis=0) + f
            # Keras' argmax of floats has operations on bits, which ONNX and LiteRT lack.
            is_best = ops.cast(ways == largest(ways), "int32")
            tag = ops.where(here[:, 0], ops.cast(ops.argmax(is_best, axis=-1), "int32"), tag)
            return [tag[:, None]], [tag]

        begin = ops.full_like(scores[:, 0, 0], tags, dtype="int32")
        (path,), _ = over_steps(forth, [begin], [f], real)
        return ops.where(real & defined(scores, table)[:, None], path[..., 0], -1)

    def compute_output_spec(self, chain: Tensor) -> Any:
        batch, steps, _ = sizes(chain)
        return keras.KerasTensor((batch, steps), "int32")


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class NBest(InFloat32):
    """The n most probable paths, and how probable each is.

    Args:
        n: How many.
        **kwargs: The arguments of `keras.layers.Layer`.

    Call arguments:
        chain: What a `Chain` or a `CRF` gives.

    Returns:
        Tags, int32 (batch, n, steps), the best path first; and the logarithms of their
        probabilities, (batch, n). Where the constraints leave fewer than n paths, the rest have
        tags of -1 and minus infinity.
    """

    def __init__(self, n: int, **kwargs: Unpack[OfLayer]) -> None:
        super().__init__(**kwargs)
        self.n = positive(self, "n", n)

    def call(self, chain: Tensor) -> tuple[Tensor, Tensor]:
        scores, real, table = parts(chain)
        n, tags = self.n, scores.shape[-1]

        # A place is a tag and one of the n best ways from there to the end, in one number.
        def back(x: Tensor, here: Tensor, follows: Tensor) -> OfStep:
            f = x[:, :, None] + follows[:, :tags]
            ways = table[:, :tags, None] + f[:, None]
            best, place = ops.top_k(ops.reshape(ways, (-1, tags + 1, tags * n)), n)
            best = best - largest(ops.reshape(best, (-1, 1, (tags + 1) * n)))
            place = ops.cast(ops.reshape(place, (-1, (tags + 1) * n)), x.dtype)
            return [place], [ops.where(here[..., None], best, follows)]

        first = ops.concatenate([after(scores, table), ops.zeros_like(scores[:, 0, :1])], axis=1)
        others = ops.full_like(first[:, :, None], NEVER)
        follows = ops.concatenate([first[:, :, None], *[others] * (n - 1)], axis=2)
        (places,), (follows,) = over_steps(back, [follows], [scores], real, backwards=True)

        def forth(places: Tensor, here: Tensor, place: Tensor) -> OfStep:
            new = ops.take_along_axis(ops.cast(places, "int32"), place, axis=1)
            place = ops.where(here, new, place)
            return [place], [place]

        begin = ops.full_like(follows[:, tags], tags * n, dtype="int32")
        (path,), _ = over_steps(forth, [begin + ops.arange(n, dtype="int32")], [places], real)
        known = defined(scores, table)[:, None]
        exists = known & (follows[:, tags] > 0.1 * NEVER)
        path = ops.transpose(path, (0, 2, 1)) // n
        path = ops.where(real[:, None] & exists[:, :, None], path, -1)

        of_each = ops.repeat(chain, n, axis=0)
        flat = ops.reshape(path, (-1, ops.shape(path)[2]))
        logs = ops.sum(log_conditionals(ops.maximum(flat, 0), of_each), axis=1)
        logs = ops.where(exists, ops.reshape(logs, (-1, n)), -np.inf)
        return path, ops.where(known, logs, np.nan)

    def compute_output_spec(self, chain: Tensor) -> Any:
        batch, steps, _ = sizes(chain)
        path = keras.KerasTensor((batch, self.n, steps), "int32")
        return path, keras.KerasTensor((batch, self.n), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Marginals(InFloat32):
    """How probable each tag is at each step, whatever the others are.

    Call arguments:
        chain: What a `Chain` or a `CRF` gives.

    Returns:
        Probabilities, (batch, steps, K).
    """

    def call(self, chain: Tensor) -> Tensor:
        scores, real, table = parts(chain)
        f = messages(scores, real, table)

        def forth(f: Tensor, here: Tensor, p: Tensor) -> OfStep:
            moved = ops.sum(p[:, :, None] * conditionals(table, f), axis=1)
            p = ops.where(here, ended(moved), p)
            return [p], [p]

        (p,), _ = over_steps(forth, [begun(scores)], [f], real)
        # Many steps may round to more than one. A division would depend on the rest of the batch.
        p = ops.clip(p[:, :, :-1], 0, 1) * nan_unless_defined(scores, table)[..., None]
        return ops.where(real[..., None], p, 0.0)

    def compute_output_spec(self, chain: Tensor) -> Any:
        return keras.KerasTensor(sizes(chain), self.compute_dtype)


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class SpanMarginals(InFloat32):
    """How probable it is that a span of a path begins and ends where it does, and has its kind.

    The tags around it may be any, and those within it any that spell the same span.

    Args:
        kinds: The kind of span that each tag is of, K numbers; tags of no kind, such as `O`, are
            spans of one step, and have a number of their own.
        continues: Which tag continues the span of which: a table of truth values, (K, K), from rows
            to columns. `schemes.continuations` makes both.
        **kwargs: The arguments of `keras.layers.Layer`.

    Call arguments:
        chain: What a `Chain` or a `CRF` gives.
        path: Tags, int32 (batch, steps), such as those of `BestPath`. Of a sequence with anything
            but tags in its steps, probabilities are NaN.

    Returns:
        For each step, the probability of the span of the path that it is in: (batch, steps).
    """

    def __init__(
        self, kinds: Sequence[int], continues: ArrayLike, **kwargs: Unpack[OfLayer]
    ) -> None:
        super().__init__(**kwargs)
        self.kinds = [int(kind) for kind in kinds]
        self.continues = truths(self, "continues", continues, len(self.kinds), "as there are kinds")

    def call(self, chain: Tensor, path: Tensor) -> Tensor:
        scores, real, table = parts(chain)
        self.check_sizes(sizes(chain), tuple(path.shape))
        wrong = real & ((path < 0) | (path >= len(self.kinds)))
        path = ops.where(wrong, 0, path)
        f = messages(scores, real, table)
        none = np.zeros((1, len(self.kinds)), "bool")
        continues = ops.convert_to_tensor(np.concatenate([self.continues, none]))  # the start too
        kinds = np.array(self.kinds)
        alike = ops.cast(ops.convert_to_tensor(kinds == kinds[:, None]), f.dtype)
        inside = ops.cast(continues, f.dtype)

        def forth(
            f: Tensor, tag: Tensor, here: Tensor, p: Tensor, within: Tensor, before: Tensor
        ) -> OfStep:
            # p: of each tag; within: that the span so far is there, and its last tag this one.
            tag = ops.cast(tag[:, 0], "int32")
            moves = conditionals(table, f)
            goes_on = within[:, :, None] * moves * inside
            begins = ops.sum(p[:, :, None] * moves * (1 - inside), axis=1)
            joined = ops.take_along_axis(ops.take(continues, before, axis=0), tag[:, None], axis=1)
            new = ops.where(joined, ops.sum(goes_on, axis=1), begins)
            new = ended(new * ops.take(alike, tag, axis=0))
            stopped = ops.sum(within, axis=1) - ops.sum(goes_on, axis=(1, 2))
            p = ops.where(here, ended(ops.sum(p[:, :, None] * moves, axis=1)), p)
            states = [p, ops.where(here, new, within), ops.where(here[:, 0], tag, before)]
            return [stopped[:, None], ops.cast(joined, f.dtype)], states

        p = begun(scores)
        begin = ops.full_like(scores[:, 0, 0], len(self.kinds), dtype="int32")
        right = ops.cast(ops.where(real, path, 0), f.dtype)[..., None]
        outputs, states = over_steps(forth, [p, ops.zeros_like(p), begin], [f, right], real)
        nothing, within = ops.zeros_like(scores[:, 0, :1]), states[1]

        def back(
            stopped: Tensor,
            joined: Tensor,
            here: Tensor,
            of_span: Tensor,
            of_next: Tensor,
            goes_on: Tensor,
        ) -> OfStep:
            # A step has the probability of the step after it if that is in the same span.
            now = ops.where(goes_on > 0.5, of_span, of_next)
            states = ((now, of_span), (stopped, of_next), (joined, goes_on))
            return [now], [ops.where(here, new, old) for new, old in states]

        last = [nothing, ops.sum(within, axis=1, keepdims=True), nothing]
        (of_span,), _ = over_steps(back, last, outputs, real, backwards=True)
        of_span = ops.clip(of_span[..., 0], 0, 1) * nan_unless_defined(scores, table)
        of_span = ops.where(ops.any(wrong, axis=1, keepdims=True), np.nan, of_span)
        return ops.where(real, of_span, 0.0)

    def check_sizes(self, of_chain: Shape, of_path: Shape) -> None:
        if of_chain[2] != len(self.kinds):
            raise ValueError(
                f"SpanMarginals: kinds must be {of_chain[2]} numbers, one for each tag of the "
                f"chain, not {len(self.kinds)}."
            )
        if not fits(tuple(of_path), tuple(of_chain[:2])):
            raise ValueError(
                f"SpanMarginals: path must be (batch, steps) = {tuple(of_chain[:2])}, not "
                f"{tuple(of_path)}."
            )

    def compute_output_spec(self, chain: Tensor, path: Tensor) -> Any:
        batch, steps, _ = sizes(chain)
        self.check_sizes(sizes(chain), tuple(path.shape))
        return keras.KerasTensor((batch, steps), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        config = {"kinds": self.kinds, "continues": self.continues.astype(int).tolist()}
        return {**super().get_config(), **config}


def sizes(chain: Tensor) -> Shape:
    """Batch, steps and tags of a chain, as far as they are known."""
    check_chain("The chain", chain)
    batch, rows, columns = chain.shape
    return batch, None if rows is None else rows - columns, columns - 1


def after(scores: Tensor, table: Tensor) -> Tensor:
    """What follows the last step, for each tag there: (batch, K)."""
    tags = scores.shape[-1]
    return ops.zeros_like(scores[:, 0]) + table[:tags, tags]


def begun(scores: Tensor) -> Tensor:
    """Certainty of the start: probabilities of K tags and the start, (batch, K + 1)."""
    nothing = ops.zeros_like(scores[:, 0])
    return ops.concatenate([nothing, ops.ones_like(nothing[:, :1])], axis=1)


def ended(p: Tensor) -> Tensor:
    """The probabilities of K tags, and none of the start."""
    return ops.concatenate([p, ops.zeros_like(p[:, :1])], axis=1)


def conditionals(table: Tensor, f: Tensor) -> Tensor:
    """P(y_t | y_{t-1}) at one step, (batch, K + 1, K)."""
    return ops.softmax(table[:, :-1] + f[:, None, :])
