"""The case list: every public layer, with arguments under which it changes something."""

import os
from typing import NamedTuple

import keras

import keras_segaug as ks
from keras_segaug.checks.signature import arguments_of

# Three reference images, of another size than the images of the tests.
REFERENCES = [
    [
        [[(37 * i + 11 * y * y + 5 * x + 60 * c) % 256 for c in range(3)] for x in range(9)]
        for y in range(7)
    ]
    for i in range(3)
]
BORDER = ("fill_mode", "interpolation")


class Case(NamedTuple):
    layer: type
    arguments: dict
    label: str = ""

    def make(self, **more):
        # A layer without a border takes no border arguments.
        if "fill_mode" not in arguments_of(self.layer):
            more = {name: value for name, value in more.items() if name not in BORDER}
        return self.layer(**{"seed": 7, "jit_compile": False, **self.arguments, **more})

    @property
    def id(self):
        return self.layer.__name__ + self.label


@keras.saving.register_keras_serializable("tests")
def squared(images):
    return images * images / 255.0


def inner():
    return [
        ks.JointRandomFlip(),
        ks.JointRandomRotation(0.1),
        ks.JointRandomZoom(0.2, 0.3),
        ks.ImageOnlyBrightness(0.2),
        ks.ImageOnlyContrast(0.2),
    ]


