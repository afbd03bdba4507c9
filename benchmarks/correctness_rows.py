"""What `benchmarks.correctness` checks: transforms as the libraries' documentation writes them.

A row is code, and the page shows the code that was run. `changed` is code for the same work that is
right, where the usual form is not.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.compare_keras import LAYERS as KERAS_LAYERS
from benchmarks.compare_keras import SEEDLESS as KERAS_SEEDLESS

# Smaller than the images, which are 48 x 64, but still large enough to be registered.
WINDOW = "36, 40"


@dataclass(frozen=True)
class Row:
    """One transform.

    Attributes:
        name: its name on the page.
        usual: code, as it is usually written.
        changed: code that is right where the usual one is wrong, or None.
        options: arguments of `check_alignment`, for both forms.
        changed_options: the same, for `changed` only.
    """

    name: str
    usual: str
    changed: str | None = None
    options: dict = field(default_factory=dict)
    changed_options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Transforms of one library, and how they are called.

    Attributes:
        title, about: for the page.
        packages: distributions whose versions are recorded; all must be installed.
        names: () -> the names that the code of its rows uses.
        rows: `Row`s.
        wrap: a template that is put around a row's code.
        call: how it is called, where `check_alignment` cannot tell.
        options: arguments of `check_alignment`, for all its rows.
    """

    title: str
    about: str
    packages: tuple
    names: Callable[[], dict]
    rows: tuple
    wrap: str = "{}"
    call: Callable | str | None = None
    options: dict = field(default_factory=dict)

    def forms(self, row):
        """{"usual": (code, options), "changed": (code, options)}; without a form that is None."""
        options = {**self.options, **row.options}
        if self.call is not None:
            options.setdefault("call", self.call)
        forms = {"usual": (row.usual, options)}
        if row.changed or row.changed_options:
            forms["changed"] = (row.changed or row.usual, {**options, **row.changed_options})
        return forms


def named(code, **more):
    """A row that is named after what its code calls."""
    return Row(code.partition("(")[0].rpartition(".")[2], code, **more)


# --- Keras' layers -----------------------------------------------------------------------------


def keras_names():
    import keras

    return {"layers": keras.layers}


def keras_row(name):
    arguments, more = KERAS_LAYERS[name]
    arguments = arguments if name in KERAS_SEEDLESS else {**arguments, "seed": 1}
    code = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return Row(name, f"layers.{name}({code})", None, more, {"mask_dtype": "float32"})


KERAS = Library(
    "Keras' layers",
    "in `dataset.map` on TensorFlow, batches of 6, uint8 masks; changed: masks of float32, cast "
    "back to integers afterwards. Eager calls and the other backends: "
    "[keras_layers.md](keras_layers.md)",
    ("keras", "tensorflow"),
    keras_names,
    tuple(keras_row(name) for name in KERAS_LAYERS),
    call="map",
)


# --- Albumentations ----------------------------------------------------------------------------


def albumentations_names():
    import albumentations
    import cv2

    return {"A": albumentations, "cv2": cv2}


def resized(code):
    """OpenCV's nearest takes the pixel above and left; its exact nearest takes the nearest."""
    exact = f"{code[:-1]}, mask_interpolation=cv2.INTER_NEAREST_EXACT)"
    return named(code, changed=exact)


