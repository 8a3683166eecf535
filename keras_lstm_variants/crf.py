r"""Linear-chain conditional random fields: Lafferty, McCallum & Pereira 2001.

Rabiner's recursions (1989) run backwards here, from the last step to the first. For a tag j at step
t, the *message*

.. math::

    f_t(j) = x_t(j) + \log \sum_k e^{A(j, k) + f_{t+1}(k)}, \qquad f_T(j) = x_T(j) + A(j, end)

sums up all that may follow, so that what the sequence has before step t decides about its tag
through the tag before only:

.. math::

    P(y_t = j \mid y_{t-1} = i) = e^{A(i, j) + f_t(j)} / \sum_k e^{A(i, k) + f_t(k)}

The tags are a Markov chain with these probabilities. Everything here is read off it: the loss is
the sum of its cross-entropies, and marginals are carried forward as probabilities, which neither
overflow nor fade however long the sequence is. Messages are shifted at every step, so they do not
grow with the length either. With the maximum in place of the logarithm of the sum, messages lead
along the best path (Viterbi 1967).
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Unpack

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

from .arguments import DType, Initializer, OfLayer, Regularizer, Shape
from .backend import Tensor, outside_of_graphs
from .calls import fits, repeated_mask
from .labels import are_marks, chain_of, check_chain, labels_of, weights_of

Tensors = list[Tensor]
OfStep = tuple[Tensors, Tensors]  # outputs and states

ACCURACIES = (
    "acc",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)  # of Keras
NEVER = -1e30  # the score of what is forbidden; minus infinity does not survive ONNX
LIMIT = 1e29  # beyond it, scores would be more than what is forbidden can bear


class InFloat32(keras.layers.Layer):
    """A layer that computes in float32 at least, also in mixed precision, and hands on no mask."""

    def __init__(self, **kwargs: Unpack[OfLayer]) -> None:
        policy = keras.dtype_policies.get(kwargs.get("dtype") or keras.config.dtype_policy())
        if policy.compute_dtype in ("float16", "bfloat16"):
            kwargs["dtype"] = "float32"
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        return None


def in_float32(dtype: Any) -> str:
    """The dtype of a loss or a metric: that which is asked for, but no half precision."""
    name = keras.dtype_policies.get(dtype or keras.config.floatx()).compute_dtype
    return "float32" if name in ("float16", "bfloat16") else str(name)


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


@keras.saving.register_keras_serializable(package="keras_lstm_variants")
class CRFLoss(keras.losses.Loss):
    r"""The negative log-likelihood of the right tags, :math:`-\log P(y \mid x)`, of a chain.

    It is the sum over the steps of :math:`-\log P(y_t \mid y_{t-1}, x)`, and weights multiply it:
    `sample_weight` has a weight for each sequence, or one for each step. A step whose right tag is
    against the constraints, after the tag before it or before the end, is left out, as no weight
    could make it more likely.

    Args:
        label_weights: A weight for each tag, of the steps where it is right. All the same if not
            given.
        reduction: "sum_over_batch_size" or "mean", over sequences; "sum"; None, a loss for each
            sequence; or "mean_with_sample_weight", over the steps by their weights.
        name: As for `keras.losses.Loss`.
        dtype: Likewise.

    Call arguments:
        y_true: Tags, from 0 to K - 1, of shape (batch, steps) or (batch, steps, 1), integers of
            whatever dtype; anything where the mask is False.
        y_pred: What a `Chain` or a `CRF` gives.
        sample_weight: Of shape (batch, 1) for sequences, or (batch, steps). Not (batch,), which is
            what Keras makes of `class_weight` as if steps were classes: for weights by tag, give
            `label_weights`.

    Returns:
        The loss. Without sequences it is 0, as Keras' own, and so is that of a sequence without
        steps.

    Raises:
        ValueError: The shapes do not fit, `y_pred` is no chain, or a label is no tag. What is known
            only when a graph runs, ends that of TensorFlow with an InvalidArgumentError of the
            same sentence; JAX and XLA end with none: there the loss is NaN.
    """

    def __init__(
        self,
        label_weights: Sequence[float] | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str = "crf_loss",
        dtype: DType = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=in_float32(dtype))
        if label_weights is not None:
            label_weights = [float(weight) for weight in label_weights]
            if not np.isfinite(label_weights).all():
                raise ValueError(f"CRFLoss: label_weights must be finite, not {label_weights}.")
        self.label_weights = label_weights

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        # In place of Keras', which would take the mean over padding as well.
        refuse_accuracy_of_keras()
        chain, is_chain = chain_of("CRFLoss", y_pred, self.dtype)
        tags = chain.shape[-1] - 1
        _, real, _ = parts(chain)
        path, are_tags = labels_of("CRFLoss", y_true, real, tags)
        weights, fit = weights_of("CRFLoss", sample_weight, real, self.dtype)
        if self.label_weights is not None:
            if len(self.label_weights) != tags:
                raise ValueError(
                    f"CRFLoss: label_weights must be {tags}, one for each tag, not "
                    f"{len(self.label_weights)}."
                )
            by_tag = ops.convert_to_tensor(self.label_weights, self.dtype)
            weights = weights * ops.take(by_tag, path, axis=0)
        losses = self.call(path, chain)
        losses = ops.where(are_tags & is_chain & fit, losses, ops.full_like(losses, np.nan))
        if self.reduction == "mean_with_sample_weight":
            return reduced(losses, weights, self.reduction, self.dtype)
        by_sequence = ops.sum(losses * weights, axis=1)
        if self.reduction in (None, "none"):
            return by_sequence
        return reduced(by_sequence[:, None], None, self.reduction, self.dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each step, (batch, steps), before weights."""
        return -log_conditionals(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_weights": self.label_weights}


class Reduction(keras.losses.Loss):
    """What Keras makes of losses that are given."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_pred


def reduced(losses: Tensor, weights: Tensor, reduction: str, dtype: str) -> Tensor:
    """The sum or the mean as Keras has it, of no losses and on several devices too."""
    return Reduction(reduction=reduction, dtype=dtype)(losses, losses, weights)


def refuse_accuracy_of_keras() -> None:
    """Looks whether the model that is trained now has a metric that can make nothing of a chain.

    Keras would compare labels with the argmax over scores, mask and transitions.

    Raises:
        ValueError: It has.
    """
    caller: Any = inspect.unwrap(keras.Model.compute_loss).__code__
    model: Any = None
    frame = inspect.currentframe()
    while frame is not None and model is None:
        model = frame.f_locals.get("self") if frame.f_code is caller else None
        frame = frame.f_back
    if model is None or not isinstance(model.loss, CRFLoss):
        return
    try:
        with warnings.catch_warnings(), outside_of_graphs():
            warnings.simplefilter("ignore")  # that a lambda cannot be saved
            config = model.get_compile_config() or {}
    except Exception:  # of an optimizer within a JAX program, or of whatever the user has given
        return
    for kind in ("metrics", "weighted_metrics"):
        found = [one for one in names(config.get(kind)) if one.lower() in ACCURACIES]
        if found:
            raise ValueError(
                f"CRFLoss: {kind}=[{found[0]!r}] of Keras cannot read what a Chain or a CRF gives: "
                f"compile the model with {kind}=[keras_lstm_variants.CRFAccuracy()]."
            )


def names(metrics: Any) -> Iterator[str]:
    """The metrics that are named, and not given, in what `compile` was called with."""
    if isinstance(metrics, str):
        yield metrics
    elif isinstance(metrics, dict) and "class_name" not in metrics:  # by the names of outputs
        metrics = list(metrics.values())
    if isinstance(metrics, list | tuple):
        for one in metrics:
            yield from names(one)


def positive(owner: Any, what: str, number: Any) -> int:
    """A number of things, as an argument of a layer."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
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


def parts(chain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Takes a chain apart: scores (batch, steps, K), mask (batch, steps), transitions.

    Raises:
        ValueError: It is none. Where its values are not known yet, its scores become NaN.
    """
    check_chain("The chain", chain)
    tags = chain.shape[-1] - 1
    scores, marks = chain[:, : -tags - 1, :tags], chain[:, : -tags - 1, tags:]
    right, real = are_marks("The chain", marks), marks[:, :, 0] > 0.5
    scores = scores * ops.where(right, ops.ones_like(marks), np.nan)
    # All rows have the same table; of no rows, the sum is a table too.
    table = ops.reshape(ops.sum(chain[:1, -tags - 1 :], axis=0), (tags + 1, tags + 1))
    return scores, real, table


def defined(scores: Tensor, table: Tensor) -> Tensor:
    """Whether scores, and all transitions, are numbers to compute with: (batch,).

    Elsewhere comparisons would give just any tags, and take what overflowed for forbidden.
    """
    # NaN is neither above nor below anything.
    steps = ops.all(scores < LIMIT, axis=2) & ops.any(scores > -LIMIT, axis=2)
    transitions = (table < LIMIT) & (table > 2 * NEVER)
    return ops.all(steps, axis=1) & ops.all(transitions)


def nan_unless_defined(scores: Tensor, table: Tensor) -> Tensor:
    """A factor for what is computed of a sequence, and for its gradient: (batch, 1), 1 or NaN."""
    return ops.where(defined(scores, table)[:, None], ops.ones_like(scores[:, 0, :1]), np.nan)


def log_conditionals(path: Tensor, chain: Tensor) -> Tensor:
    """log P(y_t | y_{t-1}), (batch, steps): 0 where the mask is False or the chain forbids it."""
    scores, real, table = parts(chain)
    tags = scores.shape[-1]
    path = ops.where(real, path, 0)
    before = ops.where(real, previous(path, real, first=tags), tags)
    logits = ops.take(table[:, :tags], before, axis=0) + messages(scores, real, table)
    chosen = ops.expand_dims(path, -1)
    legal = real & (ops.take_along_axis(logits, chosen, axis=-1)[..., 0] > 0.1 * NEVER)
    logits = ops.where(legal[..., None], logits, 0.0)
    log_p = ops.take_along_axis(ops.log_softmax(logits), chosen, axis=-1)[..., 0]
    # No comparison with NaN is true, so that all of its steps look forbidden.
    return ops.where(legal, log_p, 0.0) * nan_unless_defined(scores, table)


def previous(path: Tensor, real: Tensor, first: int) -> Tensor:
    """The tag at the last step before each that is there; `first` if there is none."""

    def remember(tag: Tensor, here: Tensor, last: Tensor) -> OfStep:
        return [last], [ops.where(here, tag, last)]

    tag = ops.cast(path, "float32")[..., None]
    (before,), _ = over_steps(remember, [ops.full_like(tag[:, 0], first)], [tag], real)
    return ops.cast(before[..., 0], "int32")


def messages(scores: Tensor, real: Tensor, table: Tensor) -> Tensor:
    r"""f of the module's equations, (batch, steps, K), shifted by a number for each step.

    Its gradient is written out: it then needs neither K^2 numbers for each step nor care for
    forbidden transitions, which automatic differentiation would.
    """
    tags = scores.shape[-1]

    @ops.custom_gradient
    def run(scores: Tensor, transitions: Tensor, end: Tensor) -> Any:
        def back(x: Tensor, here: Tensor, follows: Tensor) -> OfStep:
            f = x + follows
            total = log_sum(transitions + f[:, None, :])
            return [f, total], [ops.where(here, shifted(total), follows)]

        last = ops.zeros_like(scores[:, 0]) + end
        (f, total), _ = over_steps(back, [last], [scores], real, backwards=True)

        def gradient(*args: Tensor, upstream: Tensor = None) -> Any:
            # What comes in at a step moves on to the next by the probabilities of the chain.
            upstream = args[0] if upstream is None else upstream

            def forth(
                g: Tensor,
                f: Tensor,
                total: Tensor,
                here: Tensor,
                so_far: Tensor,
                of_transitions: Tensor,
            ) -> OfStep:
                p = ops.exp(transitions + f[:, None, :] - total[:, :, None])
                flow = ops.where(here[..., None], so_far[:, :, None] * p, 0.0)
                so_far = ops.where(here, g + ops.sum(flow, axis=1), so_far)
                return [so_far], [so_far, of_transitions + ops.sum(flow, axis=0)]

            nothing = [ops.zeros_like(last), ops.zeros_like(transitions)]
            (of_scores,), states = over_steps(forth, nothing, [upstream, f, total], real)
            of_end, of_transitions = states
            of_scores = ops.where(real[..., None], of_scores, 0.0)
            return of_scores, of_transitions, ops.sum(of_end, axis=0)

        return f, gradient

    return run(scores, table[:tags, :tags], table[:tags, tags])


def over_steps(
    step: Callable[..., OfStep],
    states: Tensors,
    inputs: Tensors,
    real: Tensor,
    backwards: bool = False,
) -> OfStep:
    """Runs a function over the steps, in the loop of `keras.layers.RNN`, which can be exported.

    Args:
        step: From tensors (batch, size) of one step, each of its own size, whether the step is
            there (batch, 1), and the states, to a list of outputs (batch, size) and one of states.
        states: Those before the first step, of any shape.
        inputs: Tensors (batch, steps, size).
        real: Whether each step is there: (batch, steps).
        backwards: From the last step to the first.

    Returns:
        The outputs (batch, steps, size), in the order of the inputs, and the last states.
    """
    inputs = [*inputs, ops.cast(real, inputs[0].dtype)[..., None]]
    sizes: list[int] = []  # of the outputs

    def one(together: Tensor, states: Tensors) -> tuple[Tensor, Tensors]:
        *now, here = apart(together, [x.shape[-1] for x in inputs])
        outputs, states = step(*now, here > 0.5, *states)
        sizes[:] = [output.shape[-1] for output in outputs]
        return ops.concatenate(outputs, axis=-1), states

    rnn = keras.layers.RNN(
        Cell(one), return_sequences=True, go_backwards=backwards, name="loop", dtype="float32"
    )
    _, outputs, states = rnn.inner_loop(ops.concatenate(inputs, axis=-1), states, mask=None)
    outputs = ops.flip(outputs, axis=1) if backwards else outputs
    return apart(outputs, sizes), states


class Cell:
    """A function in place of the cell of a `keras.layers.RNN`."""

    state_size = [0]  # not asked for, as the states are given

    def __init__(self, function: Callable[..., Any]) -> None:
        self.call = function

    def __call__(self, inputs: Tensor, states: Tensors) -> Any:
        return self.call(inputs, states)


def apart(x: Tensor, sizes: Sequence[int]) -> Tensors:
    """Slices of x, of these sizes, along its last axis."""
    ends = np.cumsum(sizes)
    return [x[..., end - size : end] for end, size in zip(ends, sizes, strict=True)]


def log_sum(x: Tensor) -> Tensor:
    """The logarithm of the sum of exponentials over the last axis."""
    top = largest(x)
    return ops.log(ops.sum(ops.exp(x - top), axis=-1)) + top[..., 0]


def shifted(x: Tensor) -> Tensor:
    """x, its largest number of the last axis at zero."""
    return x - largest(x)


def largest(x: Tensor) -> Tensor:
    """Of the last axis, which stays."""
    # Keras takes tensors of no rows only with `initial`.
    return ops.max(x, axis=-1, keepdims=True, initial=-np.inf)
