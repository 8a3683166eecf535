"""Products of x: of several steps ahead of them, or in one sum with that of a state.

`loop_codegen` puts the code of both into the loop over time.
"""

from collections import Counter
from typing import NamedTuple

from .ir import Expression, Leaf, Pointwise, Product, reachable


class Sum(NamedTuple):
    """What a step begins with: products of x and of a state, and a bias, in one place."""

    whole: Expression
    of_x: Product
    of_state: Product
    bias: Leaf | None


def sums_ahead(targets, ahead):
    """The sums of a product that is `ahead` and one of a state, which nothing else needs."""
    everything = reachable([target.expression for target in targets])
    needed = Counter(i for one in everything for i in one.inputs)
    needed.update(target.expression for target in targets)

    def terms(one):
        if isinstance(one, Pointwise) and one.code == "{0} + {1}":
            return [term for i in one.inputs for term in (terms(i) if needed[i] == 1 else [i])]
        return [one]

    for one in everything:
        of = terms(one)
        of_x = [i for i in of if i in ahead]
        of_state = [i for i in of if isinstance(i, Product) and i not in ahead and i.blocks == 1]
        of_state = [i for i in of_state if isinstance(i.inputs[0], Leaf)]
        bias = [i for i in of if isinstance(i, Leaf) and i.role == "weights"]
        alone = all(needed[i] == 1 for i in of_x + of_state)
        if alone and len(of_x) == len(of_state) == 1 and len(of) == 2 + len(bias) <= 3:
            yield Sum(one, of_x[0], of_state[0], bias[0] if bias else None)


def product_ahead(n, one, both, code):
    """A product of x for each sequence at all steps from t on or, without `both`, for all at t."""
    size, pack = one.rows, code.pack(one)

    def product(rows, at, apart, to=""):
        return (
            f"product({rows}, x + {at} * {size}, {apart}{size}, {pack}, {size}, {one.columns}, "
            f"Into{{ahead{n}{to}, LD_ahead{n}}}, LD_ahead{n});"
        )

    all_at_t = product("rows", "(b * steps + t)", "steps * ")
    of_r = product("now", "((b + r) * steps + t)", "", f" + (r * ahead + t % there) * LD_ahead{n}")
    return [
        f"// {code.factors(one)}",
        *(["if (ahead > 1)"] if both else ["if (ahead == 1)", f"  {all_at_t}", "else"]),
        f"  for (long r = 0; r < rows; ++r) {of_r}",
    ]


def product_onto(n, both, code):
    """A product of a state in one sum with one of x, which may be ahead or not.

    The sum is the same in both ways: what a sequence gives is not to depend on how many there are.
    """
    one, x = both.of_state, both.of_x
    left, distance = code.matrix(one.inputs[0])
    first = f"{{x + (b * steps + t) * {x.rows}, steps * {x.rows}, 1, {x.rows}}}"
    then = f"{{{left}, {distance}, 1, {one.rows}}}"
    bias = f"bias{n}" if both.bias else "0"
    return [
        f"// {code.factors(one)}",
        "if (ahead == 1)",
        f"  products<2>(rows, {{{first}, {then}}}, {{{code.pack(x)}, {code.pack(one)}}}, "
        f"{one.columns}, Into{{ahead{n}, LD_ahead{n}, {bias}}}, PANELS({one.columns}));",
        f"else product(rows, {left}, {distance}, {code.pack(one)}, {one.rows}, {one.columns}, "
        f"Into{{ahead{n} + t % there * LD_ahead{n}, ahead * LD_ahead{n}, {bias}, 0, true}}, "
        f"PANELS({one.columns}));",
    ]
