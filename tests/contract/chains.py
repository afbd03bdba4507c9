"""Random chains of layers, each made from its number alone."""

from typing import Any, NamedTuple

import numpy as np

import keras_segaug as ks
from keras_segaug.engine.spec import Spec

# Few sizes: each further one costs JAX programs of its own. The second is the first, padded.
SIZES = ((24, 24), (24, 32))
CLASSES = 9
# Fills of masks and images. Image fills that are not labels show where a border was filled.
FILLS = {0: 100, 5: 102, 9: 9, 11: 105, 255: 255}
# What erasing writes where it also writes the mask, and where it writes the image alone.
ERASED, ERASED_IMAGE, ERASED_ALONE = 12, 112, 240
SPOTS = 4
ROLES = {
    "depth": "continuous",
    "image_2": "image",
    "instances": "mask",
    "certainty": "weights",
    "spots": "points",
}
COLORS = (
    (ks.ImageOnlyBrightness, {"factor": 0.3}),
    (ks.ImageOnlyContrast, {"factor": 0.4}),
    (ks.ImageOnlyGamma, {"factor": 0.4}),
    (ks.ImageOnlyGaussianBlur, {"kernel_size": 3}),
    (ks.ImageOnlyGaussianNoise, {"factor": 0.1}),
    (ks.ImageOnlyRescaling, {"scale": 0.5, "offset": 3.0}),
    (ks.ImageOnlyRescaling, {"scale": 1 / 255}),
    (ks.ImageOnlyNormalization, {"per_image": True}),
    (ks.ImageOnlySaturation, {"factor": (0.1, 0.9)}),
    (ks.ImageOnlyHue, {"factor": 0.4}),
    (ks.ImageOnlyColorJitter, {"saturation_factor": (0.3, 0.7), "hue_factor": 0.2}),
)
NEED_THREE = (ks.ImageOnlySaturation, ks.ImageOnlyHue, ks.ImageOnlyColorJitter)
MOVES = (
    (ks.JointRandomFlip, {}),
    (ks.JointRandomFlip, {"mode": "horizontal"}),
    (ks.JointRandomRotate90, {"mirror": True}),
    (ks.JointRandomRotation, {"factor": 0.2}),
    (ks.JointRandomZoom, {"height_factor": 0.4, "width_factor": (-0.3, 0.1)}),
    (ks.JointRandomTranslation, {"height_factor": 0.3, "width_factor": 0.3}),
    (ks.JointRandomShear, {"x_factor": 0.3, "y_factor": 0.2}),
    (ks.JointRandomAffine, {"rotation_factor": 0.1, "translation_width_factor": 0.2}),
    (ks.JointRandomPerspective, {"scale": 0.3}),
    (ks.JointRandomElasticTransform, {"strength": 0.02}),
    (ks.JointRandomGridDistortion, {"num_steps": 3, "factor": 0.5}),
    (ks.JointRandomLensDistortion, {"factor": (-0.2, 0.4)}),
    (ks.JointRandomErasing, {"scale": (0.02, 0.1)}),
    (ks.Identity, {}),
)
WINDOWS = (
    (ks.JointResizing, {}),
    (ks.JointResizing, {"crop_to_aspect_ratio": True}),
    (ks.JointResizing, {"pad_to_aspect_ratio": True}),
    (ks.JointPadding, {}),
    (ks.JointPadding, {"position": "top_left"}),
    (ks.JointCenterCrop, {}),
    (ks.JointRandomCrop, {}),
    (ks.JointRandomCrop, {"max_class_fraction": 0.3}),
    (ks.JointRandomCrop, {"foreground_probability": 0.8, "foreground_classes": [1, 3]}),
    (ks.JointRandomResizedCrop, {"scale": (0.3, 1.0)}),
    (ks.JointRandomScaleCrop, {"scale": (0.6, 1.6)}),
)


