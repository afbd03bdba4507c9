"""The cost of an element in `dataset.map` beside minimal programs: `python -m benchmarks.calls`.

Run it on an idle machine and on one core (`taskset -c 0`), so that figures can be compared.
"""

import time

import numpy as np

from benchmarks.work import pairs

ELEMENTS = 300


def works(side):
    """{name: function of an image of this side and its mask}."""
    import tensorflow as tf

    import keras_segaug as ks

    def compiled(function):
        return tf.function(function, autograph=False, jit_compile=True)

    more = {"seed": 1, "dtype": "uint8"}
    return {
        "nothing": lambda image, mask: (image, mask),
        "x + 1": compiled(lambda image, mask: (image + 1, mask + 1)),
        "mirrored": compiled(lambda image, mask: (image[:, ::-1], mask[:, ::-1])),
        "a quarter": compiled(lambda image, mask: (_quarter(image), _quarter(mask))),
        "JointRandomFlip": ks.JointRandomFlip("horizontal", **more),
        "JointRandomCrop": ks.JointRandomCrop(side // 2, side // 2, **more),
        "ImageOnlyBrightness": ks.ImageOnlyBrightness(0.2, **more),
    }


def _quarter(values):
    return values[: values.shape[0] // 2, : values.shape[1] // 2]


def measure(function, side):
    """Microseconds: the minimum over many elements, and their lower quartile."""
    import tensorflow as tf

    options = tf.data.Options()
    # Otherwise elements are made before they are requested.
    options.autotune.enabled = False
    options.experimental_optimization.inject_prefetch = False
    dataset = tf.data.Dataset.from_tensor_slices(pairs(side)).repeat().with_options(options)
    elements = iter(dataset.map(function))
    next(elements)
    times = []
    for _ in range(ELEMENTS):
        start = time.perf_counter()
        next(elements)
        times.append(1e6 * (time.perf_counter() - start))
    return min(times), float(np.percentile(times, 25))


def main():
    for side in (16, 512):
        for name, function in works(side).items():
            least, quartile = measure(function, side)
            print(f"{side} x {side}, {name}: {least:.0f} us, lower quartile {quartile:.0f}")


if __name__ == "__main__":
    main()
