r"""Matrix memories over all steps: within a chunk by products of matrices, chunk after chunk.

A memory S of keys by values takes, at each step, with a diagonal decay a and, perhaps, an outer
product of vectors z and b,

.. math:: S_t = (\operatorname{diag} a_t + b_t z_t^\top) S_{t-1} + k_t v_t^\top, \quad
    o_t = S_t^\top q_t

Decays are never divided by: whatever is multiplied is the decay from one step to a later one, which
is at most one, and their logarithms are added up over just these steps. So it holds for decays of
any strength, in single precision as in double.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from ...backend import custom_gradient, over_time

CHUNK = 16  # steps, a power of two
LEVELS = 4  # how often it can be halved

# Which steps are added up, for each step: those up to it, those before it, those after it.
UPTO = np.tril(np.ones((CHUNK, CHUNK)))
BEFORE, AFTER = np.tril(UPTO, -1), np.triu(UPTO.T, 1)


def halvings():
    """For each halving: which steps are added up, and which pairs of steps are in two halves."""
    step = np.arange(CHUNK)
    for level in range(LEVELS):
        half = step // 2**level
        here = half[:, None] == half
        second = half[:, None] % 2 == 1
        yield here * np.where(second, UPTO, AFTER), (half[:, None] == half + 1) & second


WITHIN, PAIRS = map(np.stack, zip(*halvings(), strict=True))
WITHIN = WITHIN.reshape(-1, CHUNK)


class Writes(NamedTuple):
    """What memories take at each step: tensors (..., heads, size of a key).

    v, (..., heads, size of a value), is written where k says, and q reads. log_a is the logarithm
    of the decay, or (..., heads, 1) of one for all of a head. z reads before, and what it finds is
    written where b says; both are None where nothing does.
    """

    q: Any
    k: Any
    v: Any
    log_a: Any
    z: Any = None
    b: Any = None


def split_by_head(x, heads):
    """(batch, ..., heads * size) as (batch, ..., heads, size)"""
    lead = (-1,) if len(x.shape) == 2 else ops.shape(x)[:-1]
    return ops.reshape(x, (*lead, heads, x.shape[-1] // heads))


def joined_heads(x):
    """(batch, ..., heads, size) as (batch, ..., heads * size)"""
    lead = (-1,) if len(x.shape) == 3 else ops.shape(x)[:-2]
    return ops.reshape(x, (*lead, x.shape[-2] * x.shape[-1]))


def one_step(S, writes):
    """S_t and o_t, for one step."""
    kept = ops.exp(writes.log_a)[..., None] * S
    if writes.z is not None:
        found = ops.sum(writes.z[..., None] * S, axis=-2)
        kept = kept + writes.b[..., None] * found[..., None, :]
    S = kept + writes.k[..., None] * writes.v[..., None, :]
    return S, ops.sum(writes.q[..., None] * S, axis=-2)


def unwritten(writes, seen):
    """The writes, but none where a step is skipped."""
    if seen is None:
        return writes
    seen = seen[..., None]
    changed = {
        name: ops.where(seen, getattr(writes, name), 0.0)
        for name in ("k", "v", "log_a", "b")
        if getattr(writes, name) is not None
    }
    return writes._replace(**changed)


def all_steps(S, writes):
    """o_t for all steps, and the last S.

    Args:
        S: The memories before the first step, (batch, heads, keys, values).
        writes: Tensors (batch, steps, heads, size).
    """
    (batch, steps), heads = ops.shape(writes.q)[:2], S.shape[1]
    q, k, v, log_a = (in_chunks(one, steps) for one in writes[:4])
    back = ops.exp(sums(AFTER, log_a))  # the decay to the end of the chunk
    upto = ops.exp(sums(UPTO, log_a))
    within = ops.exp(sums(WITHIN, log_a))
    kept = transposed(upto[:, -1:])
    new = transposed(k * back) @ v
    read = q * upto
    if writes.z is None:
        starts, last = chain(kept, new, S)
        o = causal(q, k, within) @ v + read @ starts
    else:
        z, b = in_chunks(writes.z, steps), in_chunks(writes.b, steps)
        # u_t is what z_t finds before step t: U = P U + z S + Q v, with P of what is written at b.
        read_z = z * ops.exp(sums(BEFORE, log_a))
        next_z = ops.concatenate([z[:, 1:], 0 * z[:, :1]], axis=1)
        (q_k, q_b), (z_k, z_b) = causal_pairs(q, next_z, k, b, within)
        found = inverse(a_step_later(z_b))
        of_start, of_new = found @ read_z, found @ (a_step_later(z_k) @ v)
        written = transposed(b * back)
        starts, last = chain(kept, new + written @ of_new, S, (written, of_start))
        o = q_k @ v + read @ starts + q_b @ (of_start @ starts + of_new)
    return from_chunks(o, batch, steps, heads), last


def in_chunks(x, steps):
    """(batch, steps, heads, size) as (chunks * batch * heads, CHUNK, size), zeros at the end."""
    batch, (heads, size) = ops.shape(x)[0], x.shape[2:]
    chunks = (steps + CHUNK - 1) // CHUNK
    padding = ops.zeros((batch, chunks * CHUNK - steps, heads, size), dtype=x.dtype)
    x = ops.concatenate([x, padding], axis=1)
    x = ops.transpose(ops.reshape(x, (batch, chunks, CHUNK, heads, size)), (1, 0, 3, 2, 4))
    return ops.reshape(x, (-1, CHUNK, size))


def from_chunks(o, batch, steps, heads):
    size = o.shape[-1]
    o = ops.reshape(o, (-1, batch, heads, CHUNK, size))
    o = ops.transpose(o, (1, 0, 3, 2, 4))
    return ops.reshape(o, (batch, -1, heads, size))[:, :steps]


def transposed(x):
    return ops.swapaxes(x, -1, -2)


def sums(rows, log_a):
    """For each of `rows`, the sum of the steps in which it has a one. (A cumsum takes longer.)"""
    return ops.matmul(ops.cast(rows, log_a.dtype), log_a)


def causal(q, k, within):
    """q_t k_j, with the decay after step j up to step t: a lower triangle of rows t, columns j.

    By halves, and halves of halves: from one to the other, the decay is that up to the end of the
    first half, times that from there on. `within` has these for all halvings, one below the other.
    """
    if within.shape[-1] > 1:
        return by_halves([q], [k], within)[0][0]
    same = ops.cast(np.eye(CHUNK), q.dtype)
    return (q @ transposed(k)) * (one_decay(within) + same)


def causal_pairs(q, z, k, b, within):
    """`causal` of q and of z, each with k and with b: all four from the same products."""
    if within.shape[-1] > 1:
        return by_halves([q, z], [k, b], within)
    left, right = ops.concatenate([q, z], axis=1), ops.concatenate([k, b], axis=1)
    decays = one_decay(within) + ops.cast(np.eye(CHUNK), q.dtype)
    scores = (left @ transposed(right)) * ops.tile(decays, (1, 2, 2))
    return [ops.split(rows, 2, axis=2) for rows in ops.split(scores, 2, axis=1)]


def one_decay(within):
    """The decay from each step to each later one, where all keys have the same."""
    within = ops.reshape(within, (-1, LEVELS, CHUNK, 1))
    return ops.sum(ops.cast(PAIRS, within.dtype) * (within * transposed(within)), axis=1)


def by_halves(lefts, rights, within):
    """`causal` of each of `lefts` with each of `rights`, where each key has its decay.

    The triangles of single steps become those of two, of four and so on: between two of them stand
    the products of the second one's queries with the first one's keys.
    """
    m, n, size = len(lefts), len(rights), within.shape[-1]
    left, right = ops.stack(lefts, axis=2), ops.stack(rights, axis=2)
    decays = ops.split(within, LEVELS, axis=1)
    made = ops.reshape(left @ transposed(right), (-1, CHUNK, 1, m, 1, n))
    for level, decay in enumerate(decays):
        h = 2**level
        pairs = CHUNK // (2 * h)

        def halves(x, count, pairs=pairs, h=h):
            return ops.unstack(ops.reshape(x, (-1, pairs, 2, h, count, size)), 2, axis=2)

        to_end, from_start = halves(decay, 1)
        queries, keys = halves(left, m)[1] * from_start, halves(right, n)[0] * to_end
        queries = ops.reshape(queries, (-1, pairs, h * m, size))
        between = queries @ transposed(ops.reshape(keys, (-1, pairs, h * n, size)))
        between = ops.reshape(between, (-1, pairs, h, m, h, n))
        first, second = ops.unstack(ops.reshape(made, (-1, pairs, 2, h, m, h, n)), 2, axis=2)
        rows = [
            ops.concatenate([first, 0 * between], axis=4),
            ops.concatenate([between, second], axis=4),
        ]
        made = ops.concatenate(rows, axis=2)
    return [ops.unstack(row, n, axis=-1) for row in ops.unstack(made[:, 0], m, axis=2)]


def a_step_later(scores):
    """Of scores of z_{t+1} up to step t those of z_t before step t, with zeros in the diagonal."""
    return ops.concatenate([0 * scores[:, :1], scores[:, :-1]], axis=1)


def inverse(P):
    """(1 - P)^-1, of a P that is zero in and above its diagonal."""
    size = P.shape[-1]
    if size == 1:
        return ops.ones_like(P)
    n = size // 2
    both = ops.reshape(ops.stack([P[:, :n, :n], P[:, n:, n:]], axis=1), (-1, n, n))
    upper, lower = in_two(inverse(both))
    return triangle(upper, lower @ P[:, n:, :n] @ upper, lower)


def in_two(x):
    """The matrices of the first halves, and those of the second ones."""
    _, rows, columns = x.shape
    x = ops.reshape(x, (-1, 2, rows, columns))
    return x[:, 0], x[:, 1]


def triangle(upper, left, lower):
    top = ops.concatenate([upper, 0 * upper], axis=-1)
    return ops.concatenate([top, ops.concatenate([left, lower], axis=-1)], axis=-2)


def chain(kept, new, first, through=()):
    """S at the start of each chunk, and after the last: S' = kept S + new, chunk after chunk.

    Args:
        kept: (chunks * batch * heads, keys, 1), or 1 for keys: what the rows of S are multiplied
            with.
        new: (chunks * batch * heads, keys, values).
        first: (batch, heads, keys, values).
        through: W and X, (chunks * batch * heads, keys, CHUNK) and the other way round, if S' is
            kept S + W X S + new. (In this order: W X has more numbers than both.)
    """
    keys, values = first.shape[2:]
    memories = ops.shape(first)[0] * first.shape[1]

    def onward(S, kept, W=None, X=None):
        return kept * S if W is None else kept * S + W @ (X @ S)

    def forwards(kept, new, first, *through):
        def step(S, at):
            kept, new, *through = at
            return onward(S, kept, *through) + new, S

        last, starts = over_time(step, first, (kept, new, *through))
        return starts, last

    def run(kept, new, first, *through):
        starts, last = forwards(kept, new, first, *through)

        def gradient(d_starts, d_last):
            back = [transposed(one) for one in reversed(through)]

            def step(d, at):
                kept, d_start, *back = at
                return onward(d, kept, *back) + d_start, d

            d_first, d_new = over_time(step, d_last, (kept, d_starts, *back), reverse=True)
            d_kept = ops.sum(d_new * starts, axis=-1, keepdims=True)
            if kept.shape[2] == 1:  # one for all keys
                d_kept = ops.sum(d_kept, axis=2, keepdims=True)
            if not through:
                return d_kept, d_new, d_first
            W, X = through
            d_W = d_new @ transposed(X @ starts)
            d_X = (transposed(W) @ d_new) @ transposed(starts)
            return d_kept, d_new, d_first, d_W, d_X

        return (starts, last), gradient

    def by_chunk(x):
        return ops.reshape(x, (-1, memories, *x.shape[1:]))

    # XLA does not compile the gradient that TensorFlow has of its loop for every length.
    own = keras.backend.backend() == "tensorflow"
    starts, last = (custom_gradient(run) if own else forwards)(
        by_chunk(kept),
        ops.reshape(new, (-1, memories, keys, values)),
        ops.reshape(first, (-1, keys, values)),
        *map(by_chunk, through),
    )
    last = ops.reshape(last, (-1, first.shape[1], keys, values))
    return ops.reshape(starts, (-1, keys, values)), last