ALBUMENTATIONS = Library(
    "Albumentations",
    "`A.Compose([...])(image=image, mask=mask)`, one image a call, uint8 masks",
    ("albumentations", "opencv-python-headless"),
    albumentations_names,
    (
        named("A.HorizontalFlip(p=1)"),
        named("A.VerticalFlip(p=1)"),
        named("A.Transpose(p=1)"),
        named("A.D4(p=1)"),
        named("A.RandomRotate90(p=1)"),
        named("A.Rotate(limit=30, p=1)"),
        named("A.SafeRotate(limit=30, p=1)"),
        named("A.ShiftScaleRotate(p=1)"),
        named("A.Affine(rotate=(-30, 30), scale=(0.8, 1.2), translate_percent=(-0.1, 0.1), p=1)"),
        named("A.Perspective(p=1)"),
        named("A.ElasticTransform(alpha=50, sigma=10, p=1)"),
        named("A.GridDistortion(p=1)"),
        named("A.GridElasticDeform(num_grid_xy=(4, 4), magnitude=4, p=1)"),
        named("A.OpticalDistortion(distort_limit=0.3, p=1)"),
        named("A.ThinPlateSpline(p=1)"),
        named("A.PiecewiseAffine(p=1)"),
        named(f"A.RandomCrop({WINDOW})"),
        named(f"A.CenterCrop({WINDOW})"),
        named(f"A.CropNonEmptyMaskIfExists({WINDOW})"),
        resized("A.RandomResizedCrop(size=(48, 64), p=1)"),
        resized("A.RandomSizedCrop(min_max_height=(30, 44), size=(48, 64), p=1)"),
        resized("A.CropAndPad(percent=(-0.1, 0.1), p=1)"),
        named("A.PadIfNeeded(60, 80)"),
        resized("A.Resize(36, 80)"),
        resized("A.RandomScale(0.3, p=1)"),
        resized("A.LongestMaxSize(80)"),
        named("A.RandomGridShuffle(p=1)"),
        named("A.CoarseDropout(p=1)"),
        named("A.GridDropout(p=1)"),
        named("A.Morphological(p=1)"),
        named("A.RandomBrightnessContrast(p=1)"),
        named("A.ColorJitter(p=1)"),
        named("A.HueSaturationValue(p=1)"),
        named("A.RandomGamma(p=1)"),
        named("A.RGBShift(p=1)"),
        named("A.CLAHE(p=1)"),
        named("A.GaussianBlur(p=1)"),
        named(
            "A.MotionBlur(p=1)",
            changed="A.MotionBlur(allow_shifted=False, direction_range=(0, 0), p=1)",
        ),
        named("A.MedianBlur(p=1)"),
        named("A.Defocus(radius=(1, 3), p=1)"),
        named("A.GaussNoise(p=1)"),
        named("A.ISONoise(p=1)"),
        named("A.MultiplicativeNoise(p=1)"),
        named("A.ImageCompression(p=1)"),
        named(
            "A.Downscale(p=1)",
            changed="A.Downscale(interpolation_pair=dict(downscale=cv2.INTER_AREA, "
            "upscale=cv2.INTER_LINEAR), p=1)",
        ),
        named("A.Sharpen(p=1)"),
        named("A.ToGray(p=1)"),
        named("A.InvertImg(p=1)"),
        named("A.Posterize(p=1)"),
        named("A.Solarize(p=1)"),
        named("A.Equalize(p=1)"),
        named("A.ChannelShuffle(p=1)"),
        named("A.ChannelDropout(p=1)"),
        named("A.RandomFog(p=1)"),
        named("A.RandomShadow(p=1)"),
        named("A.Normalize()"),
    ),
    wrap="A.Compose([{}])",
)


# --- torchvision -------------------------------------------------------------------------------


def torchvision_names():
    import torch
    from torchvision.transforms import v2

    return {"v2": v2, "torch": torch}


def with_a_plain_mask(augmentation, images, masks):
    """Calls an augmentation with a mask that is not wrapped in `tv_tensors.Mask`."""
    import torch
    from torchvision import tv_tensors

    image = tv_tensors.Image(torch.from_numpy(np.moveaxis(images, -1, -3).copy()))
    image, mask = augmentation(image, torch.from_numpy(masks.copy()))
    return np.moveaxis(image.numpy(), -3, -1), mask.numpy()


