"""A data flow as a picture: inputs on the left, each letter to the right of what it uses.

Layers by the longest way from the inputs, their order by barycentres, then heights by averages of
what is connected: the usual layered drawing, as small as these graphs allow.
"""

from dataclasses import dataclass, field
from html import escape
from itertools import combinations, pairwise

from dataflow import ELEMENTWISE, MATRIX, WEIGHT, Flow, Node, Way

COLOURS = {MATRIX: "#2166ac", WEIGHT: "#b35806", ELEMENTWISE: "#404040"}
DASHES = {MATRIX: "", WEIGHT: "5 3", ELEMENTWISE: ""}
MEANINGS = {MATRIX: "times a matrix", WEIGHT: "times a vector of weights", ELEMENTWISE: "as it is"}
COLUMN, ROW, MARGIN, LEGEND = 84, 46, 22, 34
LONGEST_LABEL = 10
GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "theta": "θ", "eta": "η", "mu": "μ"}


@dataclass
class Place:
    key: str
    node: Node | None = None  # None: a point that a way passes, or where ways are joined
    joint: bool = False
    layer: int = 0
    y: float = 0.0
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def radius(self):
        if self.node is None:
            return 3 if self.joint else 0
        if self.node.kind == "operation":
            return 10 if len(self.node.label) < 3 else 15
        return 19

    @property
    def half_width(self):
        if self.node is None or self.node.kind == "operation":
            return self.radius
        return max(17, 5 + 4 * visible_length(text_of(self.node)))

    @property
    def room(self):
        return {0: 14, 3: 20}.get(self.radius, 2 * self.radius + 10)


def picture(flow: Flow, title: str) -> str:
    """The flow as SVG."""
    ways = join(merge(flow.ways))
    places = {node.key: Place(node.key, node) for node in flow.nodes}
    for way in ways:
        for key in (way.source, way.target):
            places.setdefault(key, Place(key, joint=True))
    assign_layers(places, ways)
    routes = {way: route(way, places) for way in ways}
    for keys in routes.values():
        for one, other in pairwise(keys):
            places[one].after.append(other)
            places[other].before.append(one)
    layers = ordered(places)
    set_heights(layers, places)
    return drawn(places, routes, title)


def merge(ways: list[Way]) -> list[Way]:
    """One way in place of several that differ in the functions they pass only."""
    functions: dict[Way, list[str]] = {}
    for way in ways:
        functions.setdefault(way._replace(functions=()), []).append(" ".join(way.functions))
    merged = []
    for way, names in functions.items():
        label = ", ".join(filter(None, names))
        label = "…" if len(label) > LONGEST_LABEL else label
        merged.append(way._replace(functions=(label,) if label else ()))
    return merged


def join(ways: list[Way]) -> list[Way]:
    """The ways with those that lead from the same letters to several joined in one point."""
    users: dict[frozenset, list[str]] = {}
    for target in dict.fromkeys(way.target for way in ways):
        sources = frozenset(
            way._replace(target="") for way in ways if way.target == target and way.kind == MATRIX
        )
        users.setdefault(sources, []).append(target)
    joined = list(ways)
    for number, (sources, targets) in enumerate(users.items()):
        if len(sources) < 2 or len(sources) * len(targets) < 4:
            continue
        joined = [
            way
            for way in joined
            if way.target not in targets or way._replace(target="") not in sources
        ]
        joint = f"joint {number}"
        in_order = [way for way in ways if way.target == targets[0] and way.kind == MATRIX]
        joined += [way._replace(target=joint) for way in in_order]
        joined += [Way(joint, target, MATRIX) for target in targets]
    return joined


def assign_layers(places, ways):
    for _ in places:
        for way in ways:
            source, target = places[way.source], places[way.target]
            target.layer = max(target.layer, source.layer + 1)


def route(way, places) -> list[str]:
    """The places that a way passes: its ends and a point in each layer between them."""
    source, target = places[way.source], places[way.target]
    keys = [way.source]
    for layer in range(source.layer + 1, target.layer):
        key = f"{way.source} > {way.target} {way.kind} {layer}"
        places.setdefault(key, Place(key, layer=layer))
        keys.append(key)
    return [*keys, way.target]


