"""The C++ source of a cell's loop over time, forward and backward."""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from .expressions import Constant, Leaf, reachable
from .program import Program, Target
from .saving import to_save

TILE = 32  # so many sequences of a thread go through the steps together

FORWARD = """
static void forward_share(const Call& call, long begin, long end) {
  const long steps = call.steps;
@declarations@
  for (long b = begin; b < end; b += TILE) {
    const long rows = end - b < TILE ? end - b : TILE;
    uint8_t on[TILE];
@load@
    for (long t = 0; t < steps; ++t) {
      bool any = false;
      for (long r = 0; r < rows; ++r)
        any |= on[r] = !call.mask || call.mask[(b + r) * steps + t];
      if (any) {
@step@
      }
      for (long r = 0; r < rows; ++r) {
        if (!on[r]) {
@stay@
        }
@keep@
      }
@swap@
    }
@last@
  }
  free(memory);
}
"""

BACKWARD = """
static void backward_share(const Call& call, long begin, long end) {
  const long steps = call.steps;
@declarations@
  for (long b = begin; b < end; b += TILE) {
    const long rows = end - b < TILE ? end - b : TILE;
    uint8_t on[TILE];
@load@
    for (long t = steps; t--;) {
      bool any = false;
      for (long r = 0; r < rows; ++r) {
        any |= on[r] = !call.mask || call.mask[(b + r) * steps + t];
        T* d = d0 + r * LD_d0;
        const T* from = d_out + ((b + r) * steps + t) * @units@;
        SIMD for (int u = 0; u < @units@; ++u) d[u] += from[u];
      }
      if (any) {
@step@
@sum@
      }
      for (long r = 0; r < rows; ++r)
        if (!on[r]) {
@stay@
        }
@swap@
    }
@last@
  }
  free(memory);
}
"""

ENTRY = """
extern "C" void @name@(long batch, long steps, long threads, const uint8_t* mask,
                        const T* const* in, T* const* out, int keep) {
  T* packs[@packs@];
@pack@
  // A thread costs about as much as this many multiplications.
  if ((double)batch * steps * @work@ < 1e6) threads = 1;
  Call call = {batch, steps, mask, in, out, keep != 0, packs, 0};
  double* sums = (double*)calloc(threads * @sums@ + 1, sizeof(double));
  long n = run_threads(call, threads, @sums@, sums, @name@_share);
@total@
  (void)n;
  free(sums);
  for (int p = 0; p < @count@; ++p) free(packs[p]);
}
"""


@dataclass
class Source:
    """The source and what its functions take and give.

    Args:
        text: The source.
        saved: The sizes of what the way forward keeps, besides the states.
        reads_x: Which parts of what x gives the way back reads.
        d_of_x: Which parts have a gradient.
        d_products: For each product, where its gradient is: ("of_x", n), ("product", n) or None.
        lefts: For each product, which of the kept left operands is its own.
        left_sizes, product_sizes: How many numbers these have.
        d_weights: The numbers of the weights whose gradients the way back gives.
    """

    text: str
    saved: list
    reads_x: list
    d_of_x: list
    d_products: list
    lefts: list
    left_sizes: list
    product_sizes: list
    d_weights: list


def generate(step, dtype):
    """The source for a traced step, `step` of `trace.trace`; dtype is "float32" or "float64"."""
    number = {"float32": "float", "float64": "double"}[dtype]
    lefts = unique(p.inputs[0] for p, d in with_gradient(step))
    # In an order that is the same in every process, so that the source is, too.
    back = [*step.d_of_x, *step.d_states, *step.d_products, *step.d_weights.values(), *lefts]
    back = unique(one for one in back if one is not None)
    forward = set(reachable([*step.new, *step.products]))
    after = [one for one in reachable(back, stop=forward) if one not in forward]
    read = unique([*(i for one in after for i in one.inputs), *back])
    new = {
        one: step.make.leaf("new", k, one.size)
        for k, one in reversed(list(enumerate(step.new)))
        if not isinstance(one, Leaf | Constant)
    }
    saved = to_save(new, [one for one in read if one in forward and not isinstance(one, Constant)])
    reads_x = sorted(one.index for one in saved if isinstance(one, Leaf))
    saved = [one for one in saved if not isinstance(one, Leaf)]
    # Gradients that are the same as others are stored once.
    d_of_x = [n for n, one in enumerate(step.d_of_x) if one is not None]
    places = {step.d_of_x[n]: ("of_x", n) for n in reversed(d_of_x)}
    product_sizes: list[int] = []
    for one in step.d_products:
        if one is not None and one not in places:
            places[one] = "product", len(product_sizes)
            product_sizes.append(one.size)
    tables: dict = {}
    parts = [
        forward_part(step, saved, tables),
        backward_part(step, saved, new, lefts, places, d_of_x, tables),
    ]
    head = f"typedef {number} T;\nenum {{ TILE = {TILE} }};\n"
    runtime = resources.files(__package__).joinpath("loop.h").read_text()
    return Source(
        text="\n".join([head, runtime, *declared_tables(tables), *parts]),
        saved=[one.size for one in saved],
        reads_x=reads_x,
        d_of_x=d_of_x,
        d_products=[places.get(one) for one in step.d_products],
        lefts=[lefts.index(p.inputs[0]) if d is not None else None for p, d in products(step)],
        left_sizes=[one.size for one in lefts],
        product_sizes=product_sizes,
        d_weights=sorted(step.d_weights),
    )


