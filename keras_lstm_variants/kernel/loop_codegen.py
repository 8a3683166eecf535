"""The code of the loop: the C++ source of a cell's forward and backward pass over time.

trace -> intermediate form -> code of a step -> CODE OF THE LOOP -> compile and cache -> call

It puts the code of a step (`step_codegen`) into the loops over sequences and steps, and says with
`signature` what the two functions take and give. `threads.h` and `runtime.h` have what every source
needs.
"""

from dataclasses import dataclass
from importlib import resources

import numpy as np

from .input_products import product_ahead, product_onto, sums_ahead
from .ir import Constant, Leaf, Product, reachable
from .rematerialise import to_keep
from .signature import Signature, gradient_of, signature_of
from .step_codegen import StepCode, Target, comment

AHEAD = 32  # rows of which a product is taken at once if it can be: the matrix is read once

FORWARD = """
static void forward_share(const Call& call, long begin, long end) {
  enum { TILE = @tile@, AT_ONCE = @numbers@ * sizeof(T) <= 1 << 20 ? (int)MOST_ROWS : (int)AHEAD };
  const long steps = call.steps, tile = end - begin < TILE ? end - begin : TILE;
  const long lead = call.team ? steps : AHEAD;
@declarations@
  for (long b = begin; b < end; b += TILE) {
    const long rows = end - b < TILE ? end - b : TILE;
    uint8_t on[TILE];
@load@
    // With few sequences, products of x are of several steps at once; with one, other threads do
    // them ahead of the steps.
    const long ahead = call.team ? AT_ONCE : rows >= MOST_ROWS ? 1 : AHEAD / rows;
    const long there = call.team ? steps : ahead;
    auto of_x = [&](long block) {
      const long t = block * ahead, now = steps - t < ahead ? steps - t : ahead;
      (void)now;
@ahead@
    };
    Ahead blocks(call.team, (steps + ahead - 1) / ahead, called<decltype(of_x)>, &of_x);
    for (long t = 0; t < steps; ++t) {
      if (t % ahead == 0) call.team ? blocks.need(t / ahead) : of_x(t / ahead);
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
  const long steps = call.steps, tile = end - begin < TILE ? end - begin : TILE;
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
        const T* from = d_all0 + ((b + r) * steps + t) * @units@;
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

@declaration@ {
  if ((double)batch * steps * @work@ < WORTH_THREADS) threads = 1;
  const long each = batch ? (batch + threads - 1) / threads : 1;
  const long n = (batch + each - 1) / each;
  long wanted = n;
  if (n == 1 && @ahead@ && steps <= MOST_AHEAD / (@ahead@ + 1))
    wanted = fewer(threads, fewer(@useful@, 1 + (steps - 1) / MOST_ROWS));
  Session session(wanted);
  Team& team = session.team;
  Matrix packs[@packs@];
  Packing packing[@packs@];
@pack@
  const Packings packings = {packing, @count@, n ? n : 1};
  if (@count@) team.each(n, pack_share, &packings);
  double* sums = (double*)calloc(n * @sums@ + 1, sizeof(double));
  const Call call = {batch, steps, mask, in, out, keep != 0, packs, sums, each,
                     wanted > n ? &team : 0};
  team.each(n, @name@_thread, &call);
  const long ran = team.ran();
@after@
  free(sums);
  for (int p = 0; p < @count@; ++p) free(packing[p].to);
  return ran;
}
"""


@dataclass
class LoopCode:
    """The source, and what its functions take and give."""

    text: str
    signature: Signature


def generate(step, dtype):
    """The source for a step, an `ir.Step`; dtype is "float32" or "float64"."""
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
    needed = [one for one in read if one in forward and not isinstance(one, Constant)]
    kept = named("saved", to_keep(new, needed))
    scratch = named("d_product", d_products) | named("left", lefts)
    agreed = signature_of(
        step,
        kept,
        d_weights=sorted({*step.d_weights, *(p.weights for p, _ in with_gradient(step))}),
        scratch=scratch,
    )
    tables: dict = {}
    parts = [
        forward_part(step, agreed.forward, kept, tables),
        backward_part(step, agreed.backward, kept, new, scratch, after, tables),
    ]
    head = f"typedef {number} T;\nenum {{ AHEAD = {AHEAD} }};\n"
    files = resources.files(__package__)
    shared = [files.joinpath(name).read_text() for name in ("threads.h", "runtime.h")]
    return LoopCode("\n".join([head, *shared, *declared_tables(tables), *parts]), agreed)


