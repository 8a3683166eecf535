"""The C++ source of a cell's loop over time, forward and backward."""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from .expressions import Constant, Leaf, Product, reachable
from .program import Program, Target
from .saving import to_save

AHEAD = 32  # rows of which a product is taken at once if it can be: the matrix is read once

FORWARD = """
static void forward_share(const Call& call, long begin, long end) {
  enum { TILE = @tile@ };
  const long steps = call.steps;
@declarations@
  for (long b = begin; b < end; b += TILE) {
    const long rows = end - b < TILE ? end - b : TILE;
    uint8_t on[TILE];
@load@
    // With few sequences, products of x are of several steps at once.
    const long ahead = rows >= MOST_ROWS ? 1 : AHEAD / rows;
    for (long t = 0; t < steps; ++t) {
      if (t % ahead == 0) {
        const long now = steps - t < ahead ? steps - t : ahead;
        (void)now;
@ahead@
      }
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
  enum { TILE = @tile@ };
  const long steps = call.steps;
  double* const sums = call.sums + begin / call.each * @sums@;
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
      }
      if (t % (AHEAD / TILE) == 0) {
@sum@
      }
      for (long r = 0; r < rows; ++r)
        if (!on[r]) {
@stay@
        }
@swap@
    }
@last@
@d_x@
  }
  free(memory);
}
"""

ENTRY = """
static void @name@_thread(const void* of, long number) {
  const Call& call = *(const Call*)of;
  const long begin = number * call.each, end = begin + call.each;
  @name@_share(call, begin, end < call.batch ? end : call.batch);
}

extern "C" void @name@(long batch, long steps, long threads, const uint8_t* mask,
                        const T* const* in, T* const* out, int keep) {
  T* packs[@packs@];
@pack@
  // A thread costs about as much as this many multiplications.
  if ((double)batch * steps * @work@ < 1e6) threads = 1;
  const long each = batch ? (batch + threads - 1) / threads : 1;
  const long n = (batch + each - 1) / each;
  double* sums = (double*)calloc(n * @sums@ + 1, sizeof(double));
  const Call call = {batch, steps, mask, in, out, keep != 0, packs, sums, each};
  in_threads(n, @name@_thread, &call);
@after@
  free(sums);
  for (int p = 0; p < @count@; ++p) free(packs[p]);
}
"""


@dataclass
class Source:
    """The source and what its functions take and give, apart from what is always there.

    Args:
        text: The source.
        saved: The sizes of what the way forward keeps, besides the states.
        d_weights: The numbers of the weights whose gradients the way back gives.
        own: The sizes of what the way back keeps for itself.
    """

    text: str
    saved: list
    d_weights: list
    own: list


def generate(step, dtype):
    """The source for a traced step, `step` of `trace.trace`; dtype is "float32" or "float64"."""
    number = {"float32": "float", "float64": "double"}[dtype]
    # The products' gradients, and their left operands where these are neither x nor a state.
    d_products = unique(d for _, d in with_gradient(step))
    lefts = unique(p.inputs[0] for p, _ in with_gradient(step) if not is_given(p.inputs[0]))
    after = is_of_rows(step.d_x, d_products)
    # In an order that is the same in every process, so that the source is, too.
    back = [None if after else step.d_x, *step.d_states, *d_products]
    back = unique(one for one in [*back, *step.d_weights.values(), *lefts] if one is not None)
    forward = set(reachable([*step.new, *step.products]))
    computed = [one for one in reachable(back, stop=forward) if one not in forward]
    read = unique([*(i for one in computed for i in one.inputs), *back])
    new = {
        one: step.make.leaf("new", k, one.size)
        for k, one in reversed(list(enumerate(step.new)))
        if not isinstance(one, Leaf | Constant)
    }
    saved = to_save(new, [one for one in read if one in forward and not isinstance(one, Constant)])
    tables: dict = {}
    parts = [
        forward_part(step, saved, tables),
        backward_part(step, saved, new, d_products, lefts, after, tables),
    ]
    head = f"typedef {number} T;\nenum {{ AHEAD = {AHEAD} }};\n"
    runtime = resources.files(__package__).joinpath("loop.h").read_text()
    return Source(
        text="\n".join([head, runtime, *declared_tables(tables), *parts]),
        saved=[one.size for one in saved],
        d_weights=sorted({*step.d_weights, *(p.weights for p, _ in with_gradient(step))}),
        own=[one.size for one in [*d_products, *lefts]],
    )