class Chain(NamedTuple):
    """A chain, and what the checks must know about it."""

    number: int
    layer: ks.Pipeline
    # "eager", "jit" or "map".
    place: str
    structure: str
    interpolation: str | None
    count: int | None
    size: tuple
    channels: int
    dtype: str
    mask_dtype: str
    depth_dtype: str
    num_classes: int
    targets: dict
    # Is the mask given with a channel axis?
    deep_mask: bool

    def leaves(self):
        return list(leaves_of(self.layer))

    def has(self, *kinds):
        return any(isinstance(leaf, kinds) for leaf in self.leaves())


def leaves_of(layer):
    inner = getattr(layer, "layers", None)
    if inner is None:
        yield layer
    for each in inner or ():
        yield from leaves_of(each)


class Maker:
    """Makes the layers of one chain, each argument drawn."""

    def __init__(self, number, told=False):
        self.rng = np.random.default_rng(number)
        self.told = told
        self.interpolation = "nearest" if self.chance(0.85) else None
        self.fills = self.rng.choice(["constant", "any"])
        self.colors = self.chance(0.6)
        self.channels = 3 if self.chance(0.4) else int(self.rng.integers(1, 8))
        self.dtype = str(self.rng.choice(["uint8", "uint8", "uint16", "float32"]))
        self.num_classes = int(self.rng.choice([6, CLASSES, 13]))
        self.size = SIZES[self.rng.integers(len(SIZES))]

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def pick(self, options):
        return options[self.rng.integers(len(options))]

    def border(self):
        """Border settings; now and then those of the layer before, so that layers merge."""
        if hasattr(self, "last") and self.chance(0.5):
            return self.last
        modes = ["constant"] if self.fills == "constant" else ["reflect", "wrap", "nearest"]
        mode = "constant" if self.chance(0.3) else self.pick(modes)
        label = self.pick(list(FILLS))
        given = {"fill_value": FILLS[label], "mask_fill_value": label}
        self.last = {"fill_mode": mode, **(given if mode == "constant" else {})}
        return self.last

    def made(self, layer, arguments, **more):
        """A layer; if it is random, its probability is drawn."""
        if layer.random is True and self.chance(0.3):
            more["probability"] = 0.7
        if issubclass(layer, ks.JointLayer) and layer is not ks.JointRandomErasing:
            more |= self.border()
            more["interpolation"] = self.interpolation or self.pick(["bilinear", "bicubic"])
        return layer(**arguments, **more)

    def moving(self):
        layer, arguments = self.pick(MOVES)
        if layer is not ks.JointRandomErasing:
            return self.made(layer, arguments)
        more: dict[str, Any] = {"fill_value": ERASED_ALONE}
        if self.chance(0.5):
            more = {"fill_value": ERASED_IMAGE, "mask_fill_value": ERASED}
        elif self.colors and self.chance(0.5):
            more = {"fill_value": "noise", **self.range()}
        return self.made(layer, arguments, **more)

    def range(self):
        """The value range, where the layer cannot derive it."""
        return {"value_range": (0.0, 255.0)} if self.told else {}

    def coloring(self):
        fit = [pair for pair in COLORS if self.channels == 3 or pair[0] not in NEED_THREE]
        layer, arguments = self.pick(fit)
        takes = layer not in (
            ks.ImageOnlyRescaling,
            ks.ImageOnlyNormalization,
            ks.ImageOnlyGaussianBlur,
        )
        return self.made(layer, arguments, **(self.range() if takes else {}))

    def window(self, size, target):
        """A layer that gives images of size `target`; `size`: before it, None where unknown."""
        fit = [pair for pair in WINDOWS if pair[0] is not ks.JointPadding]
        if size and size[0] <= target[0] and size[1] <= target[1]:
            fit = list(WINDOWS)
        layer, arguments = self.pick(fit)
        return self.made(layer, arguments, height=target[0], width=target[1])

    def kept(self, depth):
        """A layer that keeps the size of the images and the channels of the masks."""
        draw = self.rng.random()
        if depth < 3 and draw < 0.12:
            return self.pipeline([self.kept(depth + 1) for _ in range(self.rng.integers(1, 3))])
        if depth < 3 and draw < 0.25:
            return self.choice([self.kept(depth + 1) for _ in range(self.rng.integers(2, 4))])
        if self.colors and draw < 0.5:
            return self.coloring()
        return self.moving()

    def pipeline(self, layers):
        made = ks.Pipeline(layers)
        return ks.Pipeline(layers, probability=0.6) if made.random and self.chance(0.4) else made

    def choice(self, layers):
        weights = [1.0, 2.0, 3.0][: len(layers)] if self.chance(0.3) else None
        probability = 0.7 if self.chance(0.3) else 1.0
        return ks.RandomChoice(layers, weights=weights, probability=probability)

    def changing(self, depth, size, coded):
        """A layer that changes size or coding, or a choice whose branches all do. Returns the
        layer, the size after it, and whether the masks are coded after it."""
        target = self.pick(SIZES) if self.chance(0.75) else None
        codes = not coded and (target is None or self.chance(0.2))
        if target is None and not codes:
            step = ks.JointPadding(multiple=(8, 16), **self.border())
            return step, step.output_spec(Spec(size)).size, coded
        if depth < 3 and self.chance(0.35):
            branches = [
                self.pipeline(self.branch(depth + 1, size, target, codes))
                for _ in range(self.rng.integers(2, 4))
            ]
            return self.choice(branches), target or size, coded or codes
        layers = self.branch(3, size, target, codes)
        layer = self.pipeline(layers) if len(layers) > 1 else layers[0]
        return layer, target or size, coded or codes

    def branch(self, depth, size, target, codes):
        layers = [self.kept(depth)] if depth < 3 and self.chance(0.5) else []
        layers += [self.window(size, target)] if target else []
        layers += [self.kept(depth)] if depth < 3 and self.chance(0.5) else []
        if codes:
            place = int(self.rng.integers(len(layers) + 1))
            layers.insert(place, ks.MaskOnlyOneHot(self.num_classes))
        return layers

    def top(self):
        layers, size, coded = [], self.size, False
        for _ in range(self.rng.integers(1, 5)):
            if self.chance(0.35):
                layer, size, coded = self.changing(1, size, coded)
                layers.append(layer)
            else:
                layers.append(self.kept(1))
        return layers