TORCHVISION = Library(
    "torchvision v2",
    "on `tv_tensors.Image` and `tv_tensors.Mask`, one image a call, uint8 masks",
    ("torchvision", "torch"),
    torchvision_names,
    (
        named("v2.RandomHorizontalFlip(p=1)"),
        named("v2.RandomVerticalFlip(p=1)"),
        named("v2.RandomRotation(30)"),
        named("v2.RandomAffine(30, translate=(0.1, 0.1), scale=(0.8, 1.2), shear=5)"),
        named("v2.RandomPerspective(p=1)"),
        named("v2.ElasticTransform()"),
        named(f"v2.RandomCrop(({WINDOW}))"),
        named("v2.RandomResizedCrop((48, 64))"),
        named(f"v2.CenterCrop(({WINDOW}))"),
        named("v2.Resize((36, 80))"),
        named("v2.RandomResize(40, 56)"),
        named("v2.ScaleJitter((48, 64), scale_range=(0.8, 1.5))"),
        named("v2.RandomZoomOut(side_range=(1.0, 2.0), p=1)"),
        named("v2.Pad(8)"),
        named("v2.RandomErasing(p=1)"),
        named("v2.ColorJitter(0.4, 0.4, 0.4, 0.1)"),
        named("v2.RandomPhotometricDistort(p=1)"),
        named("v2.GaussianBlur(5)"),
        named(
            "v2.GaussianNoise()",
            options={"image_dtype": "float32", "value_range": (0, 1)},
        ),
        named("v2.RandomAdjustSharpness(2, p=1)"),
        named("v2.RandomInvert(p=1)"),
        named("v2.RandomPosterize(4, p=1)"),
        named("v2.RandomSolarize(128, p=1)"),
        named("v2.RandomAutocontrast(p=1)"),
        named("v2.RandomEqualize(p=1)"),
        named("v2.Grayscale(3)"),
        named("v2.RandomChannelPermutation()"),
        named("v2.JPEG((50, 90))"),
        named("v2.RandAugment()"),
        named("v2.TrivialAugmentWide()"),
        named("v2.AutoAugment()"),
        named("v2.AugMix()"),
        Row(
            "a mask that is a plain tensor",
            "v2.RandomHorizontalFlip(p=1)",
            options={"call": with_a_plain_mask},
            changed_options={"call": "torchvision"},
        ),
    ),
)


# --- Kornia ------------------------------------------------------------------------------------


def kornia_names():
    import kornia.augmentation
    import torch

    return {"K": kornia.augmentation, "torch": torch}


def call_kornia(augmentation, images, masks):
    import torch

    images = torch.from_numpy(images).permute(0, 3, 1, 2)
    images, masks = augmentation(images, torch.from_numpy(masks)[:, None])
    return images.permute(0, 2, 3, 1).numpy(), masks[:, 0].numpy()


