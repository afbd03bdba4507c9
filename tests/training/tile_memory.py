"""Prints the memory for one window, and for a large image without the image and the result.

For a program that knows no sizes, or for `predict`: python tile_memory.py program|predict. This is
a separate process, since TensorFlow keeps the memory that it once had.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

import keras_segaug as ks


def megabytes(name):
    with open("/proc/self/status") as lines:
        [line] = [line for line in lines if line.startswith(name)]
    return int(line.split()[1]) / 1024


def network():
    """A network that computes little and takes much memory."""
    inputs = keras.Input((None, None, 3))
    wide = keras.layers.Conv2D(64, 1, activation="relu")(inputs)
    low = keras.layers.UpSampling2D()(keras.layers.MaxPooling2D()(wide))
    wide = keras.layers.Concatenate()([wide, low])
    return keras.Model(inputs, keras.layers.Conv2D(2, 1, activation="softmax")(wide))


def main(way):
    tta = ks.TestTimeAugmentation(network(), None, tile=(256, 256), overlap=0.25)
    image = np.random.default_rng(0).random((1, 2048, 2048, 3), "float32")
    window = np.ascontiguousarray(image[:, :256, :256])
    program = tf.function(tta, input_signature=[tf.TensorSpec((None, None, None, 3))])

    def run(images):
        return tta.predict(images, verbose=0) if way == "predict" else program(images).numpy()

    before = megabytes("VmRSS")
    run(window)
    of_window = megabytes("VmHWM") - before
    found = run(image)
    # The program's copy of the image is its input; `predict` is given the image itself.
    given = 0 if way == "predict" else image.nbytes
    print(of_window, megabytes("VmHWM") - before - (given + found.nbytes) / 2**20)


if __name__ == "__main__":
    main(sys.argv[1])
