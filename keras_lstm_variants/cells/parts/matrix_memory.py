"""Cells whose memory is a matrix of keys by values, one for each head."""

from keras import ops

from . import chunks
from .from_input import FromInput
from .parallel import AtOnce, held


class MatrixMemory(AtOnce):
    """A cell that writes products of keys and values to matrices, and reads them by a query.

    Args:
        units: Number of units of the output, those of all heads.
        heads: Number of matrices; each has `units / heads` values.
        key_size: Number of keys of each matrix; as many as values, if not given.
    """

    state = ("h", "S")
    shows_all_states = False
    equations = ("writes", "step", "read")
    refuses: tuple[str, ...] = tuple(name for name in FromInput.refuses if name != "heads")
    of_keys: tuple[str, ...] = ()  # the gates that are as wide as all keys together
    of_heads: tuple[str, ...] = ()  # the gates that are one number for each head

    def __init__(self, units, *args, heads: int = 1, key_size: int | None = None, **kwargs):
        if key_size is not None:
            self.check_sizes(key_size=key_size)
        self.given_key_size = key_size
        super().__init__(units, *args, heads=heads, **kwargs)

    @property
    def value_size(self):
        return self.units // self.heads

    @property
    def key_size(self):
        return self.given_key_size or self.value_size

    def size_of(self, name):
        keys = self.heads * self.key_size
        sizes = dict.fromkeys(self.of_keys, keys) | dict.fromkeys(self.of_heads, self.heads)
        return {**sizes, "S": keys * self.value_size}.get(name, self.units)

    def of_each_head(self, name, initializer, size=1):
        """A weight of its own, of `size` numbers for each head."""
        return self.add_weight((self.heads * size,), initializer, name=name)

    def by_head(self, x):
        """(batch, ..., heads * size) as (batch, ..., heads, size)"""
        return chunks.split_by_head(x, self.heads)

    def by_unit(self, x):
        """The way back."""
        return chunks.joined_heads(x)

    def matrices(self, S):
        return ops.reshape(S, (-1, self.heads, self.key_size, self.value_size))

    def writes(self, net):
        """What the memories take, a `chunks.Writes`."""
        raise NotImplementedError(f"{type(self).__name__} does not define writes().")

    def read(self, net, o):
        """h_t, from what the query finds."""
        return o

    def step(self, net, h_prev, S_prev):
        S, o = chunks.one_step(self.matrices(S_prev), self.writes(net))
        h = self.read(net, self.by_unit(o))
        return h, ops.reshape(S, (-1, self.size_of("S")))

    def all_steps(self, net, first, seen, every):
        writes = chunks.unwritten(self.writes(net), seen)
        o, S = chunks.all_steps(self.matrices(first[1]), writes)
        h = held(self.read(net, self.by_unit(o)), first[0], seen)
        return h, [h[:, -1], ops.reshape(S, (-1, self.size_of("S")))]

    def get_config(self):
        return {**super().get_config(), "key_size": self.given_key_size}
