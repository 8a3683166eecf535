"""Graphs for inference: compiled loops in the process that makes them, and nowhere else."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from cases import BACKEND, FEATURES, alike, distance, of_tensorflow, one_each, sequences
from keras_lstm_variants import GRU, LSTM, PeepholeLSTM, kernel, portable

if BACKEND == "tensorflow":
    import tensorflow as tf

    from keras_lstm_variants.kernel import operation

pytestmark = [of_tensorflow, pytest.mark.usefixtures("vectorised", "fresh_loops")]

SPEC = None if BACKEND != "tensorflow" else tf.TensorSpec((None, None, FEATURES))


def at_night(value):
    return pytest.param(value, marks=pytest.mark.nightly)


MASK = np.array([[1, 1, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0]], bool)
OF_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def of_cell(layer):
    """The compiled loop of a layer."""
    (loop,) = kernel.compiled[layer.cell].values()
    return loop


def operations(graph):
    nodes = graph.as_graph_def()
    return {n.op for n in nodes.node} | {n.op for f in nodes.library.function for n in f.node_def}


def saved_operations(path):
    loaded = tf.compat.v1.saved_model.loader.load
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded(session, ["serve"], str(path))
        return operations(session.graph)


def gradients(function, x, directions):
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = function(x)
    return tape.gradient(outputs, x, directions)


@pytest.mark.parametrize("how", ["predict", *map(at_night, ["evaluate", "tf.function"])])
def test_what_predicts_runs_compiled_loops(how, rng):
    layer = PeepholeLSTM(5)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model.compile(loss="mse")
    x = sequences(rng).astype("float32")
    call = {
        "predict": model.predict_on_batch,
        "evaluate": lambda x: model.test_on_batch(x, np.zeros((len(x), 5))),
        "tf.function": tf.function(model),
    }[how]
    call(x)
    assert layer.why_not_compiled == ""
    loop = of_cell(layer)
    loop.ran["forward"].value = 0
    call(x)
    assert layer.threads["forward"] == 1


@pytest.mark.parametrize("name", one_each())
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.nightly
def test_both_bodies_have_the_values_and_gradients_of_the_plain_loop(name, masked, rng):
    check_both_bodies(name, masked, rng)


@pytest.mark.ci
def test_both_bodies_of_one_cell(rng):
    check_both_bodies("peephole_lstm", True, rng)


def check_both_bodies(name, masked, rng):
    ours, plain = alike(name, rng, "float64", ["auto", "plain"], return_state=False)
    x = rng.normal(size=(3, 4, FEATURES))
    directions = rng.normal(size=plain(x).shape)
    mask = MASK if masked else None

    def outputs(layer):
        return lambda x: layer(x, mask=mask, training=False)

    @tf.function(autograph=False)
    def both(x):
        return outputs(ours)(x), gradients(outputs(ours), x, directions)

    expected = outputs(plain)(x), gradients(outputs(plain), tf.constant(x), directions)
    graph = both.get_concrete_function(tf.TensorSpec(x.shape, "float64"))
    assert distance(graph(tf.constant(x)), expected) < 1e-9
    loop = of_cell(ours)
    assert ours.threads == {"forward": 1, "backward": 1}
    branches = {n.op for n in graph.graph.as_graph_def().node}
    assert "StatelessCase" in branches and not branches & OF_PYTHON
    # And now as another process would: without the flag.
    flag = tf.raw_ops.VarHandleOp(**kernel.tensorflow.FLAG)
    tf.raw_ops.DestroyResourceOp(resource=flag)
    kernel.tensorflow.flag.cache_clear()
    try:
        loop.ran["forward"].value = loop.ran["backward"].value = 0
        assert distance(graph(tf.constant(x)), expected) < 1e-9
        assert ours.threads == {}
    finally:
        kernel.tensorflow.flag()


ELSEWHERE = textwrap.dedent("""
    import sys
    import numpy as np
    for name in "keras_lstm_variants", "pipelines", "keras":
        sys.modules[name] = None
    import tensorflow as tf
    x = tf.constant(np.load(sys.argv[1]))
    for path in sys.argv[2:]:
        loaded = tf.saved_model.load(path)
        for name, function in loaded.signatures.items():
            (y,) = function(x).values()
            np.save(f"{path}/{name}.npy", y)
        if hasattr(loaded, "gradient"):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(loaded.gradient(x))
            np.save(f"{path}/gradient.npy", tape.gradient(y, x))
