"""`check_alignment` reads images that were averaged while they shrank."""

import numpy as np
import pytest
from PIL import Image

import keras_segaug as ks

SMALL = {"calls": 4, "batch_size": 4}
FACTORS = [(f, f) for f in (0.2, 0.25, 0.3, 0.37, 0.5, 0.6, 0.75, 0.9)]
FACTORS += [(0.3, 0.8), (0.9, 0.2), (0.5, 2.0), (2.0, 0.3), (2.0, 2.0)]


def names(report):
    return {finding.kind for finding in report.findings}


def resized(factors, change=lambda image, mask: (image, mask), **more):
    """A function that resizes with antialiasing, and then does something else."""
    height, width = (round(length * f) for length, f in zip((48, 64), factors, strict=True))
    layer = ks.JointResizing(
        height, width, antialias=True, jit_compile=False, dtype="uint8", **more
    )

    def resize(images, masks):
        return change(*map(np.array, layer(images, masks)))

    return lambda **checked: ks.check_alignment(resize, batched=True, **SMALL, **checked)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("factors", FACTORS)
def test_an_antialiased_resizing_is_aligned(factors, interpolation):
    report = resized(factors, interpolation=interpolation)()
    assert report.ok, report
    assert report.facts["how_compared"] == "16 by places, 0 by fit, 0 unreadable"


@pytest.mark.parametrize("kernel", ["BOX", "HAMMING", "LANCZOS"])
@pytest.mark.parametrize("factors", [(0.2, 0.2), (0.3, 0.8), (0.5, 0.5)])
def test_whatever_the_kernel(factors, kernel):
    """It reads images resized by other libraries' kernels, as floats that nothing rounds."""
    height, width = (round(length * f) for length, f in zip((100, 128), factors, strict=True))

    def resize(image, mask):
        planes = [
            Image.fromarray(plane).resize((width, height), getattr(Image.Resampling, kernel))
            for plane in np.moveaxis(image, -1, 0)
        ]
        return np.stack(planes, -1), np.array(nearest(mask[..., None], mask)[1])

    nearest = ks.JointResizing(height, width, jit_compile=False)
    report = ks.check_alignment(resize, size=(100, 128), image_dtype="float32", **SMALL)
    assert report.ok, report
    assert report.facts["how_compared"] == "16 by places, 0 by fit, 0 unreadable"


def beside(mask, size, offset):
    """Resizes a mask, reading `offset` of its own pixels beside the right place."""

    def index(length, result):
        places = (np.arange(result) + 0.5) * length / result - 0.5 + offset
        return np.clip(np.floor(places + 0.5), 0, length - 1).astype(int)

    return mask[np.ix_(*map(index, mask.shape, size))]


WRONG = {
    "a column beside": lambda masks: np.roll(masks, 1, 2),
    "a row beside": lambda masks: np.roll(masks, -1, 1),
    "mirrored": lambda masks: masks[:, :, ::-1],
    "upside down": lambda masks: masks[:, ::-1],
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("factors", FACTORS)
def test_a_broken_antialiased_resizing_is_found(factors, wrong):
    report = resized(factors, lambda images, masks: (images, WRONG[wrong](masks)))()
    assert names(report) == {"misaligned"}, report


@pytest.mark.parametrize("factor", [0.2, 0.3, 0.37, 0.6, 0.75, 0.9])
def test_an_antialiased_resizing_whose_mask_lies_beside_is_found(factor):
    """It is off by less than a pixel of the result, but by 0.75 of an input pixel."""
    size = round(48 * factor), round(64 * factor)
    layer = ks.JointResizing(size, antialias=True, jit_compile=False, dtype="uint8")
    for offset in (0.0, 0.75, -0.75):
        report = ks.check_alignment(
            lambda image, mask, offset=offset: (np.array(layer(image)), beside(mask, size, offset)),
            **SMALL,
        )
        assert names(report) == ({"misaligned"} if offset else set()), report


@pytest.mark.parametrize("factors", [(0.25, 0.25), (0.5, 0.5), (0.3, 0.8)])
def test_a_smaller_image_of_other_colors_is_not_mistaken(factors):
    """A brightness would move every place that is read, so such an image counts as unreadable."""
    for gain, more in ((1.0, 8.0), (0.9, 0.0), (-1.0, 255.0)):

        def colored(images, masks, gain=gain, more=more):
            return (images * gain + more).clip(0, 255).astype("uint8"), masks

        report = resized(factors, colored)()
        assert names(report) <= {"undecided"}, report


def test_samples_mixed_up_after_an_antialiased_resizing():
    report = resized((0.3, 0.3), lambda images, masks: (images[::-1], masks))()
    assert "wrong_sample" in names(report)
