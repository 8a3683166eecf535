"""A compiled function as an operation of TensorFlow's graphs, without Python on the way.

trace -> intermediate form -> code of a step -> code of the loop -> compile and cache -> CALL

`operation.cpp` is a kernel for it, compiled once for each version of TensorFlow. It serves the
loops of all cells: a token in the graph says which function to call, and which arrays that takes
and gives. Where it cannot be compiled, `tf.numpy_function` calls the same functions.
"""

import ctypes
import functools
import logging
import threading
import uuid
from importlib import resources
from typing import Any

from . import compiler
from .signature import BATCH, STEPS, Array, Function, place

log = logging.getLogger(__name__)

LABEL = "keras_lstm_variants"
registering = threading.Lock()
PROCESS = uuid.uuid4().hex  # in tokens and in the name of the flag: no other process has it
SCRATCH, RETURNED, ABSENT = range(3)  # as in operation.cpp


def registered() -> bool:
    """Whether TensorFlow has the kernel; it is compiled and registered in the first call."""
    with registering:  # a kernel that is registered twice is an error in every graph
        return register()


@functools.cache
def register() -> bool:
    """Compiles and registers it; whether that worked."""
    import tensorflow as tf

    source = resources.files(__package__).joinpath("operation.cpp").read_text()
    options = (
        "-std=c++17",
        "-O2",
        "-fPIC",
        "-shared",
        "-pthread",
        f"-I{tf.sysconfig.get_include()}",
    )
    try:
        library = compiler.opened(source, options, tuple(tf.sysconfig.get_link_flags()))
        register_kernel = library.register_kernel
    except (compiler.NoCompiler, OSError) as error:
        log.info("compiled loops are called through tf.numpy_function: %s", error)
        return False
    register_kernel.argtypes, register_kernel.restype = [ctypes.c_char_p] * 2, ctypes.c_char_p
    said = register_kernel(LABEL.encode(), PROCESS.encode())
    if said:
        log.info("compiled loops are called through tf.numpy_function: %s", said.decode())
    return not said


def token(
    address: int,
    ran: int,
    function: Function,
    dtype: Any,
    masked: bool,
    keep: bool,
    threads: int,
) -> str:
    """What the kernel reads.

    Args:
        address: Where the function is.
        ran: Where it notes on how many threads it ran.
        function: What it takes and gives.
        dtype: The dtype of its arrays, a `tf.DType`.
        masked: Whether a mask comes before the arrays.
        keep: Whether the backward pass will follow.
        threads: On how many it may run.
    """

    def role(array: Array) -> int:
        if array.kept and not keep:
            return ABSENT
        return RETURNED if array.returned else SCRATCH

    def described(arrays: tuple[Array, ...]) -> list[Any]:
        words: list[Any] = [len(arrays)]
        for array in arrays:
            sizes = array.shape(batch=-1, steps=-2)
            name = (array.meaning or array.name).replace(" ", "~")
            words += [name, role(array), len(sizes), *sizes]
        return words

    assert {axis for array in function.takes for axis in array.of} <= {BATCH, STEPS}
    words = [PROCESS, address, ran, dtype.as_datatype_enum, dtype.size, threads, int(keep)]
    words += [int(masked), place("x", function.takes)]
    return " ".join(map(str, [*words, *described(function.takes), *described(function.gives)]))


def call(tensors: list[Any], dtypes: list[Any], token: str) -> list[Any]:
    """Puts the call into the graph that is being made; gives its results."""
    import tensorflow as tf

    Value = tf.compat.v1.AttrValue

    def types(dtypes: list[Any]) -> Any:
        return Value(list=Value.ListValue(type=[one.as_datatype_enum for one in dtypes]))

    operation = tf.compat.v1.get_default_graph().create_op(
        "PyFuncStateless",
        tensors,
        dtypes,
        name="compiled_loop",
        attrs={
            "token": Value(s=token.encode()),
            "Tin": types([tensor.dtype for tensor in tensors]),
            "Tout": types(dtypes),
            "_kernel": Value(s=LABEL.encode()),
        },
    )
    return list(operation.outputs)
