"""The loop over time: what x gives for all steps at once, and a gradient of the whole sequence.

`keras.layers.RNN` multiplies x_t by W within its loop and adds up the gradients of the weights step
by step. Here the loop holds what has to wait for the step before and nothing else:

- `net_of_x` is computed for all steps at once before it.
- On the way back, the loop takes what the loss loses by the states, step by step, from the
  derivatives of the cell's own equations. All else, the gradients of the weights and of x, follows
  from that for all steps at once after it.

Both come from `cell.net_of_x`, `cell.net` and `cell.step`: a cell has no line for them.
"""

import keras
from keras import ops, tree


def inner_loop(layer, sequences, initial_state, mask, training):
    """What `keras.layers.RNN.inner_loop` gives: the last output, all outputs, the last states."""
    cell = layer.cell
    sequences = ops.cast(sequences, cell.compute_dtype)
    if layer.go_backwards:
        sequences = ops.flip(sequences, axis=1)
        mask = None if mask is None else ops.flip(mask, axis=1)
    x_mask = cell.get_dropout_mask(sequences[:, 0]) if training else None
    h_mask = cell.get_recurrent_dropout_mask(initial_state[0]) if training else None
    x = sequences if x_mask is None else sequences * ops.expand_dims(x_mask, 1)
    x = ops.swapaxes(x, 0, 1)
    steps = ops.shape(x)[0]
    of_x = tree.map_structure(lambda part: by_step(part, steps), cell(all_rows(x), training=False))
    if mask is not None:
        rank = len(initial_state[0].shape)
        mask = ops.reshape(ops.cast(mask, "bool"), (*ops.shape(mask)[:2], *[1] * (rank - 1)))
    by_time = None if mask is None else ops.swapaxes(mask, 0, 1)
    outputs, states = LOOPS[keras.backend.backend()](
        cell, of_x, initial_state, by_time, h_mask, training
    )
    outputs = ops.swapaxes(outputs, 0, 1)
    if mask is not None and (layer.zero_output_for_mask or starts_from_zeros(layer)):
        # Keras' loop puts out zeros before the first step that counts, whatever the first state.
        shown = mask if layer.zero_output_for_mask else ops.cumsum(mask, axis=1) > 0
        outputs = ops.where(shown, outputs, 0.0)
    return outputs[:, -1], outputs, states


def starts_from_zeros(layer):
    """Whether the outputs at masked steps are zeros until the first step that counts.

    That of Keras' loop on JAX, unless it is unrolled, is the first state.
    """
    return keras.backend.backend() != "jax" or layer.unroll


def all_rows(x):
    """(steps, batch, ...) as (steps * batch, ...)"""
    return ops.reshape(x, (-1, *x.shape[2:]))


def by_step(x, steps):
    """(steps * batch, ...) as (steps, batch, ...)"""
    return None if x is None else ops.reshape(x, (steps, -1, *x.shape[1:]))


def where(mask, new, old):
    return new if mask is None else [ops.where(mask, n, o) for n, o in zip(new, old, strict=True)]


def keras_scan(cell, of_x, states, mask, h_mask, training):
    """The loop of JAX and torch, with the gradients that these take of it."""

    def step(states, at_t):
        of_x, mask = at_t
        _, new = cell(states[0], states, training=False, of_x=of_x, h_mask=h_mask)
        new = where(mask, new, states)
        return new, new[0]

    states, outputs = ops.scan(step, states, (of_x, mask))
    return outputs, states


def tensorflow_scan(cell, of_x, states, mask, h_mask, training):
    """The loop of TensorFlow, with a gradient of its own."""
    import tensorflow as tf

    weights = [weight.value for weight in cell.trainable_weights]
    structure, n_x, n_states = of_x, len(present(of_x)), len(states)

    def advance(of_x, states, weights, h_mask, product=None):
        """The states at t; `product` stands in for the products with weights."""
        of_x = pack(structure, of_x)
        with keras.StatelessScope(zip(cell.trainable_weights, weights, strict=True)):
            cell._product, usual = product or cell._product, cell._product
            try:
                return cell(states[0], states, training=False, of_x=of_x, h_mask=h_mask)[1]
            finally:
                cell._product = usual

    @tf.custom_gradient
    def run(*arguments):
        of_x, first, weights = split(arguments, n_x, n_states)
        all_states, products = forwards(advance, of_x, first, weights, mask, h_mask, training)

        def gradient(d_outputs, *d_last):
            return backwards(
                advance, of_x, first, weights, mask, h_mask, all_states, products, d_outputs, d_last
            )

        return (all_states[0], *[states[-1] for states in all_states]), gradient

    outputs, *last = run(*present(of_x), *states, *weights)
    return outputs, last