CASES = [
    Case(ks.JointRandomFlip, {}),
    Case(ks.JointRandomFlip, {"mode": "horizontal"}, "-horizontal"),
    Case(ks.JointRandomFlip, {"mode": "vertical"}, "-vertical"),
    Case(ks.JointRandomRotate90, {}),
    Case(ks.JointRandomRotate90, {"mirror": True}, "-mirror"),
    Case(ks.JointRandomRotation, {"factor": 0.2}),
    Case(ks.JointRandomZoom, {"height_factor": 0.4}),
    Case(ks.JointRandomZoom, {"height_factor": 0.4, "width_factor": (-0.3, 0.1)}, "-both"),
    Case(ks.JointRandomTranslation, {"height_factor": 0.3, "width_factor": (0.1, 0.3)}),
    Case(ks.JointRandomShear, {"x_factor": 0.3, "y_factor": 0.2}),
    Case(
        ks.JointRandomAffine,
        {
            "rotation_factor": 0.1,
            "zoom_height_factor": 0.2,
            "zoom_width_factor": (-0.2, 0.1),
            "translation_height_factor": 0.2,
            "translation_width_factor": 0.1,
            "shear_x_factor": 0.1,
            "shear_y_factor": (0.0, 0.1),
        },
    ),
    Case(ks.JointRandomPerspective, {"scale": 0.4}),
    Case(ks.JointRandomElasticTransform, {"strength": (0.03, 0.05), "smoothness": 0.6}),
    Case(ks.JointRandomGridDistortion, {"num_steps": 3, "factor": 0.8}),
    Case(ks.JointRandomLensDistortion, {"factor": (-0.3, 0.6)}),
    Case(ks.JointRandomCrop, {"height": 9, "width": 13}),
    Case(ks.JointRandomCrop, {"height": 30, "width": 12}, "-larger"),
    Case(ks.JointRandomCrop, {"height": 9, "width": 8, "max_class_fraction": 0.3}, "-fraction"),
    Case(
        ks.JointRandomCrop,
        {
            "height": 9,
            "width": 8,
            "max_class_fraction": 0.3,
            "foreground_probability": 0.7,
            "class_weights": {1: 1.0, 3: 2.0},
        },
        "-aimed",
    ),
    Case(
        ks.JointRandomErasing,
        {"scale": (0.1, 0.3), "count": 2, "fill_value": 0, "mask_fill_value": 0},
    ),
    Case(ks.JointCenterCrop, {"height": 9, "width": 13}),
    Case(ks.JointResizing, {"height": 25, "width": 17}),
    Case(ks.JointResizing, {"height": 9, "width": 12, "crop_to_aspect_ratio": True}, "-crop"),
    Case(ks.JointResizing, {"height": 20, "width": 30, "pad_to_aspect_ratio": True}, "-pad"),
    Case(
        ks.JointResizing,
        {"height": 7, "width": 9, "pad_to_aspect_ratio": True, "antialias": True},
        "-antialias",
    ),
    Case(ks.JointPadding, {"height": 64, "width": 80}),
    Case(ks.JointPadding, {"multiple": (9, 4), "position": "top_left"}, "-multiple"),
    # The size of the images, so that they are not resized at inference.
    Case(ks.JointRandomScaleCrop, {"height": 16, "width": 14, "scale": (0.4, 2.0)}),
    Case(
        ks.JointRandomScaleCrop,
        {
            "height": 16,
            "width": 14,
            "scale": (0.5, 2.0),
            "relative_to": "image",
            "max_class_fraction": 0.3,
            "ignore_class": 4,
            "candidates": 4,
        },
        "-image",
    ),
    Case(ks.JointRandomResizedCrop, {"height": 16, "width": 14, "scale": (0.2, 0.9)}),
    Case(ks.ImageOnlyBrightness, {"factor": 0.3}),
    Case(ks.ImageOnlyBrightness, {"factor": 0.3, "mode": "multiplicative"}, "-multiplicative"),
    Case(ks.ImageOnlyContrast, {"factor": (0.5, 0.4)}),
    Case(ks.ImageOnlySaturation, {"factor": (0.1, 0.9)}),
    Case(ks.ImageOnlyHue, {"factor": 0.4}),
    Case(
        ks.ImageOnlyColorJitter,
        {
            "brightness_factor": 0.2,
            "contrast_factor": 0.2,
            "saturation_factor": (0.3, 0.7),
            "hue_factor": 0.2,
        },
    ),
    Case(ks.ImageOnlyGamma, {"factor": (0.5, 2.0)}),
    Case(ks.ImageOnlyGaussianBlur, {"kernel_size": 5, "sigma": (0.5, 2.0)}),
    Case(ks.ImageOnlyGaussianNoise, {"factor": (0.05, 0.1)}),
    Case(ks.ImageOnlyRescaling, {"scale": 0.5, "offset": 3.0}),
    Case(ks.ImageOnlyNormalization, {"mean": (90.0, 100.0, 110.0), "variance": (30.0, 40.0, 50.0)}),
    Case(ks.ImageOnlyNormalization, {"per_image": True}, "-per-image"),
    Case(ks.ImageOnlyLambda, {"function": squared}),
    Case(ks.ImageOnlyGrayscale, {"factor": (0.4, 0.9)}),
    Case(ks.ImageOnlyInvert, {"factor": (0.7, 1.0)}),
    Case(ks.ImageOnlyPosterize, {"factor": (1, 6)}),
    Case(ks.ImageOnlySolarize, {"threshold_factor": (0.3, 0.7), "addition_factor": 0.2}),
    Case(ks.ImageOnlyAutoContrast, {"factor": (0.4, 0.9)}),
    Case(ks.ImageOnlyEqualize, {"factor": (0.4, 0.9)}),
    Case(
        ks.ImageOnlyCLAHE,
        {"clip_limit": (2.0, 8.0), "tile_grid_size": (2, 3), "factor": (0.5, 1.0)},
    ),
    Case(ks.ImageOnlyChannelShift, {"factor": 0.3}),
    Case(ks.ImageOnlyChannelShuffle, {}),
    Case(ks.ImageOnlyChannelDropout, {"count": (1, 2)}),
    Case(ks.ImageOnlySaltAndPepper, {"factor": (0.2, 0.4)}),
    Case(ks.ImageOnlySaltAndPepper, {"factor": 0.4, "per_channel": True}, "-per-channel"),
    Case(ks.ImageOnlyShotNoise, {"factor": (0.1, 0.4)}),
    Case(ks.ImageOnlySpeckleNoise, {"factor": (0.1, 0.4)}),
    Case(ks.ImageOnlyPercentileRescaling, {"lower": 2, "upper": 98}),
    Case(
        ks.ImageOnlyPercentileRescaling,
        {"lower": (0, 20), "upper": (80, 100), "per": "both"},
        "-random",
    ),
    Case(ks.ImageOnlySharpness, {"factor": (0.6, 1.0)}),
    Case(ks.ImageOnlyMotionBlur, {"length": (2.0, 4.0)}),
    Case(ks.ImageOnlyMedianBlur, {"kernel_size": (3, 5)}),
    Case(ks.ImageOnlyDefocusBlur, {"radius": (1.0, 2.0)}),
    Case(ks.ImageOnlyLowResolution, {"scale": (0.3, 0.8)}),
    Case(ks.ImageOnlyJPEGCompression, {"quality": (10, 60)}),
    Case(ks.ImageOnlyBiasField, {"factor": (0.3, 0.6)}),
    Case(ks.ImageOnlyShadow, {"size": (0.4, 0.9)}),
    Case(ks.ImageOnlyFog, {}),
    Case(ks.ImageOnlyVignetting, {"factor": (0.4, 0.8)}),
    Case(ks.ImageOnlyErasing, {"scale": (0.1, 0.3), "count": 2}),
    Case(ks.ImageOnlyErasing, {"scale": (0.1, 0.3), "fill_value": "noise"}, "-noise"),
    Case(ks.ImageOnlyGridDropout, {"cell": (0.2, 0.5)}),
    Case(ks.ImageOnlyHistogramMatching, {"references": REFERENCES}),
    Case(ks.ImageOnlyFourierDomainAdaptation, {"references": REFERENCES, "beta": (0.0, 0.1)}),
    Case(ks.MaskOnlyOneHot, {"num_classes": 5}),
    Case(ks.MaskOnlyColorToClass, {"palette": [(i, i, i) for i in range(5)]}),
    Case(ks.Identity, {}),
    Case(ks.Pipeline, {"layers": inner()}),
    Case(
        ks.Pipeline,
        {
            "layers": [
                ks.Pipeline([ks.JointRandomAffine(0.1, 0.2), ks.JointRandomCrop(12, 11)]),
                ks.ImageOnlyGamma(0.3, probability=0.5),
            ],
            "probability": 0.8,
        },
        "-nested",
    ),
    Case(
        ks.RandomChoice,
        {
            "layers": [ks.JointRandomFlip(), ks.JointRandomRotation(0.2), ks.ImageOnlyGamma(0.3)],
            "weights": [1, 2, 3],
        },
    ),
    Case(
        ks.RandomChoice,
        {
            "layers": [
                ks.JointRandomCrop(16, 14),
                ks.Pipeline([ks.JointRandomRotation(0.2), ks.JointResizing(16, 14)]),
            ],
        },
        "-size",
    ),
]

