"""An LSTM and a GRU of images, and of what has one axis or three."""

import numpy as np

from .core import sigmoid


def convolved(image, kernel):
    """Every pixel's neighbourhood times the kernel, not flipped; zeros around the image.

    image [..., channels], kernel [..., channels, filters], with as many axes of an image before. An
    even kernel reaches one further in each direction, as TensorFlow's "same" does.
    """
    *sizes, _ = image.shape
    *lengths, _, filters = kernel.shape
    out = np.zeros((*sizes, filters), np.result_type(image, kernel))
    for pixel in np.ndindex(*sizes):
        for offset in np.ndindex(*lengths):
            before = [(length - 1) // 2 for length in lengths]
            seen = tuple(p + o - b for p, o, b in zip(pixel, offset, before, strict=True))
            if all(0 <= at < size for at, size in zip(seen, sizes, strict=True)):
                out[pixel] += image[seen] @ kernel[offset]
    return out


def conv_lstm_2d(xs, h, c, W, R, b, p_i, p_f, p_o, kept=1.0):
    """Shi et al. 2015, "Convolutional LSTM network", equation 3: with Hadamard peepholes.

    xs [steps, rows, cols, channels]; gates (i, f, z, o), b[gate] [filters], and the kernels
    W[gate] [height, width, channels, filters], R[gate] [height, width, filters, filters]; states
    (h, c), both [rows, cols, filters]. Own: p_i, p_f, p_o [rows, cols, filters]; the output gate
    sees the new c. Stride one, "same" padding for both kernels.

    Others: keras.layers.ConvLSTM2D has no peepholes; with p zero it is this.
    """
    hs = []
    for x in xs:
        seen = kept * h
        i = sigmoid(convolved(x, W["i"]) + convolved(seen, R["i"]) + p_i * c + b["i"])
        f = sigmoid(convolved(x, W["f"]) + convolved(seen, R["f"]) + p_f * c + b["f"])
        z = np.tanh(convolved(x, W["z"]) + convolved(seen, R["z"]) + b["z"])
        c = f * c + i * z
        o = sigmoid(convolved(x, W["o"]) + convolved(seen, R["o"]) + p_o * c + b["o"])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


conv_lstm_1d = conv_lstm_3d = conv_lstm_2d


def conv_gru_2d(xs, h, W, R, b, kept=1.0):
    """Ballas et al. 2016, "Delving deeper into convolutional networks", equations 5 to 8.

    Gates (u, r, z), states (h); as in `gru_reset_before`, u keeps the old state, where the paper's
    takes the new value. Stride one, "same" padding. The paper has no biases.
    """
    hs = []
    for x in xs:
        seen = kept * h
        u = sigmoid(convolved(x, W["u"]) + convolved(seen, R["u"]) + b["u"])
        r = sigmoid(convolved(x, W["r"]) + convolved(seen, R["r"]) + b["r"])
        z = np.tanh(convolved(x, W["z"]) + convolved(r * seen, R["z"]) + b["z"])
        h = u * h + (1 - u) * z
        hs.append(h)
    return np.stack(hs), (h,)


conv_gru_1d = conv_gru_3d = conv_gru_2d