MIXED = {"allow": ("wrong_sample",)}
KORNIA = Library(
    "Kornia",
    '`K.AugmentationSequential(..., data_keys=["input", "mask"])` on batches of 6, images float32 '
    "in [0, 1], masks float32 (B, 1, H, W)",
    ("kornia", "torch"),
    kornia_names,
    (
        named("K.RandomHorizontalFlip(p=1.0)"),
        named("K.RandomVerticalFlip(p=1.0)"),
        named("K.RandomRotation(30.0, p=1.0)"),
        named("K.RandomRotation90((1, 3), p=1.0)"),
        named("K.RandomAffine(30.0, translate=(0.1, 0.1), scale=(0.8, 1.2), p=1.0)"),
        named("K.RandomShear(10.0, p=1.0)"),
        named("K.RandomTranslate((0.1, 0.2), (0.1, 0.2), p=1.0)"),
        named("K.RandomPerspective(p=1.0)"),
        named("K.RandomElasticTransform(p=1.0)"),
        named("K.RandomThinPlateSpline(p=1.0)"),
        named(
            "K.RandomFisheye(torch.tensor([-.3, .3]), torch.tensor([-.3, .3]), "
            "torch.tensor([0.9, 1.1]), p=1.0)"
        ),
        named(f"K.RandomCrop(({WINDOW}), p=1.0)"),
        named(
            "K.RandomResizedCrop((48, 64), p=1.0)",
            changed="K.RandomResizedCrop((48, 64), align_corners=False, p=1.0)",
        ),
        named(f"K.CenterCrop(({WINDOW}), p=1.0)"),
        named(
            "K.Resize((36, 80), p=1.0)",
            changed="K.Resize((36, 80), align_corners=False, p=1.0)",
        ),
        named("K.PadTo((60, 80))"),
        named("K.RandomErasing(p=1.0)"),
        named("K.RandomJigsaw((2, 2), p=1.0)"),
        named("K.RandomCutMixV2(p=1.0)", options=MIXED),
        named("K.RandomMixUpV2(p=1.0)", options=MIXED),
        named("K.RandomMosaic((48, 64), p=1.0)", options=MIXED),
        named("K.RandomTransplantation(p=1.0)", options=MIXED),
        named("K.ColorJiggle(0.2, 0.2, 0.2, 0.1, p=1.0)"),
        named("K.RandomBrightness((0.7, 1.3), p=1.0)"),
        named("K.RandomContrast((0.6, 1.4), p=1.0)"),
        named("K.RandomSaturation((0.5, 1.5), p=1.0)"),
        named("K.RandomHue((-0.2, 0.2), p=1.0)"),
        named("K.RandomGamma((0.5, 2.0), p=1.0)"),
        named("K.RandomRGBShift(p=1.0)"),
        named("K.RandomGaussianBlur((5, 5), (0.5, 2.0), p=1.0)"),
        named(
            "K.RandomMotionBlur(5, 30.0, 1.0, p=1.0)",
            changed="K.RandomMotionBlur(5, 30.0, 0.0, p=1.0)",
        ),
        named("K.RandomMedianBlur(p=1.0)"),
        named("K.RandomGaussianNoise(std=0.05, p=1.0)"),
        named("K.RandomSaltAndPepperNoise(p=1.0)"),
        named("K.RandomPlasmaBrightness(p=1.0)"),
        named("K.RandomSharpness(p=1.0)"),
        named("K.RandomGrayscale(p=1.0)"),
        named("K.RandomInvert(p=1.0)"),
        named("K.RandomPosterize(p=1.0)"),
        named("K.RandomSolarize(p=1.0)"),
        named("K.RandomAutoContrast(p=1.0)"),
        named("K.RandomEqualize(p=1.0)"),
        named("K.RandomClahe(p=1.0)"),
        named("K.RandomChannelShuffle(p=1.0)"),
        named("K.RandomJPEG(p=1.0)"),
    ),
    wrap='K.AugmentationSequential({}, data_keys=["input", "mask"])',
    call=call_kornia,
    options={
        "batched": True,
        "image_dtype": "float32",
        "value_range": (0, 1),
        "mask_dtype": "float32",
    },
)


# --- MONAI -------------------------------------------------------------------------------------


def monai_names():
    import monai.transforms

    return {"T": monai.transforms, "BOTH": ["image", "label"]}


def call_monai(augmentation, images, masks):
    from monai.data import MetaTensor

    image = MetaTensor(np.ascontiguousarray(np.moveaxis(images, -1, 0)))
    result = augmentation({"image": image, "label": MetaTensor(masks[None].copy())})
    # Crops that make several samples give a list.
    result = result[0] if isinstance(result, list) else result
    return np.moveaxis(np.asarray(result["image"]), 0, -1), np.asarray(result["label"])[0]


def monai_row(name, code, nearest="", **more):
    """A row; its changed form adds `nearest`, without which the label would be interpolated."""
    changed = f"T.{name}(BOTH, {code}, {nearest})" if nearest else None
    return Row(name, f"T.{name}(BOTH, {code})", changed, **more)


def monai_color(name, code=""):
    return Row(name, f'T.{name}(["image"]{", " if code else ""}{code})')


