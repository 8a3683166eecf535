"""How fast the multipliers of this CPU are: the floor under everything that is made of products."""

import ctypes
import functools

from keras_lstm_variants.kernel import compiler

from .timing import Call

# Fused multiplications and additions of whole vectors, in as many chains as registers hold: none
# waits for the one before, and nothing comes from memory. Compilers make a loop of more than 16.
SOURCE = """
#if defined(__AVX512F__)
enum { BYTES = 64, CHAINS = 12 };
#elif defined(__AVX__)
enum { BYTES = 32, CHAINS = 12 };
#elif defined(__aarch64__)
enum { BYTES = 16, CHAINS = 16 };
#else
enum { BYTES = 16, CHAINS = 12 };
#endif
typedef float vec __attribute__((vector_size(BYTES)));

extern "C" long at_once() { return CHAINS * (BYTES / sizeof(float)); }

extern "C" float multiply(long times, float a, float b) {
  vec sums[CHAINS];
  for (int k = 0; k < CHAINS; ++k) sums[k] = vec{} + float(k);
  for (long n = 0; n < times; ++n)
    for (int k = 0; k < CHAINS; ++k) sums[k] = sums[k] * a + b;
  vec all = {};
  for (int k = 0; k < CHAINS; ++k) all += sums[k];
  float sum = 0;
  for (unsigned k = 0; k < sizeof all / sizeof(float); ++k) sum += all[k];
  return sum;
}
"""


@functools.cache
def _library() -> ctypes.CDLL | None:
    try:
        library = compiler.opened(SOURCE, compiler.FLAGS.split())  # whatever loops are made with
    except (compiler.NoCompiler, OSError):
        return None
    library.at_once.restype = ctypes.c_long
    library.multiply.restype = ctypes.c_float
    library.multiply.argtypes = [ctypes.c_long, ctypes.c_float, ctypes.c_float]
    return library


def multiplying(times: float) -> Call | None:
    """A call that multiplies and adds so many float32 numbers on one CPU, at its highest rate.

    With the vectors that compiled loops have; None if there is no compiler.
    """
    library = _library()
    if library is None:
        return None
    return functools.partial(library.multiply, round(times / library.at_once()) + 1, 0.5, 1.0)
