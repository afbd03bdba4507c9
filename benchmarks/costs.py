"""What a layer may cost compared with another: ratios of times, each with its upper limit.

Both layers are called alternately and eagerly on one batch of 8-bit images, in a separate process.
"""

import json
import statistics
import time

from benchmarks import waiting

RATIOS = "from benchmarks.costs import print_ratios; print_ratios()"
MOST = {
    "JointRandAugment(2), by the reference chain": 2.0,
    # The goal is 1.1; the rest is for the noise of a shared machine.
    "JointRandAugment(2) of twice as many candidates, by that of half": 1.25,
    # The goal of 1.5 is missed: gamma, on its own a table of 256 values, is computed for each pixel
    # there. Measured: 2.2 to 3.1; with gamma in one pass with hue 1.6 times as much. One by one
    # the layers take about 5.
    "eight color layers, by the most expensive of them": 3.6,
    # Measured: 0.17 to 0.34; if it were computed for all samples, it would be 1.
    "a motion blur of one sample in twenty, by one of all": 0.6,
    # Measured: 1.3 to 1.4; it was 11.6 with histograms by products of matrices.
    "histogram matching, by equalization": 2.5,
}
SIDE, BATCH, ROUNDS = 256, 16, 15


def ratios():
    """{what is compared: its ratio}; the names are those of `MOST`."""
    return dict(zip(MOST, waiting.measured(RATIOS), strict=True))


def judge(found):
    return waiting.judge(found, MOST)


def compared(references):
    """[(layer, the layers whose slowest it is compared with)], in the order of `MOST`."""
    import keras_segaug as ks
    from benchmarks.contenders.segaug import chain

    policy = ks.JointRandAugment(2, seed=1, dtype="uint8")
    doubled = ks.JointRandAugment(2, layers=policy.layers * 2, seed=1, dtype="uint8")
    colors = [
        lambda **kwargs: ks.ImageOnlyBrightness(0.2, **kwargs),
        lambda **kwargs: ks.ImageOnlyContrast(0.2, **kwargs),
        lambda **kwargs: ks.ImageOnlySaturation((0.3, 0.7), **kwargs),
        lambda **kwargs: ks.ImageOnlyHue(0.1, **kwargs),
        lambda **kwargs: ks.ImageOnlyGamma((0.7, 1.5), **kwargs),
        lambda **kwargs: ks.ImageOnlyPosterize((4, 7), **kwargs),
        lambda **kwargs: ks.ImageOnlyInvert(**kwargs),
        lambda **kwargs: ks.ImageOnlyNormalization([0.5] * 3, [0.25] * 3, **kwargs),
    ]

    def blur(probability):
        return ks.ImageOnlyMotionBlur(length=9, probability=probability, seed=1, dtype="uint8")

    matching = ks.ImageOnlyHistogramMatching(references, seed=1, dtype="uint8")
    return [
        (policy, [chain("uint8")]),
        (doubled, [policy]),
        (ks.Pipeline([make() for make in colors]), [make() for make in colors]),
        (blur(0.05), [blur(1.0)]),
        (matching, [ks.ImageOnlyEqualize(seed=1, dtype="uint8")]),
    ]


def print_ratios():
    from benchmarks.work import pairs

    images, masks = (part[:BATCH] for part in pairs(SIDE))
    print(json.dumps([ratio(*each, (images, masks)) for each in compared(images[:1])]))


def ratio(layer, others, data):
    """The time of a layer divided by that of the slowest of the others."""
    times: dict = {}
    for number in range(ROUNDS + 1):
        for each in (layer, *others):
            start = time.perf_counter()
            [part.numpy() for part in each(data)]
            # The first call compiles.
            times.setdefault(id(each), []).extend([time.perf_counter() - start] * (number > 0))
    own, *rest = (statistics.median(times[id(each)]) for each in (layer, *others))
    return own / max(rest)