def products(step):
    return zip(step.products, step.d_products, strict=True)


def with_gradient(step):
    return [(p, d) for p, d in products(step) if d is not None]


def unique(items):
    return list(dict.fromkeys(items))


class Pointers:
    """Names the arrays that a function takes, in their order, and its own rows."""

    def __init__(self):
        self.lines, self.taken, self.given, self.own = [], 0, 0, []

    def take(self, name):
        self.lines.append(f"  const T* const {name} = call.in[{self.taken}];")
        self.taken += 1

    def give(self, name, or_else=None):
        """An array to write; unless it is wanted, the thread's own memory."""
        array = f"call.out[{self.given}]"
        if or_else is not None:
            self.own.append((f"own_{name}", f"{or_else}"))
            array = f"call.keep ? {array} : own_{name}"
        self.lines.append(f"  T* const {name} = {array};")
        self.given += 1

    def declare(self, program, packs):
        rows = [*self.own, *((n, f"APART({s})") for n, s in program.scratch.items())]
        ends = [f"  const long LD_{name} = {size};" for name, size in rows]
        total = " + ".join(f"LD_{name}" for name, _ in rows)
        lines = [f"  T* const memory = aligned(TILE * ({total} + WIDTH));", "  T* next = memory;"]
        lines.append("  memset(memory, 0, TILE * (" + total + ") * sizeof(T));")
        for name, _ in rows:
            lines.append(f"  T* {name} = next; next += TILE * LD_{name};")
        used = [f"  const T* const {n} = call.packs[{i}];" for i, n in enumerate(packs.values())]
        return "\n".join([*ends, *lines, *self.lines, *used])


def arguments_of(step):
    """Pointers to what both functions take first: what the step takes."""
    sizes, p = step.sizes, Pointers()
    for n in range(len(sizes["of_x"])):
        p.take(f"x{n}")
    for k in range(len(sizes["state"])):
        p.take(f"first{k}")
    for _ in sizes["h_mask"]:
        p.take("h_mask")
    for n in range(len(sizes["weights"])):
        p.take(f"w{n}")
    return p


def forward_part(step, saved, tables):
    sizes, p = step.sizes, arguments_of(step)
    states = range(len(sizes["state"]))
    p.give("out")
    for k in states:
        p.give(f"last{k}")
    for k in states[1:]:
        p.give(f"all{k}", sizes["state"][k])
    for n, one in enumerate(saved):
        p.give(f"saved{n}", one.size)
    pointers = leaf_pointers(step)
    matrices = {("state", k): (f"c{k}", f"LD_c{k}") for k in states}
    for k in states:
        pointers["state", k] = f"c{k} + r * LD_c{k}"
        p.own += [(f"{name}{k}", f"APART({sizes['state'][k]})") for name in "cn"]
    targets = [Target(one, f"n{k} + r * LD_n{k}") for k, one in enumerate(step.new)]
    at = "(call.keep ? (b + r) * steps + t : r)"
    targets += [Target(one, f"saved{n} + {at} * {one.size}") for n, one in enumerate(saved)]
    program = Program(targets, pointers, matrices)
    code = named_tables(program, tables)

    def rows(form, which=states):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in which)

    load = (
        "for (long r = 0; r < rows; ++r) copy(c{k} + r * LD_c{k}, first{k} + (b + r) * {n}, {n});"
    )
    text = fill(
        FORWARD,
        declarations=p.declare(program, program.packs),
        load=rows(load),
        step=code,
        stay=rows("copy(n{k} + r * LD_n{k}, c{k} + r * LD_c{k}, {n});"),
        keep=rows("copy(out + ((b + r) * steps + t) * {n}, n{k} + r * LD_n{k}, {n});", [0])
        + "\n"
        + rows(f"copy(all{{k}} + {at} * {{n}}, n{{k}} + r * LD_n{{k}}, {{n}});", states[1:]),
        swap=rows("{{ T* old = c{k}; c{k} = n{k}; n{k} = old; }}"),
        last=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(last{k} + (b + r) * {n}, c{k} + r * LD_c{k}, {n});"
        ),
    )
    first_weight = p.taken - len(sizes["weights"])
    return text + entry("forward", program, first_weight, 0, "")