MODE = 'mode=("bilinear", "nearest")'
AREA = 'mode=("area", "nearest-exact")'
MONAI = Library(
    "MONAI",
    "dictionary transforms, one image a call, channels first, image float32 in [0, 1], label "
    'float32 as its loader gives it; BOTH is `["image", "label"]`. Whether a seed repeats is not '
    "tested: MONAI has `set_random_state` for that, which `check_alignment` does not call",
    ("monai", "torch"),
    monai_names,
    (
        monai_row("RandFlipd", "prob=1, spatial_axis=0"),
        monai_row("RandAxisFlipd", "prob=1"),
        monai_row("RandRotate90d", "prob=1, max_k=3"),
        monai_row("RandRotated", "range_x=0.5, prob=1", MODE),
        monai_row("RandZoomd", "min_zoom=0.8, max_zoom=1.3, prob=1", AREA),
        Row(
            'RandZoomd, label "nearest"',
            'T.RandZoomd(BOTH, min_zoom=0.8, max_zoom=1.3, prob=1, mode=("area", "nearest"))',
            f"T.RandZoomd(BOTH, min_zoom=0.8, max_zoom=1.3, prob=1, {AREA})",
        ),
        monai_row(
            "RandAffined",
            "prob=1, rotate_range=0.5, translate_range=6, scale_range=0.2",
            MODE,
        ),
        monai_row("Rand2DElasticd", "spacing=(20, 20), magnitude_range=(1, 3), prob=1", MODE),
        monai_row("RandGridDistortiond", "prob=1", MODE),
        monai_row(
            "RandSmoothDeformd", "spatial_size=(48, 64), rand_size=(6, 8), def_range=0.1, prob=1"
        ),
        monai_row("RandSpatialCropd", f"roi_size=({WINDOW}), random_size=False"),
        monai_row("RandScaleCropd", "roi_scale=0.8, random_size=False"),
        monai_row("CenterSpatialCropd", f"roi_size=({WINDOW})"),
        monai_row(
            "RandCropByPosNegLabeld", f'label_key="label", spatial_size=({WINDOW}), num_samples=1'
        ),
        monai_row("SpatialPadd", "spatial_size=(60, 80)"),
        monai_row("Resized", "spatial_size=(36, 80)", AREA),
        Row(
            'Resized, label "nearest"',
            'T.Resized(BOTH, spatial_size=(36, 80), mode=("area", "nearest"))',
            f"T.Resized(BOTH, spatial_size=(36, 80), {AREA})",
        ),
        Row("RandCoarseDropoutd", 'T.RandCoarseDropoutd(["image"], 3, 8, prob=1)'),
        monai_color("RandGaussianNoised", "prob=1, std=0.05"),
        monai_color("RandRicianNoised", "prob=1, std=0.05"),
        monai_color("RandGaussianSmoothd", "prob=1"),
        monai_color("RandGaussianSharpend", "prob=1"),
        monai_color("RandBiasFieldd", "prob=1"),
        monai_color("RandAdjustContrastd", "prob=1, gamma=(0.5, 2.0)"),
        monai_color("RandScaleIntensityd", "prob=1, factors=0.3"),
        monai_color("RandShiftIntensityd", "prob=1, offsets=0.2"),
        monai_color("RandStdShiftIntensityd", "prob=1, factors=0.5"),
        monai_color("RandHistogramShiftd", "prob=1"),
        monai_color("RandGibbsNoised", "prob=1, alpha=(0.2, 0.6)"),
        monai_color("RandKSpaceSpikeNoised", "prob=1"),
        Row(
            "RandSimulateLowResolutiond",
            'T.RandSimulateLowResolutiond(["image"], prob=1, zoom_range=(0.5, 1.0))',
            'T.RandSimulateLowResolutiond(["image"], prob=1, zoom_range=(0.5, 1.0), '
            'upsample_mode="bilinear")',
        ),
        monai_color("NormalizeIntensityd"),
    ),
    wrap="T.Compose([{}])",
    call=call_monai,
    options={
        "image_dtype": "float32",
        "value_range": (0, 1),
        "mask_dtype": "float32",
        "allow": ("not_reproducible",),
    },
)