def named(name, expressions):
    return {f"{name}{n}": one for n, one in enumerate(expressions)}


def tile(code, sums=()):
    """How many sequences of a thread go through the steps together.

    Without products there is nothing to gain from more than one, and its rows stay in the cache.
    """
    products = any(isinstance(one, Product) for one in code.stored)
    return str(AHEAD if products or sums else 1)


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
    """Names the arrays that a function takes and gives, and the thread's own rows."""

    def __init__(self, function):
        self.function, self.own = function, []
        self.instead = set()  # arrays that are only written where they are wanted

    def allot(self, name, size, rows="tile"):
        """Rows of the thread's own."""
        self.own.append((name, size, rows))

    def allot_instead(self, name, size):
        """A row of the thread's own, to write to where an array is not wanted."""
        self.instead.add(name)
        self.allot(f"own_{name}", size, rows="1")

    def arrays(self):
        for array in self.function.takes:
            yield f"const T* const {array.name} = call.{self.function.taken(array.name)};", array
        for array in self.function.gives:
            address = f"call.{self.function.given(array.name)}"
            if array.name in self.instead:
                address = f"call.keep ? {address} : own_{array.name}"
            yield f"T* const {array.name} = {address};", array

    def declare(self, code):
        for name, size in code.scratch.items():
            self.allot(name, f"APART({size})")
        for name, length in code.held.items():
            self.allot(name, f"APART({length})", rows="1")
        ends = [f"  const long LD_{name} = {size};" for name, size, _ in self.own]
        total = " + ".join(f"{rows} * LD_{name}" for name, _, rows in self.own)
        lines = [f"  T* const memory = aligned({total} + WIDTH);", "  T* next = memory;"]
        lines.append(f"  memset(memory, 0, ({total}) * sizeof(T));")
        lines += [f"  T* {name} = next; next += {rows} * LD_{name};" for name, _, rows in self.own]
        lines += [f"  {line}  // {array}" for line, array in self.arrays()]
        for n, pack in enumerate(code.packs.values()):
            lines.append(f"  const Matrix& {pack} = call.packs[{n}];")
        return "\n".join([*ends, *lines])


def forward_part(step, function, kept, tables):
    sizes, p = step.sizes, Pointers(function)
    (n_x,) = sizes["x"]
    states = range(len(sizes["state"]))
    for name, one in kept.items():
        p.allot_instead(name, one.size)
    pointers, matrices = leaf_pointers(step), matrix_of_x(step)
    for k in states:
        matrices["state", k] = f"c{k}", f"LD_c{k}"
        pointers["state", k] = f"c{k} + r * LD_c{k}"
        for name in "cn":
            p.allot(f"{name}{k}", f"APART({sizes['state'][k]})")
        if k:
            p.allot_instead(f"all{k}", sizes["state"][k])
    every, at = "((b + r) * steps + t)", "(call.keep ? (b + r) * steps + t : 0)"
    targets = [Target(one, f"n{k} + r * LD_n{k}") for k, one in enumerate(step.new)]
    targets += [
        Target(one, f"all{k} + {at if k else every} * {one.size}") for k, one in enumerate(step.new)
    ]
    targets += [Target(one, f"{name} + {at} * {one.size}") for name, one in kept.items()]
    ahead = unique(one for one in step.products if is_of_rows(one, [step.make.leaf("x", 0, n_x)]))
    for n, one in enumerate(ahead):
        pointers["ahead", n] = f"ahead{n} + (r * ahead + t % there) * LD_ahead{n}"
        p.allot(f"ahead{n}", f"APART(PANELS({one.size}))", rows="lead")
    sums = {one.of_x: one for one in sums_ahead(targets, ahead)}
    given = {
        sums[one].whole if one in sums else one: step.make.leaf("ahead", n, one.size)
        for n, one in enumerate(ahead)
    }
    code = StepCode(targets, pointers, matrices, given, step.letters, step.weights)
    lines = named_tables(code, tables)
    first, onto, load = [], [], []
    for n, one in enumerate(ahead):
        both = sums.get(one)
        if both and both.bias:  # in a row that has room for whole panels, too
            p.allot(f"bias{n}", f"PANELS({one.size})", rows="1")
            load.append(f"copy(bias{n}, w{both.bias.index}, {one.size});")
        first += product_ahead(n, one, both, code)
        if both:
            onto += product_onto(n, both, code)

    def rows(form, which=states):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in which)

    load += [
        f"for (long r = 0; r < rows; ++r) copy(c{k} + r * LD_c{k}, first{k} + (b + r) * {n}, {n});"
        for k, n in enumerate(sizes["state"])
    ]
    text = fill(
        FORWARD,
        tile=tile(code, sums),
        numbers=str(sum(one.rows * one.columns for one in ahead)),
        declarations=p.declare(code),
        load=indented(6, load),
        ahead=indented(6, first),
        step=indented(8, onto) + "\n" + lines,
        stay=rows("copy(n{k} + r * LD_n{k}, c{k} + r * LD_c{k}, {n});")
        + "\n"
        + rows(f"copy(all{{k}} + {every} * {{n}}, c{{k}} + r * LD_c{{k}}, {{n}});", [0])
        + "\n"
        + rows(f"copy(all{{k}} + {at} * {{n}}, c{{k}} + r * LD_c{{k}}, {{n}});", states[1:]),
        swap=rows("{{ T* old = c{k}; c{k} = n{k}; n{k} = old; }}"),
        last=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(last{k} + (b + r) * {n}, c{k} + r * LD_c{k}, {n});"
        ),
    )
    return text + entry(function, code, 0, "", ahead)


