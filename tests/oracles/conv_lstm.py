"""An LSTM of images."""

import numpy as np

from .core import sigmoid


def convolved(image, kernel):
    """Every pixel's neighbourhood times the kernel, not flipped; zeros around the image.

    image [rows, cols, channels], kernel [height, width, channels, filters]. An even kernel reaches
    one further down and to the right, as TensorFlow's "same" does.
    """
    rows, cols, _ = image.shape
    height, width, _, filters = kernel.shape
    up, left = (height - 1) // 2, (width - 1) // 2
    out = np.zeros((rows, cols, filters), np.result_type(image, kernel))
    for row in range(rows):
        for col in range(cols):
            for down in range(height):
                for right in range(width):
                    y, x = row + down - up, col + right - left
                    if 0 <= y < rows and 0 <= x < cols:
                        out[row, col] += image[y, x] @ kernel[down, right]
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