CASES += [
    Case(ks.SomeOf, {"layers": inner(), "count": 2, "weights": [1, 2, 3, 4, 5]}),
    Case(ks.SomeOf, {"layers": inner()[2:], "count": (1, 2), "replace": True}, "-replace"),
    Case(ks.RandomOrder, {"layers": inner()[2:]}),
    Case(ks.JointRandAugment, {"num_ops": 2, "magnitude": 0.8}),
    # With few layers: the policies' own lists of layers are tested in tests/policies.
    Case(ks.JointTrivialAugment, {"layers": inner()}),
    Case(ks.ImageOnlyAugMix, {"width": 2, "depth": 2, "layers": inner()[3:]}),
]

# Layers that mix the samples of a batch, so the result of one sample depends on the others. Their
# own contract is in tests/mixing.
MIXING = [
    Case(ks.JointCutMix, {"area": (0.2, 0.5)}),
    Case(ks.JointCutMix, {"area": (0.3, 0.6), "count": 3, "ignore_class": None}, "-several"),
    Case(ks.JointMixUp, {"alpha": 1.0}),
    Case(ks.JointMosaic, {"height": 18, "width": 20}),
    Case(ks.JointClassMix, {"num_classes": 8}),
    Case(ks.JointCopyPaste, {"classes": [1, 2], "flip": True}),
    Case(ks.JointCopyPaste, {"classes": [1, 2, 3], "count": 1, "scale": (1.0, 2.0)}, "-one"),
    Case(ks.JointCowMix, {}),
]


# One case for each path through the package: a copy, a lookup, a window that looks at the mask, a
# blend of many pixels, pixels that are written, a table of values, statistics, a histogram,
# neighbors, a product of matrices, a mask that changes its channels, a lookup that several layers
# share, choices, and each way of mixing. For tests of code that is the same for every layer.
_KINDS = (
    "JointRandomFlip",
    "JointRandomRotation",
    "JointRandomCrop-aimed",
    "JointResizing-antialias",
    "JointRandomErasing",
    "ImageOnlyGamma",
    "ImageOnlyContrast",
    "ImageOnlyEqualize",
    "ImageOnlyMotionBlur",
    "ImageOnlyJPEGCompression",
    "MaskOnlyOneHot",
    "Pipeline",
    "RandomChoice-size",
    "SomeOf",
    "JointCutMix",
    "JointMixUp",
    "JointMosaic",
    "JointClassMix",
    "JointCopyPaste",
)
# "all" or "kinds"; `make test-jax` and `make test-torch` ask for all, other versions for kinds.
_WANTED = os.environ.get("CASES", "all" if keras.backend.backend() == "tensorflow" else "kinds")


def ids(cases, everywhere=False):
    """What `pytest.mark.parametrize` takes: all cases on TensorFlow, elsewhere one of each kind.

    With `everywhere` all cases run on every backend: those of the drawn numbers, and those that
    compare what a layer computes in a dataset, where TensorFlow runs it, with what it computes
    outside.
    """
    every = everywhere or _WANTED == "all"
    chosen = [case for case in cases if every or case.id in _KINDS]
    return {"argvalues": chosen, "ids": [case.id for case in chosen]}


POLICIES = (ks.JointRandAugment, ks.JointTrivialAugment)
JOINT = [
    case for case in CASES if case.layer.__name__.startswith("Joint") and case.layer not in POLICIES
]
MOVING = [*JOINT, *(c for c in CASES if c.layer in (ks.Pipeline, ks.RandomChoice))]
IMAGE_ONLY = [case for case in CASES if issubclass(case.layer, ks.ImageOnlyLayer)]
MASK_ONLY = [case for case in CASES if issubclass(case.layer, ks.MaskOnlyLayer)]
RANDOM = [case for case in CASES if case.make().random]

ONE_OF_EACH_KIND = [case for case in CASES if case.id in _KINDS]