def backward_part(step, function, kept, new, scratch, after, tables):
    sizes, p = step.sizes, Pointers(function)
    states = range(len(sizes["state"]))
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

    def every_step(name, one):
        targets.append(Target(one, f"{name} + {here} * {one.size}"))
        cleared.append(f"memset({name} + {here} * {one.size}, 0, {one.size} * sizeof(T));")

    if not after:
        every_step(gradient_of("x"), step.d_x)
    sums, summed, total = 0, [], []
    for n, one in sorted(step.d_weights.items()):
        # Some rows are summed up in T, all in double.
        p.allot(f"g{n}", f"APART({one.size})")
        targets.append(Target(one, f"g{n}", add=True))
        summed.append(
            f"for (int u = 0; u < {one.size}; ++u) {{ sums[{sums} + u] += g{n}[u]; g{n}[u] = 0; }}"
        )
        total.append((one.size, sums, function.given(gradient_of(f"w{n}"))))
        sums += one.size
    for name, one in scratch.items():
        every_step(name, one)
    given = new.copy()
    for n, (name, one) in enumerate(kept.items()):
        given[one] = step.make.leaf("saved", n, one.size)
        pointers["saved", n] = f"{name} + {here} * {one.size}"
    code = StepCode(targets, pointers, matrices, given, step.letters, step.weights)
    lines = named_tables(code, tables)
    d_x = ""
    if after:
        one = step.d_x
        d_x = indented(6, code.comment_on(one, code.factors(one))) + (
            f"\n      product(rows * steps, {name_of(one.inputs[0], scratch)} + b * steps * "
            f"{one.rows}, {one.rows}, {code.pack(one)}, {one.rows}, {one.columns}, "
            f"Into{{d_x + b * steps * {one.columns}, {one.columns}}}, {one.columns});"
        )

    def rows(form):
        return "\n".join("      " + form.format(k=k, n=sizes["state"][k]) for k in states)

    text = fill(
        BACKWARD,
        tile=tile(code),
        declarations=p.declare(code),
        sums=str(sums),
        units=str(sizes["state"][0]),
        load=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(d{k} + r * LD_d{k}, d_last{k} + (b + r) * {n}, {n});"
        ),
        step=lines,
        sum=indented(8, summed),
        stay=rows("copy(e{k} + r * LD_e{k}, d{k} + r * LD_d{k}, {n});")
        + indented(6, ["", *cleared]),
        swap=rows("{{ T* old = d{k}; d{k} = e{k}; e{k} = old; }}"),
        last=rows(
            "for (long r = 0; r < rows; ++r) "
            "copy(d_first{k} + (b + r) * {n}, d{k} + r * LD_d{k}, {n});"
        ),
        d_x=d_x,
    )
    add_up = "\n".join(
        f"  for (long u = 0; u < {size}; ++u) {{ double sum = 0; for (long t = 0; t < n; ++t) "
        f"sum += sums[t * {sums} + {at} + u]; {address}[u] = T(sum); }}"
        for size, at, address in total
    )
    return text + entry(
        function, code, sums, add_up + gradients_of_weights(step, function, scratch)
    )