def tile(program):
    """How many sequences of a thread go through the steps together.

    Without products there is nothing to gain from more than one, and its rows stay in the cache.
    """
    return str(AHEAD if any(isinstance(one, Product) for one in program.stored) else 1)


def with_gradient(step):
    pairs = zip(step.products, step.d_products, strict=True)
    return [(p, d) for p, d in pairs if d is not None]


def is_given(one):
    """Whether an expression is x or a state, of which there is an array of all steps."""
    return isinstance(one, Leaf) and one.role in ("x", "state")


def is_of_rows(one, known):
    """Whether it is a product with one matrix of what is known of all steps."""
    return isinstance(one, Product) and one.blocks == 1 and one.inputs[0] in known


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
            self.allot(f"own_{name}", or_else)
            array = f"call.keep ? {array} : own_{name}"
        self.lines.append(f"  T* const {name} = {array};")
        self.given += 1

    def allot(self, name, size, rows="TILE"):
        """Rows of the thread's own."""
        self.own.append((name, size, rows))

    def declare(self, program, packs):
        for name, size in program.scratch.items():
            self.allot(name, f"APART({size})")
        ends = [f"  const long LD_{name} = {size};" for name, size, _ in self.own]
        total = " + ".join(f"{rows} * LD_{name}" for name, _, rows in self.own)
        lines = [f"  T* const memory = aligned({total} + WIDTH);", "  T* next = memory;"]
        lines.append(f"  memset(memory, 0, ({total}) * sizeof(T));")
        lines += [f"  T* {name} = next; next += {rows} * LD_{name};" for name, _, rows in self.own]
        used = [f"  const T* const {n} = call.packs[{i}];" for i, n in enumerate(packs.values())]
        return "\n".join([*ends, *lines, *self.lines, *used])


def arguments_of(step):
    """Pointers to what both functions take first: what the step takes."""
    sizes, p = step.sizes, Pointers()
    p.take("x0")
    for k in range(len(sizes["state"])):
        p.take(f"first{k}")
    for _ in sizes["h_mask"]:
        p.take("h_mask")
    for n in range(len(sizes["weights"])):
        p.take(f"w{n}")
    return p


def product_ahead(n, one, pack):
    """A product of x for all sequences at step t, or for each at all steps from t on."""
    size = one.rows
    end = f"{size}, {one.columns}, ahead{n}{{at}}, LD_ahead{n}, LD_ahead{n});"
    return f"""\
        if (ahead == 1)
          product(rows, x0 + (b * steps + t) * {size}, steps * {size}, {pack}, {end.format(at="")}
        else for (long r = 0; r < rows; ++r)
          product(now, x0 + ((b + r) * steps + t) * {size}, {size}, {pack}, \
{end.format(at=f" + r * ahead * LD_ahead{n}")}"""


