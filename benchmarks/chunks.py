"""Matrix memories in chunks beside step by step: CPU seconds and memory of a training step.

`python benchmarks/chunks.py [name ...]`: the cells of a matrix memory, or those named, over 1024
steps in float32. CPU seconds, as other processes on the machine leave them alone; run nothing else
for the seconds by the clock. Memory is what the process needs at most beyond what it had before.
"""

import json
import multiprocessing
import resource
import sys
import time

NAMES = ("gla", "delta_net", "gated_delta_net", "hgrn2", "rwkv7", "mamba2", "mlstm")
FORMS = ("steps", "chunks", "compiled steps")
STEPS, BATCH, UNITS, HEADS, REPEATS = 1024, 8, 256, 4, 3  # 64 numbers a head, as in the papers


def measured(name, form):
    """CPU seconds, seconds and MiB of a forward and a backward pass, in a process of its own."""
    import keras
    import tensorflow as tf

    from keras_lstm_variants import LAYERS
    from keras_lstm_variants.recurrent import Recurrent

    layer_class = LAYERS[name]
    if form == "steps":
        layer_class = type("Steps", (Recurrent,), {"cell_class": layer_class.cell_class})
    scan = "auto" if form == "compiled steps" else "graph"
    layer = layer_class(UNITS, heads=HEADS, scan=scan, return_sequences=True)
    x = keras.random.normal((BATCH, STEPS, UNITS))

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(layer(x, training=True) ** 2)
        return tape.gradient(loss, layer.trainable_variables)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step(x)  # traces and compiles
    found = []
    for _ in range(REPEATS):
        cpu, clock = time.process_time(), time.perf_counter()
        [each.numpy() for each in step(x)]
        found.append((time.process_time() - cpu, time.perf_counter() - clock))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, clock = map(min, zip(*found, strict=True))
    return {
        "cell": name,
        "form": form,
        "cpu_seconds": round(cpu, 3),
        "seconds": round(clock, 3),
        "mib": (after - before) // 1024,
        "why_not_compiled": layer.why_not_compiled,
    }


def main():
    names = sys.argv[1:] or NAMES
    for name in names:
        rows = {}
        for form in FORMS:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows[form] = pool.apply(measured, (name, form))
            print(json.dumps(rows[form]), flush=True)
        share = rows["chunks"]["cpu_seconds"] / rows["steps"]["cpu_seconds"]
        print(f"{name}: chunks take {share:.2f} of the CPU time of steps", flush=True)


if __name__ == "__main__":
    main()
