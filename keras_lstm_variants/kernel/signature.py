"""The signature of the compiled functions: which arrays they take and give, in which order.

trace -> intermediate form -> code of a step -> CODE OF THE LOOP -> compile and cache -> CALL

`loop_codegen` declares the functions from it, `compiler` types them and `tensorflow` calls them: it
is the one thing that the three agree on.
"""

import ctypes
from dataclasses import dataclass

# Of both functions, as C++ declares it and as ctypes passes it. `in` and `out` are the addresses of
# the arrays; an address in `out` may be null where `keep` is 0 and the array is `kept`.
PARAMETERS = (
    ("long batch", ctypes.c_long),
    ("long steps", ctypes.c_long),
    ("long threads", ctypes.c_long),  # at most so many
    ("const uint8_t* mask", ctypes.c_void_p),  # (batch, steps), or null
    ("const T* const* in", ctypes.c_void_p),
    ("T* const* out", ctypes.c_void_p),
    ("int keep", ctypes.c_int),  # whether the backward pass will follow
)
RESULT = "long", ctypes.c_long  # on how many threads the steps ran

BATCH, STEPS = "batch", "steps"


@dataclass(frozen=True)
class Array:
    """An array that crosses the border.

    Args:
        name: By which the caller gives it, and which the generated code calls it by.
        of: What its first axes count: `(BATCH, STEPS)`, `(BATCH,)` or nothing.
        row: Its other axes.
        meaning: What a reader of the generated code knows it by.
        kept: For the backward pass only: it is not there when there will be none.
        returned: Whether the caller gets it; if not, the function writes there for itself.
    """

    name: str
    of: tuple[str, ...]
    row: tuple[int, ...]
    meaning: str = ""
    kept: bool = False
    returned: bool = True

    def shape(self, batch=None, steps=None):
        sizes = {BATCH: batch, STEPS: steps}
        return (*(sizes[axis] for axis in self.of), *self.row)

    def __str__(self):
        return f"{self.meaning}: ({', '.join(map(str, [*self.of, *self.row]))})"


@dataclass(frozen=True)
class Function:
    """A compiled function: the arrays that it takes and gives, in its order."""

    name: str
    takes: tuple[Array, ...]
    gives: tuple[Array, ...]

    def taken(self, name):
        """In C++, the address of what it takes by this name."""
        return f"in[{place(name, self.takes)}]"

    def given(self, name):
        """In C++, the address of what it gives by this name."""
        return f"out[{place(name, self.gives)}]"

    def declaration(self):
        parameters = ", ".join(declared for declared, _ in PARAMETERS)
        return f'extern "C" {RESULT[0]} {self.name}({parameters})'


def place(name, arrays):
    return [array.name for array in arrays].index(name)


@dataclass(frozen=True)
class Signature:
    """Those of the two functions of a loop over time.

    What the backward pass takes is what the forward pass took and gave, by the same names, and the
    gradients of `all0` and of the last states.
    """

    forward: Function
    backward: Function


def gradient_of(name):
    """The name of the gradient of an array."""
    return f"d_{name}"


def signature_of(step, kept, d_weights, scratch):
    """The signature of the loop of a step.

    Args:
        step: An `ir.Step`.
        kept: The expressions that the forward pass keeps besides the states, by names.
        d_weights: The numbers of the weights that get gradients.
        scratch: The expressions that the backward pass stores at every step, by names.
    """
    everywhere, sizes = (BATCH, STEPS), step.sizes
    states = list(enumerate(zip(step.states, sizes["state"], strict=True)))
    x = Array("x", everywhere, (sizes["x"][0],), "sequences")
    first = [
        Array(f"first{k}", (BATCH,), (n,), f"initial_state[{k}] ({name})")
        for k, (name, n) in states
    ]
    h_mask = [Array("h_mask", (BATCH,), (n,), "recurrent dropout") for n in sizes["h_mask"]]
    weights = [
        Array(f"w{n}", (), shape, name)
        for n, (name, shape) in enumerate(zip(step.weights, step.shapes, strict=True))
    ]
    every = [
        # The outputs, which are the first state, are wanted in any case.
        Array(f"all{k}", everywhere, (n,), f"{name} at every step", kept=k > 0)
        for k, (name, n) in states
    ]
    last = [Array(f"last{k}", (BATCH,), (n,), f"{name} at the end") for k, (name, n) in states]

    def called(one):
        return step.letters[one].name if one in step.letters else "an intermediate"

    saved = [
        Array(name, everywhere, (one.size,), f"{called(one)} at every step", kept=True)
        for name, one in kept.items()
    ]
    inputs = [x, *first, *h_mask, *weights]

    def gradient(array):
        of, row = array.of, array.row
        return Array(gradient_of(array.name), of, row, f"gradient of {array.meaning}")

    own = [
        Array(name, everywhere, (one.size,), f"{called(one)} at every step", returned=False)
        for name, one in scratch.items()
    ]
    wanted = [x, *first, *(weights[n] for n in d_weights)]
    return Signature(
        Function("forward", tuple(inputs), (every[0], *last, *every[1:], *saved)),
        Function(
            "backward",
            (*inputs, *every, *saved, *map(gradient, [every[0], *last])),
            (*map(gradient, wanted), *own),
        ),
    )
