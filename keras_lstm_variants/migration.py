"""Weights of other libraries' recurrent layers, for the layers here with the same equations.

Only the arrangement is changed: which gate comes first, what is transposed, what stands in one
matrix or two, and biases that the other library adds while it runs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

Arrays = list[np.ndarray]


def convert_weights(
    source: Any, layer: Any, *, library: str | None = None, forget_bias: float = 1.0
) -> Any:
    """Gives a layer the weights of another library's layer with the same equations.

    Args:
        source: A layer of Keras, or of Keras 2, with `get_weights()`; a module of torch, with
            `state_dict()`; or the weights themselves: by the names that they have in the library's
            checkpoints, or in a list, in the order of its `get_weights()`.
        layer: A layer of this library, which is built if it is not yet.
        library: `"keras"`, `"torch"`, `"tensorflow"` for the cells of `tf.compat.v1.nn.rnn_cell`,
            `"addons"`, `"ncps"` or `"keras_lmu"`. Without it, a module is torch's, and another
            layer is Keras'.
        forget_bias: What an LSTM of `tf.compat.v1` has been made with: it adds this to the bias of
            the forget gate in every step, and its checkpoint does not have it.

    Returns:
        The layer.

    Raises:
        ValueError: The library or its cell is unknown; a weight is missing, is one too many or has
            another shape than it must have; or a source that is a layer or a module computes
            something else with them: by its class, an activation, or as it reads backwards.
    """
    # Where Keras runs on torch, its layers are modules as well.
    of_torch = hasattr(source, "state_dict") and not hasattr(source, "get_weights")
    library = library or ("torch" if of_torch else "keras")
    name = type(layer).__name__
    if library not in CONVERSIONS:
        libraries = ", ".join(map(repr, CONVERSIONS))
        raise ValueError(f"library must be one of {libraries}, not {library!r}.")
    known = CONVERSIONS[library]
    if name not in known:
        raise ValueError(
            f"{name} has no counterpart in {library!r} of which only the arrangement differs; "
            f"these have: {', '.join(known)}."
        )
    check_equations(source, layer, library)
    given = Given(source, f"{library}, for {name}")
    converted = known[name](given, forget_bias) if library == "tensorflow" else known[name](given)
    given.check_all_taken()
    if not layer.built:
        layer.build((None, None, converted[0].shape[0] + getattr(layer.cell, "beside", 0)))
    wanted = [tuple(weight.shape) for weight in layer.weights]
    shapes = [weight.shape for weight in converted]
    if shapes != wanted:
        raise ValueError(
            f"{name} has weights of the shapes {wanted}, but those given come to {shapes}."
        )
    layer.set_weights(converted)
    return layer


def check_equations(source: Any, layer: Any, library: str) -> None:
    """Refuses a source that says of itself that it computes something else with its weights.

    Weights in a list or by their names say nothing.
    """
    for module in source.modules() if hasattr(source, "modules") else ():
        if hasattr(module, "weight_ih_l0"):
            check_activations(torch_activations(module), layer)
        if library == "ncps" and hasattr(module, "backbone"):
            check_cfc(module)
    if hasattr(source, "get_weights"):
        cell = getattr(source, "cell", source)
        if library == "keras":
            check_class(cell, layer)
        names = "activation", "recurrent_activation"
        check_activations({name: getattr(cell, name, None) for name in names}, layer)
        backwards = getattr(source, "go_backwards", layer.go_backwards)
        if backwards != layer.go_backwards:
            raise ValueError(
                f"source has go_backwards={backwards}, {type(layer).__name__} has "
                f"go_backwards={layer.go_backwards}: give both the same."
            )


def torch_activations(module: Any) -> dict[str, Any]:
    """The activations of a recurrent module, which only torch.nn.RNN can choose."""
    if hasattr(module, "nonlinearity"):
        return {"activation": keras.activations.get(module.nonlinearity)}
    return {
        "activation": keras.activations.tanh,
        "recurrent_activation": keras.activations.sigmoid,
    }


def check_cfc(module: Any) -> None:
    """Whether a CfC of ncps has the equations that are here; other modes may have its weights."""
    backbone = {type(part).__name__ for part in module.backbone} - {"Linear", "Dropout"}
    if (mode := getattr(module, "mode", "default")) != "default":
        raise ValueError(f"source has mode={mode!r}; CfC has the equations of 'default'.")
    if backbone != {"LeCun"}:
        raise ValueError(
            f"source has {', '.join(sorted(backbone))} in its backbone; CfC has lecun_tanh."
        )


def check_class(cell: Any, layer: Any) -> None:
    """Whether a cell of Keras, 2 or 3, or of this library is the counterpart of a layer."""
    name, cls = type(layer).__name__, type(cell)
    ours = cls.__module__.partition(".")[0] == __package__
    names = [one.__name__.removesuffix("Cell") for one in ([cls] if ours else cls.__mro__)]
    [theirs, *_] = [one for one in names if one in CONVERSIONS["keras"]] or [cls.__name__]
    if theirs == "GRU" and not getattr(cell, "reset_after", True):
        theirs = "GRUResetBefore"
    if theirs != name:
        what = "GRU(reset_after=False)" if theirs == "GRUResetBefore" and not ours else theirs
        raise ValueError(f"source is {what}, which computes something else than {name}.")


def check_activations(theirs: Mapping[str, Any], layer: Any) -> None:
    """Whether functions are those of a layer, by their values: a name may mean two functions."""
    x = keras.ops.reshape(keras.ops.linspace(-4.0, 4.0, 24), (4, 6))
    for name, function in theirs.items():
        ours = getattr(layer.cell, name, None)
        if function is None or ours is None:
            continue
        one, other = (keras.ops.convert_to_numpy(f(x)) for f in (function, ours))
        if not np.allclose(one, other, atol=1e-5):
            called = [getattr(f, "__name__", repr(f)) for f in (function, ours)]
            raise ValueError(
                f"source has {name}={called[0]}, {type(layer).__name__} has {name}={called[1]}: "
                "give both the same."
            )


class Given:
    """The weights of a source, taken one by one; what is missing or left over is an error."""

    def __init__(self, source: Any, what: str) -> None:
        self.what = what
        if hasattr(source, "get_weights"):
            source = source.get_weights()
        elif hasattr(source, "state_dict"):
            source = {name: value.detach().cpu() for name, value in source.state_dict().items()}
        if not isinstance(source, (Mapping, Sequence)) or isinstance(source, str):
            raise ValueError(
                "source must be a layer, a module, a dict of weights by name or a list of weights, "
                f"not {type(source).__name__}."
            )
        self.named: dict[str, np.ndarray] = {}
        self.listed: Arrays = []
        if isinstance(source, Mapping):
            self.named = {name: np.asarray(weight) for name, weight in source.items()}
        else:
            self.listed = [np.asarray(weight) for weight in source]
        self.taken: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        """The weight of a name; the names of checkpoints may stand behind those of scopes."""
        ends = [key for key in self.named if key == name or key.endswith(("/" + name, "." + name))]
        ends += [key for key in self.named if key.removesuffix(":0").endswith("/" + name)]
        ends = list(dict.fromkeys(ends))
        if len(ends) != 1:
            have = ", ".join(self.named) or f"a list of {len(self.listed)}"
            many = "several" if ends else "no"
            raise ValueError(f"source ({self.what}) has {many} {name!r}, but {have}.")
        self.taken.add(ends[0])
        return self.named[ends[0]]

    def __contains__(self, name: str) -> bool:
        return any(
            key == name or key.removesuffix(":0").endswith(("/" + name, "." + name))
            for key in self.named
        )

    def in_order(self, *names: str) -> Arrays:
        """The weights of a list, as many as there are names; or those with the names."""
        if self.named:
            return [self[name] for name in names]
        if len(self.listed) != len(names):
            raise ValueError(
                f"source ({self.what}) must be {len(names)} weights, {', '.join(names)}, not "
                f"{len(self.listed)}."
            )
        return self.listed

    def check_all_taken(self) -> None:
        if rest := self.named.keys() - self.taken:
            raise ValueError(
                f"source ({self.what}) has {', '.join(sorted(rest))} as well, which is of another "
                "layer or has no place here."
            )


def arranged(columns: np.ndarray, gates: str, wanted: str) -> np.ndarray:
    """The columns of gates, which stand in one order, in another."""
    by_gate = dict(zip(gates, np.split(columns, len(gates), axis=-1), strict=True))
    return np.concatenate([by_gate[gate] for gate in wanted], axis=-1)


# Keras: all that is of one name, arranged alike.


def as_it_is(*names: str) -> Callable[[Given], Arrays]:
    return lambda given: given.in_order(*names)


KERAS = "kernel", "recurrent_kernel", "bias"


def keras_weights(given: Given) -> Arrays:
    without = "bias" not in given if given.named else len(given.listed) == 2
    return given.in_order(*(KERAS[:2] if without else KERAS))


# torch: transposed, r before z; torch adds two biases where one would do.


def torch_weights(given: Given) -> Arrays:
    W, R = given["weight_ih_l0"].T, given["weight_hh_l0"].T
    if "bias_ih_l0" not in given:
        return [W, R]
    return [W, R, np.stack([given["bias_ih_l0"], given["bias_hh_l0"]])]


def torch_rnn(given: Given) -> Arrays:
    W, R, *b = torch_weights(given)
    return [W, R, *[both.sum(axis=0) for both in b]]


def torch_gru(given: Given) -> Arrays:
    return [arranged(columns, "ruz", "urz") for columns in torch_weights(given)]


def torch_projected(given: Given) -> Arrays:
    return [*torch_rnn(given), given["weight_hr_l0"].T]


# tf.compat.v1.nn.rnn_cell: one matrix for [x, h]; i, z, f, o; r before u.


def both_kernels(given: Given, name: str, units: int) -> tuple[np.ndarray, np.ndarray]:
    kernel = given[name]
    return kernel[:-units], kernel[-units:]


def tf1_rnn(given: Given, forget_bias: float) -> Arrays:
    b = given["bias"]
    return [*both_kernels(given, "kernel", len(b)), b]


def tf1_lstm(given: Given, forget_bias: float) -> Arrays:
    b = given["bias"]
    units = len(b) // 4
    W, R = both_kernels(given, "kernel", units)
    W, R, b = (arranged(columns, "izfo", "ifzo") for columns in (W, R, b))
    b[units : 2 * units] += forget_bias
    return [W, R, b]


def tf1_peephole(given: Given, forget_bias: float) -> Arrays:
    return [*tf1_lstm(given, forget_bias), *(given[f"w_{gate}_diag"] for gate in "ifo")]


def tf1_gru(given: Given, forget_bias: float) -> Arrays:
    units = len(given["candidate/bias"])
    W, R = both_kernels(given, "gates/kernel", units)
    W_z, R_z = both_kernels(given, "candidate/kernel", units)
    b = given["gates/bias"], given["candidate/bias"]
    joined = (np.concatenate(parts, axis=-1) for parts in ((W, W_z), (R, R_z), b))
    return [arranged(columns, "ruz", "urz") for columns in joined]


# Others.


def addons_esn(given: Given) -> Arrays:
    R, W, b = given.in_order("recurrent_kernel", "kernel", "bias")
    return [W, R, b]


def ncps_cfc(given: Given) -> Arrays:
    kernel, b = given["backbone.0.weight"].T, given["backbone.0.bias"]
    heads = "ff1", "ff2", "time_a", "time_b"
    W_head = np.concatenate([given[f"{head}.weight"].T for head in heads], axis=1)
    b_head = np.concatenate([given[f"{head}.bias"] for head in heads])
    features = len(kernel) - len(b_head) // 4
    return [kernel[:features], kernel[features:], b, W_head, b_head]


def keras_lmu(given: Given) -> Arrays:
    e, e_m, W, R, b = given.in_order(
        "kernel", "recurrent_kernel", "hidden_kernel", "hidden_recurrent_kernel", "hidden_bias"
    )
    if e.shape[1] != 1:
        raise ValueError(f"LMU has a memory of one input, but these weights are of {e.shape[1]}.")
    order, units = len(e_m), len(b)
    return [
        np.concatenate([e[:-units], W[order:]], axis=1),
        np.concatenate([e[-units:], R], axis=1),
        np.concatenate([np.zeros(1), b]),
        np.concatenate([e_m, W[:order]], axis=1),
    ]


CONVERSIONS: dict[str, dict[str, Callable[..., Arrays]]] = {
    "keras": dict.fromkeys(("SimpleRNN", "LSTM", "GRU", "GRUResetBefore"), keras_weights),
    "torch": {
        "SimpleRNN": torch_rnn,
        "LSTM": torch_rnn,
        "GRU": torch_gru,
        "ProjectedLSTM": torch_projected,
    },
    "tensorflow": {
        "SimpleRNN": tf1_rnn,
        "LSTM": tf1_lstm,
        "PeepholeLSTM": tf1_peephole,
        "GRUResetBefore": tf1_gru,
    },
    "addons": {
        "PeepholeLSTM": as_it_is(*KERAS, "peephole_i", "peephole_f", "peephole_o"),
        "LayerNormSimpleRNN": as_it_is(*KERAS, "gamma"),
        "ESN": addons_esn,
    },
    "ncps": {"CfC": ncps_cfc},
    "keras_lmu": {"LMU": keras_lmu},
}