# --- Two ImageDataGenerators -------------------------------------------------------------------


def generators_names(package):
    if package == "keras":
        from keras.src.legacy.preprocessing import image
    else:
        from keras_preprocessing import image

    def pair(images=None, masks=None, **both):
        return tuple(image.ImageDataGenerator(**{**both, **(own or {})}) for own in (images, masks))

    return {"generators": pair}


def generator_row(name, arguments):
    right = 'masks=dict(interpolation_order=0, dtype="uint8")'
    return Row(name, f"generators({arguments})", f"generators({arguments}, {right})")


GENERATOR_ROWS = (
    generator_row("flips", "horizontal_flip=True, vertical_flip=True"),
    generator_row("rotation_range", "rotation_range=20"),
    generator_row("zoom_range", "zoom_range=0.2"),
    generator_row("shifts", "width_shift_range=0.1, height_shift_range=0.2"),
    generator_row("shear_range", "shear_range=10"),
    generator_row("all geometry", "rotation_range=20, zoom_range=0.2, horizontal_flip=True"),
    generator_row(
        "brightness of the image alone",
        "images=dict(brightness_range=(0.8, 1.2)), rotation_range=20",
    ),
    generator_row(
        "channel shift of the image alone",
        "images=dict(channel_shift_range=20), rotation_range=20",
    ),
)
GENERATORS_ABOUT = (
    "one `ImageDataGenerator` for images, one for masks, each `flow(..., seed=...)` with one seed, "
    "batches of 6; `generators(images=dict(...), masks=dict(...), ...)` makes both, the rest goes "
    "to either. Changed: nearest neighbor and integers for the masks"
)
GENERATORS = Library(
    "Two ImageDataGenerators of Keras",
    GENERATORS_ABOUT,
    ("keras", "scipy"),
    functools.partial(generators_names, "keras"),
    GENERATOR_ROWS,
)
OLD_GENERATORS = Library(
    "Two ImageDataGenerators of Keras-Preprocessing",
    "as above, with the package that Keras had until 2.x",
    ("Keras-Preprocessing", "scipy"),
    functools.partial(generators_names, "keras_preprocessing"),
    GENERATOR_ROWS,
)


# --- keras_segaug ------------------------------------------------------------------------------


def own_names():
    import keras_segaug

    others = np.random.default_rng(0).integers(0, 255, (3, 48, 64, 3), "uint8")
    return {"ks": keras_segaug, "others": list(others), "inverted": inverted()}


def inverted():
    """A registered function, as `ImageOnlyLambda` asks for."""
    import keras

    @keras.saving.register_keras_serializable("correctness")
    def function(image):
        return 255.0 - image

    return function