""")


@pytest.mark.ci
def test_every_way_to_save_a_model_runs_where_there_is_no_compiler(rng, tmp_path):
    layer = PeepholeLSTM(5, return_sequences=True)
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    x = sequences(rng).astype("float32")
    np.save(tmp_path / "x.npy", x)
    expected = model(x)
    assert layer.why_not_compiled == ""

    model.export(tmp_path / "export", verbose=False)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("inference", model, [SPEC])
    archive.add_endpoint("training", lambda x: model(x, training=True), [SPEC])
    archive.write_out(tmp_path / "archive", verbose=False)
    module = tf.Module()
    module.model = model
    untraced = tf.function(lambda x: {"y": model(x)}, input_signature=[SPEC], autograph=False)
    tf.saved_model.save(module, str(tmp_path / "untraced"), signatures={"untraced": untraced})
    traced = tf.function(lambda x: {"y": model(x)}, input_signature=[SPEC], autograph=False)
    traced = traced.get_concrete_function()  # which is saved as it is; functions are traced anew
    assert layer.why_not_compiled == ""
    module.gradient = tf.function(model, input_signature=[SPEC], autograph=False)
    module.gradient(x)
    tf.saved_model.save(module, str(tmp_path / "traced"), signatures={"traced": traced})

    for folder in "export", "archive", "untraced":
        assert not saved_operations(tmp_path / folder) & OF_PYTHON, folder
    assert saved_operations(tmp_path / "traced") & OF_PYTHON, "it holds both bodies"

    folders = [tmp_path / name for name in ("export", "archive", "untraced", "traced")]
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path / "x.npy", *folders],
        capture_output=True, text=True, timeout=120, env={"PATH": "", "TF_CPP_MIN_LOG_LEVEL": "2"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = {path.stem: np.load(path) for path in tmp_path.glob("*/*.npy")}
    of_x = results.pop("gradient")
    assert {*results} == {"serve", "serving_default", "inference", "training", "untraced", "traced"}
    for name, result in results.items():
        assert distance([result], [expected]) < 1e-6, name
    assert distance([of_x], [gradients(model, tf.constant(x), tf.ones_like(expected))]) < 1e-5


@pytest.mark.nightly
def test_a_graph_for_training_says_elsewhere_what_to_do(rng, tmp_path):
    layer = GRU(4)
    module = tf.Module()
    module.layer = layer

    def traced():
        train = tf.function(lambda x: {"y": layer(x, training=True)}, input_signature=[SPEC])
        return train.get_concrete_function()

    tf.saved_model.save(module, str(tmp_path / "here"), signatures=traced())
    program = textwrap.dedent("""
        import sys
        import tensorflow as tf
        import keras_lstm_variants
        from keras_lstm_variants.kernel import operation
        assert operation.registered()
        loaded = tf.saved_model.load(sys.argv[1])
        try:
            loaded.signatures["serving_default"](tf.ones((2, 3, int(sys.argv[2]))))
        except tf.errors.FailedPreconditionError as error:
            assert "keras_lstm_variants.portable()" in str(error), error
            sys.exit(3)
    """)
    command = [sys.executable, "-c", program, tmp_path / "here", str(FEATURES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    with portable():
        signature = traced()
    tf.saved_model.save(module, str(tmp_path / "portable"), signatures=signature)
    assert not saved_operations(tmp_path / "portable") & OF_PYTHON


@pytest.mark.nightly  # in CI: test_derivatives.py
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("graph", [True, False])
def test_second_derivatives_are_those_of_the_plain_loop(training, graph, rng):
    layers = alike("peephole_lstm", rng, "float64", ["auto", "plain"], return_state=False)
    x = tf.constant(rng.normal(size=(2, 3, FEATURES)))
    direction = rng.normal(size=(2, 3, layers[0].units))

    def second(layer, x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                loss = tf.reduce_sum(direction * layer(x, training=training) ** 2)
            loss = tf.reduce_sum(inner.gradient(loss, x) ** 2)
        return outer.gradient(loss, [x, *[w.value for w in layer.trainable_weights]])

    call = tf.function(second) if graph else second
    assert distance(*(call(layer, x) for layer in layers)) < 1e-9
    assert layers[0].why_not_compiled == ""


@pytest.mark.ci
def test_forward_mode_is_refused_with_the_way_out(rng):
    layer, x = LSTM(3), tf.ones((1, 2, FEATURES))
    with (
        tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)),
        pytest.raises(NotImplementedError, match="forward-mode .* scan='graph'"),
    ):
        layer(x)


@pytest.mark.nightly
def test_what_reads_a_graphs_operations_gets_tensorflows_or_says_no(rng):
    layer = PeepholeLSTM(3)
    x = tf.constant(sequences(rng).astype("float32"))
    expected = layer(x)
    found = tf.vectorized_map(lambda row: tf.function(layer)(row[None])[0], x)
    assert distance([found], [expected]) < 1e-6
    assert "vectorised" in layer.why_not_compiled

    def jacobian(function, **options):
        with tf.GradientTape(persistent=bool(options)) as tape:
            tape.watch(x)
            y = tf.reduce_sum(function(x), axis=1)
        return tape.jacobian(y, x, **options)

    def jitted(function):
        return tf.function(lambda x: function(x), jit_compile=True, autograph=False)(x)

    traced = tf.function(layer, autograph=False)
    traced(x)
    assert layer.why_not_compiled == ""
    with pytest.raises(ValueError, match="experimental_use_pfor"):
        jacobian(traced)
    with pytest.raises(tf.errors.InvalidArgumentError, match="trace_within_.*_portable"):
        jitted(traced)
    with portable():
        taken = tf.function(layer, autograph=False)
        taken(x)
    of_one = jacobian(taken), jacobian(traced, experimental_use_pfor=False)
    assert distance([of_one[0]], [of_one[1]]) < 1e-5
    assert distance([jitted(taken)], [expected]) < 1e-6


@pytest.mark.ci
@pytest.mark.parametrize("training", [False, True])
def test_without_the_kernel_python_calls_the_loop(training, rng, monkeypatch):
    ours, plain = alike("lstm", rng, "float64", ["auto", "plain"], return_state=False)
    x = rng.normal(size=(3, 4, FEATURES))
    found = []
    for there in True, False:
        monkeypatch.setattr(operation, "registered", lambda there=there: there)
        function = tf.function(lambda x: ours(x, training=training), autograph=False)
        found.append(function(x))
        of_python = operations(function.get_concrete_function(x).graph) & OF_PYTHON
        assert of_python == {"PyFuncStateless"}
        assert ours.why_not_compiled == ""
    assert distance(found, [plain(x)] * 2) < 1e-12


@pytest.mark.ci
@pytest.mark.parametrize("training", [False, True])
def test_the_kernel_refuses_what_it_would_read_beyond_the_end_of(training):
    layer = LSTM(4)
    layer(np.zeros((3, 2, FEATURES), "float32"))
    loop = of_cell(layer)
    given = {array.name: tf.zeros(array.shape(3, 2)) for array in loop.signature.forward.takes}
    function = tf.function(
        lambda given: loop.run(loop.signature.forward, given, None, training),
        input_signature=[{k: tf.TensorSpec([None] * len(v.shape)) for k, v in given.items()}],
        autograph=False,
    )
    function(given)
    for name, tensor in given.items():
        for axis in range(len(tensor.shape)):
            if (name, axis) == ("x", 1):
                continue  # any number of steps will do
            for less in 0, 1:
                shape = [n + (1 - 2 * less) * (k == axis) for k, n in enumerate(tensor.shape)]
                with pytest.raises(tf.errors.InvalidArgumentError, match="takes .* as .*, not as"):
                    function({**given, name: tf.zeros(shape)})