def name_of(one, named):
    return next(name for name, other in named.items() if other is one)


def gradients_of_weights(step, function, scratch):
    """The part of what follows the steps back that multiplies what they left."""
    arrays = {one: name for name, one in scratch.items()}

    def rows(one, block, of):
        """A struct of one block of an operand."""
        size, at = one.size, block * (one.size // of)
        if one in arrays:
            return f"{{{function.given(arrays[one])} + {at}, {size}, 0, 0, steps}}"
        if one.role == "x":
            return f"{{{function.taken('x')} + {at}, {size}, 0, 0, steps}}"
        state = f"{function.taken(f'all{one.index}')} + {at}, {size}"
        return f"{{{state}, {function.taken(f'first{one.index}')} + {at}, {size}, steps}}"

    jobs, seen = [], set()
    for product, d in with_gradient(step):
        for block in range(product.blocks):
            pair = [rows(product.inputs[0], block, product.blocks), rows(d, block, product.blocks)]
            sizes = [product.rows, product.columns]
            if product.transposed:
                pair, sizes = pair[::-1], sizes[::-1]
            out = function.given(gradient_of(f"w{product.weights}"))
            out = f"{out} + {block * product.rows * product.columns}"
            add = str(product.weights in seen).lower()
            job = f"    {{{', '.join([*pair, *map(str, sizes), out, add])}}},"
            said = comment(f"gradient of {step.weights[product.weights]}")
            jobs.append("  ".join([job, *said]))
        seen.add(product.weights)
    if not jobs:
        return ""
    listed = "\n".join(jobs)
    return f"""
  const Weights weights[] = {{
{listed}
  }};
  const Gradients gradients = {{weights, {len(jobs)}, batch, steps, threads}};
  team.gather(threads);
  team.each(threads, gradients_share, &gradients);"""


def matrix_of_x(step):
    (size,) = step.sizes["x"]
    return {("x", 0): (f"x + (b * steps + t) * {size}", f"(steps * {size})")}


def leaf_pointers(step):
    sizes = step.sizes
    pointers = {("x", 0): f"x + ((b + r) * steps + t) * {sizes['x'][0]}"}
    pointers |= {("weights", n): f"w{n}" for n in range(len(sizes["weights"]))}
    return pointers | {
        ("h_mask", n): f"h_mask + (b + r) * {size}" for n, size in enumerate(sizes["h_mask"])
    }


def entry(function, code, sums, after, ahead=()):
    """The function that is called from outside: it shares the sequences out among threads.

    Of one sequence, it has others compute what is `ahead`: as many as keep up with the steps.
    """
    pack = []
    for n, (weights, transposed, blocks, rows, columns) in enumerate(code.packs):
        flag = str(bool(transposed)).lower()
        sizes = f"{blocks}, {rows}, {columns}, {flag}, each, &packing[{n}]"
        pack.append(f"  packs[{n}] = matrix({function.taken(f'w{weights}')}, {sizes});")
    count = len(code.packs)
    work = sum(blocks * rows * columns for _, _, blocks, rows, columns in code.packs)
    of_x = sum(one.rows * one.columns for one in ahead)
    return fill(
        ENTRY,
        work=str(work + 100),
        declaration=function.declaration(),
        name=function.name,
        packs=str(count or 1),
        count=str(count),
        pack="\n".join(pack),
        sums=str(sums),
        ahead=str(sum(one.size for one in ahead)),
        useful=str(2 + of_x // (work - of_x + 100)),
        after=after,
    )


def named_tables(step_code, tables):
    """The code, with the names that tables of constants have in the whole source."""
    code = "\n".join("        " + line for line in step_code.lines)
    for key, name in reversed(step_code.tables.items()):
        code = code.replace(f"{name}[", f"{tables.setdefault(key, f'shared{len(tables)}_')}[")
    return code


def declared_tables(tables):
    for (numbers, kind), name in tables.items():
        values = np.frombuffer(numbers, "int32" if kind == "int" else "float64").tolist()
        yield f"static const {kind} {name}[] = {{{', '.join(map(repr, values))}}};"


def indented(spaces, lines):
    return "\n".join(" " * spaces + line for line in lines)


def fill(template, **parts):
    for name, text in parts.items():
        template = template.replace(f"@{name}@", text)
    return template