def made(number, place=None):
    """The chain of this number, in the given place or else in the one that it draws."""
    try:
        return _made(number, place, told=False)
    except ValueError as error:
        if "`value_range` must be given" not in str(error):
            raise
        return _made(number, place, told=True)


def _made(number, place, told):
    maker = Maker(number, told)
    layers = maker.top()
    drawn = str(maker.rng.choice(["eager", "jit", "map"], p=[0.88, 0.04, 0.08]))
    structure = maker.pick(["mapping", "mapping", "nested", "tuple"])
    small = maker.dtype == "uint8" and maker.chance(0.3)
    # Entries that cost a run of their own are sometimes left out.
    left_out = [name for name in ("image_2", "spots") if maker.chance(0.5)]
    targets = {name: role for name, role in ROLES.items() if name not in left_out}
    named = targets if structure != "tuple" else dict(enumerate(targets.values(), 3))
    gated = maker.chance(0.2) and ks.Pipeline(layers).random
    layer = ks.Pipeline(
        layers,
        seed=number,
        probability=0.8 if gated else 1.0,
        dtype="uint8" if small else "float32",
        data_format="channels_first" if maker.chance(0.15) else "channels_last",
        jit_compile=(place or drawn) == "jit",
        targets=named,
        name=f"chain_{number}",
    )
    count = None if maker.chance(0.15) else maker.pick([1, 2, 5, 5])
    return Chain(
        number,
        layer,
        place or drawn,
        structure,
        maker.interpolation,
        count,
        maker.size,
        maker.channels,
        maker.dtype,
        maker.pick(["uint8", "uint8", "uint16", "int32", "float32", "int64"]),
        maker.pick(["float32", "float32", "uint8", "int32"]),
        maker.num_classes,
        targets,
        maker.chance(0.3),
    )
