"""The layers that make chains: scores of tags, and which tag may follow which."""

from typing import Any, Unpack

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from . import backend
from .arguments import Initializer, OfLayer, Regularizer, Shape
from .backend import Tensor
from .calls import fits, repeated_mask, tensor
from .chains import NEVER
from .checks import is_size


class InFloat32(keras.layers.Layer):
    """A layer that computes in float32 at least, also in mixed precision, and hands on no mask."""

    def __init__(self, **kwargs: Unpack[OfLayer]) -> None:
        backend.name()  # or an error that says which there are
        policy = keras.dtype_policies.get(kwargs.get("dtype") or keras.config.dtype_policy())
        if policy.compute_dtype in ("float16", "bfloat16"):
            kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        return None


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class Chain(InFloat32):
    """Scores of tags at every step, and which tag may follow which: a chain without weights.

    With it, the best tags, the n best and the probabilities of scores that know nothing of each
    other, such as those before a softmax, can be had without breaking the rules of a tag scheme.
    It has nothing to learn: train such scores with a cross-entropy, as usual.

    Args:
        tags: Number of tags, K.
        constraints: Which tag may follow which: a table of truth values, (K + 1, K + 1), as
            `schemes.transitions` makes it. Row i is about what follows tag i, its last row about
            what begins a sequence; the last column is about what ends one. A legal path of every
            length must exist. None allows everything.
        **kwargs: The arguments of `keras.layers.Layer`. In mixed precision the layer still
            computes in float32.

    Call arguments:
        scores: Tensor (batch, steps, tags), unnormalised, as a linear layer gives them; minus
            infinity forbids a tag. There must be a step. A sequence has no result if one of its
            scores is NaN or infinite, or if a step forbids all tags: its loss and probabilities
            are NaN, and its tags -1. So do all, if a weight is NaN or infinite. What is beyond
            1e29, or -1e29, counts as infinite.
        mask: Boolean tensor (batch, steps); steps where it is False are not there, whatever stands
            in their scores. Right padding is usual, but it may be anywhere, and a row may be empty.
            Pass it explicitly: from Keras 3.16 on, recurrent layers do not hand masks on.

    Returns:
        The chain, float32 (batch, steps + tags + 1, tags + 1): for each step the scores and 1, or
        zeros where the mask is False, and below them a table like that of the constraints with the
        score of each transition. It is not to be read but to be given to `CRFLoss`, `BestPath`,
        `NBest`, `Marginals` or `SpanMarginals`, which thereby know all they need.

    Raises:
        ValueError: The constraints are no such table, or the scores have another number of tags.
    """

    def __init__(
        self, tags: int, constraints: ArrayLike | None = None, **kwargs: Unpack[OfLayer]
    ) -> None:
        super().__init__(**kwargs)
        self.tags = positive(self, "tags", tags)
        self.constraints: Any = None
        if constraints is not None:
            self.constraints = truths(
                self, "constraints", constraints, tags + 1, "a tag each and one more"
            )
            length = without_path(self.constraints)
            if length:
                raise ValueError(
                    f"{type(self).__name__}: constraints must allow a path of every length, but "
                    f"allow none of length {length}."
                )

    def __call__(self, scores: Tensor, mask: Tensor = None, **kwargs: Any) -> Tensor:
        scores = tensor(self, "scores", scores)
        if mask is not None:  # else it may be one that Keras hands on
            kwargs["mask"] = tensor(self, "mask", mask)
        return super().__call__(scores, **kwargs)

    def build(self, input_shape: Shape) -> None:
        self.check_scores(input_shape)
        self.built = True

    def check_scores(self, shape: Shape) -> None:
        if len(shape) != 3:
            raise ValueError(
                f"{self.name}: scores must be (batch, steps, {self.tags}), not {tuple(shape)}."
            )
        if shape[2] != self.tags:
            raise ValueError(f"{self.name} is for {self.tags} tags, but gets scores of {shape[2]}.")
        if shape[1] == 0:
            raise ValueError(
                f"{self.name}: scores must have at least one step, not {tuple(shape)}."
            )

    def table(self) -> Tensor:
        """The score of each transition, (K + 1, K + 1), before constraints."""
        return ops.zeros((self.tags + 1, self.tags + 1), dtype=self.compute_dtype)

    def call(self, scores: Tensor, mask: Tensor = None) -> Tensor:
        table = self.table()
        if self.constraints is not None:
            table = ops.where(self.constraints, table, NEVER)
        self.check_scores(scores.shape)
        scores = ops.maximum(ops.cast(scores, self.compute_dtype), NEVER)
        batch = ops.shape(scores)[0]
        table = ops.broadcast_to(table, (batch, self.tags + 1, self.tags + 1))
        real = ops.ones_like(scores[:, :, :1])
        if mask is not None:
            mask = self.mask_of(mask, scores)[:, :, None]
            scores = ops.where(mask, scores, 0.0)
            real = ops.cast(mask, scores.dtype)
        return ops.concatenate([ops.concatenate([scores, real], axis=2), table], axis=1)

    def mask_of(self, mask: Any, scores: Tensor) -> Tensor:
        """The mask, (batch, steps), of truth values."""
        mask = ops.cast(mask, "bool")
        shape, expected = tuple(mask.shape), tuple(scores.shape[:2])
        if len(shape) == 3 and shape[2] == 1:
            mask, shape = mask[:, :, 0], shape[:2]
        if not fits(shape, expected) and not fits(shape, (1, expected[1])):
            raise ValueError(f"{self.name}: mask must be (batch, steps) = {expected}, not {shape}.")
        return repeated_mask(mask, *ops.shape(scores)[:2])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, steps, _ = input_shape
        rows = None if steps is None else steps + self.tags + 1
        return (batch, rows, self.tags + 1)

    def get_config(self) -> dict[str, Any]:
        constraints = None if self.constraints is None else self.constraints.astype(int).tolist()
        return {**super().get_config(), "tags": self.tags, "constraints": constraints}


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CRF(Chain):
    r"""A linear-chain conditional random field: a chain whose transitions are learned.

    .. math::

        s(y) &= A(start, y_1) + \sum_{t=2}^T A(y_{t-1}, y_t) + A(y_T, end) + \sum_t x_t(y_t) \\
        P(y \mid x) &\propto e^{s(y)}

    over the paths that the constraints allow. Train it with `CRFLoss`; put `BestPath` or another of
    the layers below upon it, in a model of the same layers, for what is wanted in the end::

        chain = CRF(5)(Dense(5)(x), mask=mask)
        model = keras.Model(words, chain)
        model.compile("adam", CRFLoss())
        model.fit(sentences, tags)
        tagger = keras.Model(words, BestPath()(chain))

    Its weights are A: `transitions` (K, K) from rows to columns, `start` and `end` (K,).

    Args:
        tags: As for `Chain`, like all that is not named here.
        constraints: As for `Chain`. They hold in training too: the probability of a path is that
            among the legal paths, here as in all that is decoded.
        initializer: Of all three weights.
        regularizer: Likewise.
    """

    def __init__(
        self,
        tags: int,
        constraints: ArrayLike | None = None,
        initializer: Initializer = "zeros",
        regularizer: Regularizer = None,
        **kwargs: Unpack[OfLayer],
    ) -> None:
        super().__init__(tags, constraints, **kwargs)
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.transitions = self.add_scores("transitions", (self.tags, self.tags))
        self.start = self.add_scores("start", (self.tags,))
        self.end = self.add_scores("end", (self.tags,))

    def add_scores(self, name: str, shape: tuple[int, ...]) -> Any:
        initializer = self.initializer
        if isinstance(initializer, keras.Initializer):
            initializer = initializer.clone()  # one and the same repeats its numbers
        return self.add_weight(shape, initializer, regularizer=self.regularizer, name=name)

    def table(self) -> Tensor:
        corner = ops.zeros((1,), dtype=self.compute_dtype)  # after the start, the end: never used
        columns = ops.concatenate([self.end, corner])[:, None]
        rows = ops.concatenate([self.transitions, self.start[None]], axis=0)
        return ops.concatenate([rows, columns], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


def positive(owner: Any, what: str, number: Any) -> int:
    """A number of things, as an argument of a layer."""
    if not is_size(number):
        raise ValueError(
            f"{type(owner).__name__}: {what} must be a positive integer, not {number!r}."
        )
    return int(number)


def truths(owner: Any, what: str, table: ArrayLike, size: int, which: str) -> Any:
    """A square table of truth values, as an argument of a layer."""
    given = np.asarray(table)
    if given.shape != (size, size):
        raise ValueError(
            f"{type(owner).__name__}: {what} must be a table of {size} rows and columns, "
            f"{which}, not of shape {given.shape}."
        )
    if given.dtype.kind not in "biuf" or not ((given == 0) | (given == 1)).all():
        raise ValueError(
            f"{type(owner).__name__}: {what} must be a table of truth values, not of scores or "
            "anything else: True, or 1, where it is allowed."
        )
    return given.astype(bool)


def without_path(constraints: Any) -> int:
    """The least length of which no path is legal, or 0 if there is none up to a thousand."""
    allowed, ends = constraints[:-1, :-1], constraints[:-1, -1]
    reached, seen = constraints[-1, :-1], set()
    for length in range(1, 1001):
        if not (reached & ends).any():
            return length
        if reached.tobytes() in seen:  # from here on, all repeats
            break
        seen.add(reached.tobytes())
        reached = allowed[reached].any(axis=0)
    return 0