def forward_part(step, saved, tables):
    sizes, p = step.sizes, arguments_of(step)
    (n_x,) = sizes["x"]
    states = range(len(sizes["state"]))
    p.give("out")
    for k in states:
        p.give(f"last{k}")
    for k in states[1:]:
        p.give(f"all{k}")
    for n, one in enumerate(saved):
        p.give(f"saved{n}", one.size)
    pointers, matrices = leaf_pointers(step), matrix_of_x(step)
    for k in states:
        matrices["state", k] = f"c{k}", f"LD_c{k}"
        pointers["state", k] = f"c{k} + r * LD_c{k}"
        for name in "cn":
            p.allot(f"{name}{k}", f"APART({sizes['state'][k]})")
    targets = [Target(one, f"n{k} + r * LD_n{k}") for k, one in enumerate(step.new)]
    at = "(call.keep ? (b + r) * steps + t : 0)"
    targets += [Target(one, f"saved{n} + {at} * {one.size}") for n, one in enumerate(saved)]
    ahead = unique(one for one in step.products if is_of_rows(one, [step.make.leaf("x", 0, n_x)]))
    for n, one in enumerate(ahead):
        pointers["ahead", n] = f"ahead{n} + (r * ahead + t % ahead) * LD_ahead{n}"
        p.allot(f"ahead{n}", f"APART(PANELS({one.size}))", rows="AHEAD")
    given = {one: step.make.leaf("ahead", n, one.size) for n, one in enumerate(ahead)}
    program = Program(targets, pointers, matrices, given)
    code = named_tables(program, tables)
    first = "\n".join(product_ahead(n, one, program.pack(one)) for n, one in enumerate(ahead))

    def rows(form, which=states):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in which)

    load = (
        "for (long r = 0; r < rows; ++r) copy(c{k} + r * LD_c{k}, first{k} + (b + r) * {n}, {n});"
    )
    text = fill(
        FORWARD,
        tile=tile(program),
        declarations=p.declare(program, program.packs),
        load=rows(load),
        ahead=first,
        step=code,
        stay=rows("copy(n{k} + r * LD_n{k}, c{k} + r * LD_c{k}, {n});"),
        keep=rows("copy(out + ((b + r) * steps + t) * {n}, n{k} + r * LD_n{k}, {n});", [0])
        + "\n"
        + rows(
            "if (call.keep) copy(all{k} + ((b + r) * steps + t) * {n}, n{k} + r * LD_n{k}, {n});",
            states[1:],
        ),
        swap=rows("{{ T* old = c{k}; c{k} = n{k}; n{k} = old; }}"),
        last=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(last{k} + (b + r) * {n}, c{k} + r * LD_c{k}, {n});"
        ),
    )
    first_weight = p.taken - len(sizes["weights"])
    return text + entry("forward", program, first_weight, 0, "")


