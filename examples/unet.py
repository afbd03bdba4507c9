"""A small U-Net for CT slices: their augmentation, the weights of classes, and the score."""

import keras
import numpy as np
from slices import IGNORED

import keras_segaug as segaug

FILTERS = (8, 24, 48, 96)

# Where a moved or padded slice shows nothing, the class is unknown.
BORDER = {"fill_mode": "constant", "fill_value": 0.0, "mask_fill_value": IGNORED}


# --- Augmentation ----------------------------------------------------------------------------


def geometry(size, seed, strength=1.0):
    """Moves image, mask and pixel weights alike; needs all of them, so it runs in the dataset.

    There is no flip. The groups do not tell left from right, so a mirrored mask would still label
    every pixel correctly. But no patient here lies head down or face down, and mirroring left and
    right would swap the sides of liver and spleen, by which a network finds them.
    """
    shift, zoom = 0.08 * strength, 0.2 * strength
    return segaug.Pipeline(
        [
            segaug.JointRandomRotation(0.04 * strength, **BORDER),
            segaug.JointRandomZoom(zoom, zoom, **BORDER),
            segaug.JointRandomTranslation(shift, shift, **BORDER),
            # Last, and fused with the others: pads to a size that the U-Net can halve.
            segaug.JointCenterCrop(*size, **BORDER),
        ],
        seed=seed,
    )


def color(seed, strength=1.0):
    """Scanners and doses differ. Needs the image only, so it lives in the model."""
    return segaug.Pipeline(
        [
            segaug.ImageOnlyBrightness(0.1 * strength),
            segaug.ImageOnlyContrast(0.2 * strength),
            segaug.ImageOnlyGamma(0.2 * strength),
            segaug.ImageOnlyGaussianNoise(0.04 * strength),
        ],
        seed=seed,
    )


# --- Network ---------------------------------------------------------------------------------


def halvable(size):
    """The next size that the U-Net can halve three times."""
    return [-(-length // 8) * 8 for length in size]


def build_model(size, class_count, augmentation):
    """A model from gray levels 0-255 to logits. The augmentation acts in training only."""
    image_input = keras.Input((*size, 1))
    preparation = segaug.Pipeline([*augmentation, segaug.ImageOnlyRescaling(1 / 127.5, -1.0)])
    return keras.Model(image_input, build_unet(size, class_count)(preparation(image_input)))


def build_unet(size, class_count, channels=1):
    inputs = features = keras.Input((*size, channels))
    skips = []
    for filters in FILTERS[:-1]:
        features = convolve(features, filters)
        skips.append(features)
        features = keras.layers.MaxPooling2D()(features)
    features = convolve(features, FILTERS[-1])
    for filters, skip in zip(FILTERS[-2::-1], reversed(skips), strict=True):
        features = keras.layers.UpSampling2D()(features)
        features = convolve(keras.layers.Concatenate()([features, skip]), filters)
    return keras.Model(inputs, keras.layers.Conv2D(class_count, 1)(features), name="unet")


def convolve(features, filters):
    # At full size, the dearest part, one convolution has to do.
    for _ in range(1 if filters == FILTERS[0] else 2):
        features = keras.layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
        )(features)
        # A run has a few hundred steps: the usual 0.99 would average over half of them.
        features = keras.layers.BatchNormalization(momentum=0.9)(features)
        features = keras.layers.ReLU()(features)
    return features


# --- Weights and score -----------------------------------------------------------------------


def class_weights(masks, class_count):
    """The weight of the pixels of each class id; 0 for classes that no mask holds.

    Vessels are over 100 times rarer than background: without weights, they were never learned.
    """
    counts = np.bincount(masks.ravel(), minlength=256)[:class_count]
    weights, held = np.zeros(256, "float32"), np.flatnonzero(counts)
    weights[held] = np.sqrt(counts.sum() / counts[held] / class_count)
    return weights


def class_ious(masks, predicted, class_count):
    """Intersection over union of each class, NaN for a class that no mask holds."""
    scored = masks != IGNORED
    pairs = masks[scored].astype("int64") * class_count + predicted[scored]
    confusion = np.bincount(pairs, minlength=class_count**2).reshape(class_count, class_count)
    hits, present = confusion.diagonal(), confusion.sum(1)
    union = present + confusion.sum(0) - hits
    return np.where(present > 0, hits / np.maximum(union, 1), np.nan)