COLORS = {"labels": [(20 * i, i, 255 - i) for i in range(8)], "labels_after": 8}
FEW = {"labels": 8}
OURS = Library(
    "keras_segaug",
    "`ks.Pipeline([...], seed=1, jit_compile=False)(images, masks)` on TensorFlow, eager, batches "
    "of 6, uint8 masks. That compiled layers do the same, and what layers that mix samples do, "
    "which `check_alignment` refuses, is for this repository's tests. `others` are three images of "
    "noise, `inverted` a registered function",
    ("keras", "tensorflow"),
    own_names,
    (
        named('ks.JointRandomFlip("horizontal_and_vertical")'),
        named("ks.JointRandomRotate90()"),
        named("ks.JointRandomRotation(0.1)"),
        named("ks.JointRandomZoom(0.2)"),
        named("ks.JointRandomTranslation(0.2, 0.2)"),
        named("ks.JointRandomShear(0.2, 0.2)"),
        named("ks.JointRandomAffine(0.1, 0.2, 0.2, 0.1, 0.1)"),
        named("ks.JointRandomPerspective()"),
        named("ks.JointRandomElasticTransform()"),
        named("ks.JointRandomGridDistortion()"),
        named("ks.JointRandomLensDistortion()"),
        named(f"ks.JointRandomCrop({WINDOW})"),
        named("ks.JointRandomResizedCrop(48, 64)"),
        named("ks.JointRandomScaleCrop(48, 64)"),
        named(f"ks.JointCenterCrop({WINDOW})"),
        named("ks.JointResizing(36, 80)"),
        named("ks.JointPadding(60, 80)"),
        named("ks.JointRandomErasing()"),
        named("ks.JointRandAugment()"),
        named("ks.JointTrivialAugment()"),
        named("ks.ImageOnlyAugMix()"),
        named("ks.ImageOnlyBrightness(0.2)"),
        named("ks.ImageOnlyContrast(0.3)"),
        named("ks.ImageOnlySaturation((0.3, 0.7))"),
        named("ks.ImageOnlyHue(0.2)"),
        named("ks.ImageOnlyColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.1)"),
        named("ks.ImageOnlyGamma((0.5, 2.0))"),
        named("ks.ImageOnlyChannelShift(0.2)"),
        named("ks.ImageOnlyChannelShuffle()"),
        named("ks.ImageOnlyChannelDropout()"),
        named("ks.ImageOnlyGrayscale()"),
        named("ks.ImageOnlyInvert()"),
        named("ks.ImageOnlyPosterize((4, 6))"),
        named("ks.ImageOnlySolarize(threshold_factor=0.5)"),
        named("ks.ImageOnlyAutoContrast()"),
        named("ks.ImageOnlyEqualize()"),
        named("ks.ImageOnlyCLAHE()"),
        named("ks.ImageOnlyGaussianBlur()"),
        named("ks.ImageOnlyMotionBlur()"),
        named("ks.ImageOnlyMedianBlur()"),
        named("ks.ImageOnlyDefocusBlur()"),
        named("ks.ImageOnlySharpness(0.8)"),
        named("ks.ImageOnlyGaussianNoise(0.1)"),
        named("ks.ImageOnlySpeckleNoise(0.2)"),
        named("ks.ImageOnlyShotNoise(0.2)"),
        named("ks.ImageOnlySaltAndPepper(0.1)"),
        named("ks.ImageOnlyLowResolution((0.4, 0.8))"),
        named("ks.ImageOnlyJPEGCompression((40, 90))"),
        named("ks.ImageOnlyBiasField()"),
        named("ks.ImageOnlyShadow()"),
        named("ks.ImageOnlyFog()"),
        named("ks.ImageOnlyVignetting()"),
        named("ks.ImageOnlyErasing()"),
        named("ks.ImageOnlyGridDropout()"),
        named("ks.ImageOnlyHistogramMatching(others)"),
        named("ks.ImageOnlyFourierDomainAdaptation(others)"),
        named("ks.ImageOnlyPercentileRescaling()"),
        named("ks.ImageOnlyRescaling(1 / 255)"),
        named("ks.ImageOnlyNormalization(per_image=True)"),
        named("ks.ImageOnlyLambda(inverted)"),
        named("ks.MaskOnlyOneHot(8)", options=FEW),
        named("ks.MaskOnlyColorToClass([(20 * i, i, 255 - i) for i in range(8)])", options=COLORS),
    ),
    wrap="ks.Pipeline([{}], seed=1, jit_compile=False)",
)

LIBRARIES = {
    "keras_segaug": OURS,
    "keras": KERAS,
    "albumentations": ALBUMENTATIONS,
    "torchvision": TORCHVISION,
    "kornia": KORNIA,
    "monai": MONAI,
    "generators": GENERATORS,
    "old_generators": OLD_GENERATORS,
}