def backward_part(step, saved, new, lefts, places, d_of_x, tables):
    sizes, p = step.sizes, arguments_of(step)
    states = range(len(sizes["state"]))
    for k in states:
        p.take(f"all{k}")
    for n in range(len(saved)):
        p.take(f"saved{n}")
    p.take("d_out")
    for k in states:
        p.take(f"d_last{k}")
    here = "((b + r) * steps + t)"
    pointers, matrices, targets, cleared = leaf_pointers(step), {}, [], []
    for k in states:
        n = sizes["state"][k]
        pointers["new", k] = f"all{k} + {here} * {n}"
        pointers["state", k] = f"(t ? all{k} + ({here} - 1) * {n} : first{k} + (b + r) * {n})"
        pointers["d_new", k] = f"d{k} + r * LD_d{k}"
        matrices["d_new", k] = f"d{k}", f"LD_d{k}"
        p.own += [(f"{name}{k}", f"APART({n})") for name in "de"]
        d = step.d_states[k]
        d = step.make.constant(np.zeros(n)) if d is None else d
        targets.append(Target(d, f"e{k} + r * LD_e{k}"))

    def give(name, one):
        p.give(name)
        targets.append(Target(one, f"{name} + {here} * {one.size}"))
        cleared.append(f"memset({name} + {here} * {one.size}, 0, {one.size} * sizeof(T));")

    for n in d_of_x:
        give(f"dx{n}", step.d_of_x[n])
    for one, (kind, n) in places.items():
        if kind == "product":
            give(f"dp{n}", one)
    for n, one in enumerate(lefts):
        give(f"left{n}", one)
    for k in states:
        p.give(f"d_first{k}")
    sums = 0
    summed, total = [], []
    for n, one in sorted(step.d_weights.items()):
        # Summed up by step in T, over the steps in double.
        p.own.append((f"g{n}", f"APART({one.size})"))
        targets.append(Target(one, f"g{n}", add=True))
        summed.append(
            f"for (int u = 0; u < {one.size}; ++u) "
            f"{{ call.sums[{sums} + u] += g{n}[u]; g{n}[u] = 0; }}"
        )
        total.append((one.size, sums, p.given))
        p.given += 1
        sums += one.size
    given = {one: step.make.leaf("saved", n, one.size) for n, one in enumerate(saved)} | new
    for n, one in enumerate(saved):
        pointers["saved", n] = f"saved{n} + {here} * {one.size}"
    program = Program(targets, pointers, matrices, given)
    code = named_tables(program, tables)

    def rows(form):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in states)

    text = fill(
        BACKWARD,
        declarations=p.declare(program, program.packs),
        units=str(sizes["state"][0]),
        load=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(d{k} + r * LD_d{k}, d_last{k} + (b + r) * {n}, {n});"
        ),
        step=code,
        sum="\n".join(summed),
        stay=rows("copy(e{k} + r * LD_e{k}, d{k} + r * LD_d{k}, {n});") + "\n".join(cleared),
        swap=rows("{{ T* old = d{k}; d{k} = e{k}; e{k} = old; }}"),
        last=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(d_first{k} + (b + r) * {n}, d{k} + r * LD_d{k}, {n});"
        ),
    )
    add_up = "\n".join(
        f"  for (long u = 0; u < {size}; ++u) {{ double sum = 0; for (long t = 0; t < n; ++t) "
        f"sum += sums[t * {sums} + {at} + u]; out[{place}][u] = T(sum); }}"
        for size, at, place in total
    )
    first_weight = len(sizes["of_x"]) + len(states) + len(sizes["h_mask"])
    return text + entry("backward", program, first_weight, sums, add_up)


def leaf_pointers(step):
    sizes = step.sizes
    pointers = {
        ("of_x", n): f"x{n} + ((b + r) * steps + t) * {size}"
        for n, size in enumerate(sizes["of_x"])
    }
    pointers |= {("weights", n): f"w{n}" for n in range(len(sizes["weights"]))}
    return pointers | {
        ("h_mask", n): f"h_mask + (b + r) * {size}" for n, size in enumerate(sizes["h_mask"])
    }


def entry(name, program, first_weight, sums, total):
    pack = []
    for n, (weights, transposed, blocks, rows, columns) in enumerate(program.packs):
        pack.append(f"  packs[{n}] = aligned({blocks} * PACKED({rows}, {columns}));")
        flag = str(bool(transposed)).lower()
        sizes = f"{blocks}, {rows}, {columns}, {flag}"
        pack.append(f"  pack(in[{first_weight + weights}], {sizes}, packs[{n}]);")
    count = len(program.packs)
    work = sum(blocks * rows * columns for _, _, blocks, rows, columns in program.packs)
    return fill(
        ENTRY,
        work=str(work + 100),
        name=name,
        packs=str(count or 1),
        count=str(count),
        pack="\n".join(pack),
        sums=str(sums),
        total=total,
    )


def named_tables(program, tables):
    """The code, with the names that tables of constants have in the whole source."""
    code = "\n".join("        " + line for line in program.lines)
    for key, name in reversed(program.tables.items()):
        code = code.replace(f"{name}[", f"{tables.setdefault(key, f'shared{len(tables)}_')}[")
    return code


def declared_tables(tables):
    for (numbers, kind), name in tables.items():
        values = np.frombuffer(numbers, "int32" if kind == "int" else "float64").tolist()
        yield f"static const {kind} {name}[] = {{{', '.join(map(repr, values))}}};"


def fill(template, **parts):
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template
