"""Keras' own preprocessing layers, in `tf.data`."""

import keras
import tensorflow as tf

from benchmarks import work
from benchmarks.contenders.datasets import dataset_job, limit_threads

packages = ("keras", "tensorflow")
KL = keras.layers


def rotation(degrees=work.DEGREES):
    return KL.RandomRotation(degrees / 360)


def zoom():
    return KL.RandomZoom(work.ZOOM)


def translation():
    return KL.RandomTranslation(work.TRANSLATION, work.TRANSLATION)


def flip():
    return KL.RandomFlip("horizontal")


def shear():
    return KL.RandomShear(work.SHEAR_DEGREES / 360)


def chain(value_range=(0, 255)):
    given = {"value_range": value_range}
    color = [
        KL.RandomBrightness(work.BRIGHTNESS, **given),
        KL.RandomContrast(work.CONTRAST, **given),
    ]
    return [flip(), rotation(), zoom(), translation(), *color]


def geometry(count):
    makers = (rotation, flip, zoom, translation, shear, lambda: rotation(work.SECOND_DEGREES))
    return work.repeated(makers, count)


def color_jitter():
    return KL.RandomColorJitter(
        brightness_factor=work.BRIGHTNESS,
        contrast_factor=work.CONTRAST,
        saturation_factor=(0.5 - work.SATURATION / 2, 0.5 + work.SATURATION / 2),
        hue_factor=work.HUE,
    )


def normalization():
    layer = KL.Normalization(mean=(90.0, 100.0, 110.0), variance=(30.0, 40.0, 50.0))
    # Built within `dataset.map`, it would keep a tensor of that graph.
    layer.build((None, None, None, 3))
    return layer


MAKERS = {
    "flip": lambda: [flip()],
    "affine": lambda: [rotation(), zoom(), translation()],
    work.CHAIN: chain,
    work.CHAIN_FLOAT: chain,
    work.CHAIN_NINE: chain,
    work.CHAIN_16: lambda: chain((0, 65535)),
    "jitter": lambda: [color_jitter()],
    "blur": lambda: [KL.RandomGaussianBlur(1.0, work.KERNEL, work.SIGMA)],
    "elastic": lambda: [KL.RandomElasticTransform()],
    work.CROP: lambda: [KL.RandomCrop(work.WINDOW, work.WINDOW)],
}

# Arguments as in tests/cases.py. A layer of ours that is not here has no counterpart in Keras.
COUNTERPARTS = {
    "JointRandomFlip": lambda side: KL.RandomFlip(),
    "JointRandomRotation": lambda side: KL.RandomRotation(0.2),
    "JointRandomZoom": lambda side: KL.RandomZoom(0.4),
    "JointRandomTranslation": lambda side: KL.RandomTranslation(0.3, (0.1, 0.3)),
    "JointRandomShear": lambda side: KL.RandomShear(0.3, 0.2),
    "JointRandomPerspective": lambda side: KL.RandomPerspective(),
    "JointRandomElasticTransform": lambda side: KL.RandomElasticTransform(),
    "JointRandomCrop": lambda side: KL.RandomCrop(side * 3 // 4, side * 3 // 4),
    "JointCenterCrop": lambda side: KL.CenterCrop(side * 3 // 4, side * 3 // 4),
    "JointResizing": lambda side: KL.Resizing(side * 3 // 4, side * 3 // 4),
    "ImageOnlyBrightness": lambda side: KL.RandomBrightness(0.3),
    "ImageOnlyContrast": lambda side: KL.RandomContrast((0.5, 0.4)),
    "ImageOnlySaturation": lambda side: KL.RandomSaturation((0.1, 0.9)),
    "ImageOnlyHue": lambda side: KL.RandomHue(0.4),
    "ImageOnlyColorJitter": lambda side: color_jitter(),
    "ImageOnlyGaussianBlur": lambda side: KL.RandomGaussianBlur(1.0, 5, (0.5, 2.0)),
    "ImageOnlyGrayscale": lambda side: KL.RandomGrayscale(),
    "ImageOnlyInvert": lambda side: KL.RandomInvert(),
    "ImageOnlyPosterize": lambda side: KL.RandomPosterization(4),
    "ImageOnlySolarize": lambda side: KL.Solarization(),
    "ImageOnlyAutoContrast": lambda side: KL.AutoContrast(),
    "ImageOnlyEqualize": lambda side: KL.Equalization(),
    "ImageOnlySharpness": lambda side: KL.RandomSharpness(0.5),
    "ImageOnlyErasing": lambda side: KL.RandomErasing(),
    "JointRandAugment": lambda side: KL.RandAugment(),
    "ImageOnlyAugMix": lambda side: KL.AugMix(),
    "ImageOnlyRescaling": lambda side: KL.Rescaling(0.5, 3.0),
    "ImageOnlyNormalization": lambda side: normalization(),
}
# These take images alone.
WITHOUT_MASKS = ("ImageOnlyRescaling", "ImageOnlyNormalization")


def prepare(task, variant, threads):
    limit_threads(threads)
    layers = KL.Pipeline(work.parts(task.row, task.side, geometry, MAKERS, COUNTERPARTS))
    images, masks = work.pairs_of(task, task.batch)
    # What these layers do to a mask without a channel axis depends on the layer.
    elements = {"images": images, "segmentation_masks": masks[..., None]}
    if task.row.partition(":")[2] in WITHOUT_MASKS:
        elements = images
    keeps_float = task.row == work.CHAIN_FLOAT or task.row.startswith("layer:")
    function = layers if keeps_float else lambda data: as_integers(layers(data), task.dtype)
    return dataset_job(function, elements, task.batch, threads)


def as_integers(data, dtype):
    images = tf.saturate_cast(tf.round(data["images"]), dtype)
    return {"images": images, "segmentation_masks": data["segmentation_masks"]}