def ordered(places) -> list[list[str]]:
    """The places of each layer from top to bottom, with few crossings."""
    depth = max(place.layer for place in places.values()) + 1
    layers = [[k for k, place in places.items() if place.layer == n] for n in range(depth)]
    best, fewest = layers, crossings(layers, places)
    for sweep in range(24):
        layers = [list(layer) for layer in layers]
        forwards = sweep % 2 == 0
        for number in range(1, depth) if forwards else range(depth - 2, -1, -1):
            fixed = layers[number - 1 if forwards else number + 1]
            rank = {key: index for index, key in enumerate(fixed)}

            def centre(key, rank=rank, layer=layers[number], forwards=forwards):
                near = places[key].before if forwards else places[key].after
                if not near:
                    return layer.index(key)
                return sum(rank[other] for other in near) / len(near)

            layers[number] = sorted(layers[number], key=centre)
        if (count := crossings(layers, places)) < fewest:
            best, fewest = layers, count
    return best


def crossings(layers, places) -> int:
    total = 0
    for left, right in pairwise(layers):
        rank = {key: index for index, key in enumerate(right)}
        lines = [(i, rank[k]) for i, key in enumerate(left) for k in places[key].after]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(lines, 2))
    return total


def set_heights(layers, places):
    """Each place near the average of those it is connected with, none on top of another."""
    for layer in layers:
        for index, key in enumerate(layer):
            places[key].y = (index - (len(layer) - 1) / 2) * ROW
    for sweep in range(40):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wished = [wish(places[key], places) for key in layer]
            for key, y in zip(layer, apart(layer, wished, places), strict=True):
                places[key].y = y
    top = min(place.y - place.room / 2 for place in places.values())
    for place in places.values():
        place.y += MARGIN - top


def wish(place, places):
    """Where a place would like to be; points of one way keep it straight."""
    near = [*place.before, *place.after]
    weights = [3 if not places[key].radius and not place.radius else 1 for key in near]
    total = sum(w * places[key].y for w, key in zip(weights, near, strict=True))
    return total / sum(weights) if near else place.y


def apart(layer, wished, places) -> list[float]:
    """The heights nearest to those wished that keep order and distance: least squares."""
    offsets, offset = [], 0.0
    for index, key in enumerate(layer):
        if index:
            offset += (places[layer[index - 1]].room + places[key].room) / 2
        offsets.append(offset)
    groups: list[list[float]] = []  # sum and number of what shares a height, offsets apart
    for y, offset in zip(wished, offsets, strict=True):
        groups.append([y - offset, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, number = groups.pop()
            groups[-1] = [groups[-1][0] + total, groups[-1][1] + number]
    flat = [total / number for total, number in groups for _ in range(int(number))]
    return [y + offset for y, offset in zip(flat, offsets, strict=True)]


def drawn(places, routes, title) -> str:
    depth = max(place.layer for place in places.values())
    widest = [
        max(place.half_width for place in places.values() if place.layer == n)
        for n in range(depth + 1)
    ]
    xs = [MARGIN + widest[0]]
    for left, right in pairwise(widest):
        xs.append(xs[-1] + max(left + right + 30, COLUMN if left + right > 20 else 40))
    height = max(place.y + place.room / 2 for place in places.values()) + MARGIN
    parts = [line for way, keys in routes.items() for line in way_parts(way, keys, places, xs)]
    parts += [shape(place, xs[place.layer]) for place in places.values() if place.radius]
    key, key_width = legend(routes, height)
    parts += key
    width = max(xs[-1] + widest[-1], key_width) + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height + LEGEND:.0f}" viewBox="0 0 {width:.0f} {height + LEGEND:.0f}" '
            'font-family="DejaVu Serif, Georgia, serif" font-size="15" text-anchor="middle">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="white"/>',
            *parts,
            "</svg>\n",
        ]
    )


def way_parts(way, keys, places, xs) -> list[str]:
    colour = COLOURS[way.kind]
    points = [(xs[places[key].layer], places[key].y) for key in keys]
    (x0, y0), (x1, y1) = points[0], points[-1]
    target = places[keys[-1]]
    points[0] = (x0 + places[keys[0]].half_width, y0)
    points[-1] = (x1 - target.half_width - (0 if target.joint else 6), y1)
    path, curves = f"M{points[0][0]:.1f},{points[0][1]:.1f}", []
    for (xa, ya), (xb, yb) in pairwise(points):
        bend = (xb - xa) / 2
        curves.append(((xa, ya), (xa + bend, ya), (xb - bend, yb), (xb, yb)))
        path += f"C{xa + bend:.1f},{ya:.1f} {xb - bend:.1f},{yb:.1f} {xb:.1f},{yb:.1f}"
    parts = [
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'stroke-dasharray="{DASHES[way.kind]}"/>'
    ]
    if not target.joint:
        x, y = points[-1]
        parts.append(f'<path d="M{x + 6:.1f},{y:.1f}l-8,-4v8z" fill="{colour}" stroke="none"/>')
    if way.cut:
        x, y = at(curves[0], 0.3)
        parts.append(
            f'<path d="M{x - 2:.1f},{y - 6:.1f}v12m4,0v-12" stroke="#b2182b" stroke-width="1.5"/>'
        )
    if way.functions:
        x, y = at(curves[-1], 0.5)
        parts.append(
            f'<text x="{x:.1f}" y="{y - 3:.1f}" font-size="11" fill="{colour}" stroke="white" '
            f'stroke-width="4" paint-order="stroke">{escape(way.functions[0])}</text>'
        )
    return parts


