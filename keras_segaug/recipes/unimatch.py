"""The weak and the strong view of UniMatch."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.pipeline import Pipeline
from keras_segaug.core.random_order import RandomOrder
from keras_segaug.core.types import ClassSwap, ValueRange
from keras_segaug.image_only.brightness import ImageOnlyBrightness
from keras_segaug.image_only.contrast import ImageOnlyContrast
from keras_segaug.image_only.gaussian_blur import ImageOnlyGaussianBlur
from keras_segaug.image_only.grayscale import ImageOnlyGrayscale
from keras_segaug.image_only.hue import ImageOnlyHue
from keras_segaug.image_only.saturation import ImageOnlySaturation
from keras_segaug.joint.flip import JointRandomFlip
from keras_segaug.joint.scale_crop import JointRandomScaleCrop
from keras_segaug.mixing.cut_mix import JointCutMix
from keras_segaug.recipes.border import filled


def unimatch_weak(
    size: int | Sequence[int],
    *,
    class_swap: ClassSwap | None = None,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """The weak view of UniMatch, for images of any number of channels, with masks or without.

    Source: Yang et al., "Revisiting weak-to-strong consistency in semi-supervised semantic
    segmentation", CVPR 2023, and `dataset/semi.py` of its repository: a resize to 0.5 to 2 times
    the image, a crop, and left and right swapped (0.5).

    What differs: a smaller image lies in the middle, not in the upper left.

    Args:
        size: of the result: (height, width), or a number for a square.
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
        ignore_class: what the masks get around a smaller image. None: class 0.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Example:

    >>> weak = keras_segaug.recipes.unimatch_weak((321, 321), seed=1)
    >>> print(weak.layers[1])
    JointRandomFlip(mode='horizontal')
    """
    return Pipeline(
        _weak("unimatch_weak", size, class_swap, ignore_class, value_range),
        value_range=value_range,
        seed=seed,
        **kwargs,
    )


def unimatch_strong(
    size: int | Sequence[int] | None = None,
    *,
    cut_mix: bool = True,
    class_swap: ClassSwap | None = None,
    ignore_class: int | None = 255,
    value_range: ValueRange = None,
    seed: int | None = None,
    **kwargs: Any,
) -> Pipeline:
    """A strong view of UniMatch, for images of 3 channels, with masks or without.

    Source: that of `unimatch_weak`. It does what `unimatch_weak` does, then: brightness, contrast
    and saturation times 0.5 to 1.5 and a hue up to 90 degrees away, in a random order (0.8); gray
    (0.2); blur of sigma 0.1 to 2 pixels (0.5); a rectangle of another image of the batch, 0.02 to
    0.4 of the area, 0.3 to 3.3 times as wide as high (0.5).

    What differs: contrast is about the mean of each channel, not that of the gray image; saturation
    multiplies the S of HSV, by Keras' factor, uniform between 1/3 and 0.6, where torchvision blends
    with gray. The rectangle's ratio is log-uniform, and everything in the rectangle is pasted, even
    what lies outside the partner's image. For both views of one image, with a known map between
    them, use `MultiView({"weak": Identity(), "strong": unimatch_strong(cut_mix=False)},
    shared=unimatch_weak(size))`, and `JointCutMix` on the strong view and its pseudo-labels.

    Args:
        size: of the result: (height, width), or a number for a square. None: the images have been
            through `unimatch_weak`, and only the steps that make the view strong are done.
        cut_mix: False leaves out the rectangle of another image, for which a batch is needed.
        class_swap: the classes that change places in mirrored samples, as in `JointRandomFlip`.
            None without a size, where nothing is mirrored.
        ignore_class: what the masks get around a smaller image. None: class 0.
        value_range: as in `Pipeline`; what lies outside the image gets its lowest value (0
            without one).
        seed: as in `Pipeline`.
        **kwargs: see `Pipeline`.

    Raises:
        ValueError: for a `class_swap` without a size.

    Example:

    >>> strong = keras_segaug.recipes.unimatch_strong((321, 321), seed=1)
    >>> [(type(layer).__name__, layer.probability) for layer in strong.layers[2:]]
    [('RandomOrder', 0.8), ('ImageOnlyGrayscale', 0.2), ('ImageOnlyGaussianBlur', 0.5), \
('JointCutMix', 0.5)]
    """
    checks.one_of("unimatch_strong", "cut_mix", cut_mix, (True, False))
    layers: list[AugmentationLayer] = []
    if size is not None:
        layers = _weak("unimatch_strong", size, class_swap, ignore_class, value_range)
    elif class_swap is not None:
        accepted = "None without a `size`: nothing is mirrored"
        checks.fail("unimatch_strong", "class_swap", accepted, class_swap)
    jitter = [
        ImageOnlyBrightness(0.5, mode="multiplicative"),
        ImageOnlyContrast(0.5),
        ImageOnlySaturation((1 / 3, 0.6)),
        ImageOnlyHue(0.5),
    ]
    layers += [
        RandomOrder(jitter, probability=0.8),
        ImageOnlyGrayscale(probability=0.2),
        ImageOnlyGaussianBlur(kernel_size=None, sigma=(0.1, 2.0), probability=0.5),
    ]
    if cut_mix:
        ratio = (0.3, 1 / 0.3)
        layers.append(
            JointCutMix(area=(0.02, 0.4), ratio=ratio, ignore_class=None, probability=0.5)
        )
    return Pipeline(layers, value_range=value_range, seed=seed, **kwargs)


def _weak(recipe, size, class_swap, ignore_class, value_range):
    height, width = checks.window_size(recipe, size, argument="size")
    border = filled(recipe, value_range, ignore_class)
    return [
        JointRandomScaleCrop(height, width, scale=(0.5, 2.0), relative_to="image", **border),
        JointRandomFlip("horizontal", class_swap=class_swap),
    ]