def backward_part(step, saved, new, d_products, lefts, after, tables):
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
    pointers, matrices, targets, cleared = leaf_pointers(step), matrix_of_x(step), [], []
    for k in states:
        n = sizes["state"][k]
        pointers["new", k] = f"all{k} + {here} * {n}"
        pointers["state", k] = f"(t ? all{k} + ({here} - 1) * {n} : first{k} + (b + r) * {n})"
        pointers["d_new", k] = f"d{k} + r * LD_d{k}"
        matrices["d_new", k] = f"d{k}", f"LD_d{k}"
        for name in "de":
            p.allot(f"{name}{k}", f"APART({n})")
        d = step.d_states[k]
        d = step.make.constant(np.zeros(n)) if d is None else d
        targets.append(Target(d, f"e{k} + r * LD_e{k}"))

    def give(name, one, computed=True):
        p.give(name)
        if computed:
            targets.append(Target(one, f"{name} + {here} * {one.size}"))
            cleared.append(f"memset({name} + {here} * {one.size}, 0, {one.size} * sizeof(T));")

    give("dx", step.d_x, not after)
    for k in states:
        p.give(f"d_first{k}")
    multiplied = {product.weights for product, _ in with_gradient(step)}
    sums, places = 0, {}
    summed, total = [], []
    for n in sorted({*step.d_weights, *multiplied}):
        places[n] = p.given
        p.given += 1
        if n not in step.d_weights:
            continue
        one = step.d_weights[n]
        # Some rows are summed up in T, all in double.
        p.allot(f"g{n}", f"APART({one.size})")
        targets.append(Target(one, f"g{n}", add=True))
        summed.append(
            f"for (int u = 0; u < {one.size}; ++u) {{ sums[{sums} + u] += g{n}[u]; g{n}[u] = 0; }}"
        )
        total.append((one.size, sums, places[n]))
        sums += one.size
    arrays = {}  # of all steps, and where they are among what is given
    for name, all_of_them in (("d_product", d_products), ("left", lefts)):
        for n, one in enumerate(all_of_them):
            arrays[one] = p.given
            give(f"{name}{n}", one)
    given = {one: step.make.leaf("saved", n, one.size) for n, one in enumerate(saved)} | new
    for n, one in enumerate(saved):
        pointers["saved", n] = f"saved{n} + {here} * {one.size}"
    program = Program(targets, pointers, matrices, given)
    code = named_tables(program, tables)
    d_x = ""
    if after:
        one = step.d_x
        d_x = (
            f"      product(rows * steps, d_product{d_products.index(one.inputs[0])} + b * steps * "
            f"{one.rows}, {one.rows}, {program.pack(one)}, {one.rows}, {one.columns}, "
            f"dx + b * steps * {one.columns}, {one.columns}, {one.columns});"
        )

    def rows(form):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in states)

    text = fill(
        BACKWARD,
        tile=tile(program),
        declarations=p.declare(program, program.packs),
        sums=str(sums),
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
        d_x=d_x,
    )
    add_up = "\n".join(
        f"  for (long u = 0; u < {size}; ++u) {{ double sum = 0; for (long t = 0; t < n; ++t) "
        f"sum += sums[t * {sums} + {at} + u]; out[{place}][u] = T(sum); }}"
        for size, at, place in total
    )
    first_weight = 1 + len(states) + len(sizes["h_mask"])
    first_array = first_weight + len(sizes["weights"])
    gradients = gradients_of_weights(step, arrays, places, first_array)
    return text + entry("backward", program, first_weight, sums, add_up + gradients)


def gradients_of_weights(step, arrays, places, first_array):
    """The part of what follows the steps back that multiplies what they left."""

    def rows(one, block, of):
        """A struct of one block of an operand."""
        size, at = one.size, block * (one.size // of)
        if one in arrays:
            return f"{{out[{arrays[one]}] + {at}, {size}, 0, 0, steps}}"
        if one.role == "x":
            return f"{{in[0] + {at}, {size}, 0, 0, steps}}"
        state = f"in[{first_array + one.index}] + {at}, {size}"
        return f"{{{state}, in[{1 + one.index}] + {at}, {size}, steps}}"

    jobs, seen = [], set()
    for product, d in with_gradient(step):
        for block in range(product.blocks):
            pair = [rows(product.inputs[0], block, product.blocks), rows(d, block, product.blocks)]
            sizes = [product.rows, product.columns]
            if product.transposed:
                pair, sizes = pair[::-1], sizes[::-1]
            out = f"out[{places[product.weights]}] + {block * product.rows * product.columns}"
            add = str(product.weights in seen).lower()
            jobs.append(f"    {{{', '.join([*pair, *map(str, sizes), out, add])}}},")
        seen.add(product.weights)
    if not jobs:
        return ""
    listed = "\n".join(jobs)
    return f"""
  const Weights weights[] = {{
{listed}
  }};
  const Gradients gradients = {{weights, {len(jobs)}, batch, steps, threads}};
  in_threads(threads, gradients_share, &gradients);"""


def matrix_of_x(step):
    (size,) = step.sizes["x"]
    return {("x", 0): (f"x0 + (b * steps + t) * {size}", f"(steps * {size})")}


def leaf_pointers(step):
    sizes = step.sizes
    pointers = {("x", 0): f"x0 + ((b + r) * steps + t) * {sizes['x'][0]}"}
    pointers |= {("weights", n): f"w{n}" for n in range(len(sizes["weights"]))}
    return pointers | {
        ("h_mask", n): f"h_mask + (b + r) * {size}" for n, size in enumerate(sizes["h_mask"])
    }


def entry(name, program, first_weight, sums, after):
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
        after=after,
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