def at(curve, t):
    """The point of a Bezier curve at t."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return tuple(sum(w * p[i] for w, p in zip(weights, curve, strict=True)) for i in (0, 1))


def shape(place, x) -> str:
    y, node = place.y, place.node
    if node is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{place.radius}" fill="{COLOURS[MATRIX]}"/>'
    if node.kind == "operation":
        size = 14 if len(node.label) == 1 else 9
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{place.radius}" fill="white" stroke="#404040"/>'
            f'<text x="{x:.1f}" y="{y + size / 3:.1f}" font-size="{size}">{escape(node.label)}'
            "</text>"
        )
    fill = {"input": "#eeeeee", "letter": "white", "state": "#fddbc7"}[node.kind]
    w, h = place.half_width, place.radius - 2
    function = (
        f'<text x="{x:.1f}" y="{y + 14:.1f}" font-size="10" fill="#606060">'
        f"{escape(node.function)}</text>"
        if node.function
        else ""
    )
    return (
        f'<rect x="{x - w:.1f}" y="{y - h:.1f}" width="{2 * w:.1f}" height="{2 * h}" rx="6" '
        f'fill="{fill}" stroke="#404040"/>'
        f'<text x="{x:.1f}" y="{y + (2 if node.function else 5):.1f}" font-style="italic">'
        f"{typeset(text_of(node))}</text>{function}"
    )


def text_of(node) -> str:
    """The letter with its index of time: x_t, h_t for states, h_{t-1} for those that come in."""
    name, before, _ = node.label.replace("_prev", "_{t-1}").partition("_{t-1}")
    time = before or ("_{t}" if node.kind == "state" or name == "x" else "")
    letter, _, index = name.partition("_")
    if index.isdigit():  # the states of a stack
        return f"{letter}^{index}{time}"
    return (
        f"{letter}_{{{index}}}" if index and len(letter) == 1 else name.replace("_", " ")
    ) + time


def typeset(text) -> str:
    """h^1_{t-1} as SVG text."""
    out, rest, shifted = "", text, 0
    while rest:
        if rest[0] in "_^":
            up = rest[0] == "^"
            if rest[1] == "{":
                script, rest = rest[2:].split("}", 1)
            else:
                script, rest = rest[1], rest[2:]
            shift = -6 if up else 4
            minus = script.replace("-", "−")
            out += f'<tspan dy="{shift - shifted}" font-size="9">{escape(minus)}</tspan>'
            shifted = shift
        else:
            end = min((rest.index(mark) for mark in "_^" if mark in rest), default=len(rest))
            word, rest = rest[:end], rest[end:]
            out += f'<tspan dy="{-shifted}">{escape(GREEK.get(word, word))}</tspan>'
            shifted = 0
    return out


def visible_length(text) -> int:
    return len(text.translate(str.maketrans("", "", "_^{}")))


def legend(routes, y) -> tuple[list[str], float]:
    """What the lines mean, and how wide that is."""
    parts, x = [], float(MARGIN)
    for kind, meaning in MEANINGS.items():
        if any(way.kind == kind for way in routes):
            parts.append(
                f'<path d="M{x:.0f},{y + 6:.0f}h22" stroke="{COLOURS[kind]}" stroke-width="1.5" '
                f'stroke-dasharray="{DASHES[kind]}"/>'
            )
            parts.append(small(x + 27, y + 10, meaning))
            x += 45 + 6 * len(meaning)
    words = "shaded: handed to the next step"
    if any(way.cut for way in routes):
        words += "; red bars: no error flows back"
    return [*parts, small(MARGIN, y + 28, words)], max(x, MARGIN + 6 * len(words))


def small(x, y, words) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="10" text-anchor="start" fill="#404040">'
        f"{escape(words)}</text>"
    )
