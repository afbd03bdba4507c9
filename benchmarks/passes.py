"""How long a pass over a mapped dataset takes to its first element: `python -m benchmarks.passes`.

Run it on an idle machine and on one core (`taskset -c 0`), so that figures can be compared.
"""

import statistics
import time

from benchmarks.work import CHAIN, pairs, title

PASSES = 15


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(layer, side=512, batched=lambda dataset: dataset):
    """Seconds that `dataset.map` takes to trace, and the first and a later pass to an element."""
    import tensorflow as tf

    dataset = batched(tf.data.Dataset.from_tensor_slices(pairs(side)))
    mapped = []
    tracing = timed(lambda: mapped.append(dataset.map(layer)))
    first, *later = (timed(lambda: next(iter(mapped[0]))) for _ in range(1 + PASSES))
    return tracing, first, statistics.median(later)


def print_later():
    """Seconds, for `waiting.later_pass_milliseconds`."""
    from benchmarks.contenders.segaug import chain

    *_, later = measure(chain("uint8"))
    print(later)


def main():
    import keras_segaug as ks
    from benchmarks.contenders.segaug import chain

    flip = ks.JointRandomFlip("horizontal", seed=1, dtype="uint8")
    works = {
        title("flip"): (flip, lambda dataset: dataset),
        title(CHAIN): (chain("uint8"), lambda dataset: dataset),
        f"{title(CHAIN)}, batches of 2": (
            chain("uint8"),
            lambda dataset: dataset.batch(2, drop_remainder=True),
        ),
        f"{title(CHAIN)}, batches whose size TensorFlow does not know": (
            chain("uint8"),
            lambda dataset: dataset.batch(2),
        ),
    }
    for name, (layer, batched) in works.items():
        tracing, first, later = measure(layer, batched=batched)
        print(
            f"{name}: traced in {tracing:.2f} s, "
            f"first element of the first pass after {first:.2f} s, of a later one after "
            f"{1000 * later:.0f} ms"
        )


if __name__ == "__main__":
    main()