def forwards(advance, of_x, states, weights, mask, h_mask, keep):
    """All states, (steps, batch, ...) each; with `keep`, the results of all products as well."""
    import tensorflow as tf

    steps = ops.shape(of_x[0])[0]

    def step(t, states, *so_far):
        products = []

        def product(multiply, x, kernel):
            products.append(multiply(x, kernel))
            return products[-1]

        new = advance([part[t] for part in of_x], states, weights, h_mask, product)
        new = where(None if mask is None else mask[t], new, states)
        to_keep = [*new, *(products if keep else [])]
        if not so_far:
            return to_keep
        return t + 1, new, *[a.write(t, v) for a, v in zip(so_far, to_keep, strict=True)]

    # What is kept, and how large it is, is known when the step has been traced once.
    traced = tf.function(lambda *s: step(0, list(s))).get_concrete_function(*states).outputs
    arrays = [
        tf.TensorArray(like.dtype, steps, element_shape=like.shape, name="kept") for like in traced
    ]
    _, _, *arrays = tf.while_loop(
        lambda t, *_: t < steps, step, (0, list(states), *arrays), maximum_iterations=steps
    )
    kept = [array.stack() for array in arrays]
    return kept[: len(states)], kept[len(states) :]


def backwards(advance, of_x, first, weights, mask, h_mask, all_states, products, d_outputs, d_last):
    """The gradients of of_x, the first states and the weights, from those of what the loop gave."""
    import tensorflow as tf

    steps = ops.shape(of_x[0])[0]
    before = [tf.concat([one[None], all[:-1]], 0) for one, all in zip(first, all_states, strict=True)]

    def pull_back(by, of_x, states, weights, h_mask, products, d_new):
        """The gradients of one or more steps by some of what they take."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(by)
            new = advance(of_x, states, weights, h_mask, again(products) if products else None)
        return tape.gradient(new, by, d_new, unconnected_gradients="zero")

    def step(t, d_states, *so_far):
        d_output, *d_others = d_states
        d_states = [d_output + d_outputs[t], *d_others]
        d_new, d_kept = d_states, 0.0
        if mask is not None:
            d_new = where(mask[t], d_states, [0.0] * len(d_states))
            d_kept = where(mask[t], [0.0] * len(d_states), d_states)
        states = [one[t] for one in before]
        parts, kept = [part[t] for part in of_x], [one[t] for one in products]
        d_before = pull_back(states, parts, states, weights, h_mask, kept, d_new)
        if mask is not None:
            d_before = [d + kept for d, kept in zip(d_before, d_kept, strict=True)]
        return t - 1, d_before, *[a.write(t, d) for a, d in zip(so_far, d_new, strict=True)]

    arrays = [tf.TensorArray(d.dtype, steps, element_shape=d.shape) for d in d_last]
    _, d_first, *arrays = tf.while_loop(
        lambda t, *_: t >= 0, step, (steps - 1, list(d_last), *arrays), maximum_iterations=steps
    )
    # All steps are rows of one batch now.
    of_x, before, products, d_new = (
        [all_rows(one) for one in several]
        for several in (of_x, before, products, [array.stack() for array in arrays])
    )
    if h_mask is not None:
        h_mask = tf.tile(h_mask, [steps, *[1] * (len(h_mask.shape) - 1)])
    d_of_x, d_weights = pull_back([of_x, weights], of_x, before, weights, h_mask, products, d_new)
    return *[by_step(d, steps) for d in d_of_x], *d_first, *d_weights


def again(products):
    """Gives the results of products that have been computed before, with the usual gradients."""
    import tensorflow as tf

    products = iter(products)

    def product(multiply, x, kernel):
        @tf.custom_gradient
        def known(x, kernel):
            def gradient(d):
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch([x, kernel])
                    result = multiply(x, kernel)
                return tape.gradient(result, [x, kernel], d)

            return tf.identity(result_before), gradient

        result_before = next(products)
        return known(x, kernel)

    return product


def present(of_x):
    """The tensors of what `net_of_x` gives, which may have places where there is none."""
    return [part for part in tree.flatten(of_x) if part is not None]


def pack(structure, parts):
    """The same structure with other tensors."""
    parts = iter(parts)
    return tree.map_structure(lambda part: None if part is None else next(parts), structure)


def split(arguments, *sizes):
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return [list(arguments[a:b]) for a, b in zip([0, *ends], [*ends, None], strict=True)]


LOOPS = {"tensorflow": tensorflow_scan, "jax": keras_scan, "torch": keras_scan}
