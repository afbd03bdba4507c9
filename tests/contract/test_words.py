"""Messages tell a beginner the layer, the argument, what was received and what to write."""

import keras
import numpy as np
import pytest

import keras_segaug as ks
from tests.contract.test_errors import BAD_ARGUMENTS

WINDOWS = [
    ks.JointRandomCrop,
    ks.JointCenterCrop,
    ks.JointResizing,
    ks.JointPadding,
    ks.JointRandomResizedCrop,
    ks.JointRandomScaleCrop,
]


@pytest.mark.parametrize("cls", WINDOWS)
def test_a_number_is_a_square_and_a_pair_is_both(cls):
    for arguments, size in (((24,), (24, 24)), (((24, 30),), (24, 30)), (([24, 30],), (24, 30))):
        layer = cls(*arguments)
        assert (layer.height, layer.width) == size
        config = layer.get_config()
        assert (config["height"], config["width"]) == size
        again = cls.from_json(layer.to_json())
        assert (again.height, again.width) == size


def flip(**arguments):
    return lambda: ks.JointRandomFlip(**arguments)


SAID = {
    "pair and width": (lambda: ks.JointRandomCrop((3, 4), 5), "`height` must be .* Received"),
    "width alone": (lambda: ks.JointResizing(None, 5), "`height` must be"),
    "degrees": (lambda: ks.JointRandomRotation(15), "`factor` must be .*turn.*15/360.*factor=15"),
    "degrees in a pair": (lambda: ks.JointRandomRotation((-15, 15)), "turn.*15/360"),
    "degrees in an affine": (lambda: ks.JointRandomAffine(15), "`rotation_factor`.*15/360"),
    "layers without a list": (
        lambda: ks.Pipeline(ks.JointRandomFlip(), ks.JointRandomFlip()),
        r"`layers` must be .* Pipeline\(\[first, second\]\)",
    ),
    "three layers without a list": (
        lambda: ks.Pipeline(*[ks.JointRandomFlip() for _ in range(3)]),
        r"`layers` must be .* Pipeline\(\[first, second\]\)",
    ),
    "p": (flip(p=0.5), "no argument 'p'. Did you mean 'probability'"),
    "prob": (flip(prob=0.5), "Did you mean 'probability'"),
    "rate": (flip(rate=0.5), "Did you mean 'probability'"),
    "misspelled": (flip(probabillity=0.5), "Did you mean 'probability'"),
    "cval": (flip(cval=0.5), "Did you mean 'fill_value'"),
    "a class without constant": (
        lambda: ks.JointRandomRotation(0.1, mask_fill_value=255),
        '`mask_fill_value` must be 0 .*fill_mode="constant".*mask_fill_value=255',
    ),
    "a value without constant": (
        lambda: ks.JointRandomRotation(0.1, fill_value=0.5),
        '`fill_value` must be 0 .*from the image itself.*fill_mode="constant".*fill_value=0.5',
    ),
    "text": (flip(dtype="string"), "`dtype` must be .*float.*dtype='string'"),
    "complex": (flip(dtype="complex64"), "`dtype` must be .*float.*dtype='complex64'"),
    "no dtype": (flip(dtype="flaot32"), "`dtype` must be .*dtype='flaot32'"),
    "names to names": (flip(class_names={"a": "x"}), "`class_names` must be .*class_names="),
    "names to names, swapped": (
        flip(class_swap=[("a", "b")], class_names={"a": "x", "b": 1}),
        "`class_names` must be .*class_names=",
    ),
    "names that are none": (flip(class_names=3), "`class_names` must be .*class_names=3"),
    "neither number nor pair": (
        lambda: ks.JointRandomRotation("a"),
        "`factor` must be a number, or a pair .*factor='a'",
    ),
    "a scale of 1": (
        lambda: ks.JointRandomScaleCrop(4, scale=1),
        r"`scale` must be a number f .*1 - f.* or a pair .*scale=1\.",
    ),
    "weights of names": (
        lambda: ks.JointRandomCrop(4, foreground_probability=1.0, class_weights={"a": 1}),
        "`class_weights` must be class ids .*'a'",
    ),
    "names to aim for": (
        lambda: ks.JointRandomCrop(4, foreground_probability=1.0, foreground_classes=["a"]),
        "`foreground_classes` must be class ids .*'a'",
    ),
    "nothing to pad to": (lambda: ks.JointPadding(), "`height` must be given, or `multiple`"),
    "a layer of Keras": (
        lambda: ks.Pipeline([keras.layers.RandomFlip()]),
        "`layers` must hold .* Received: .* such as JointRandomFlip",
    ),
    "a class": (
        lambda: ks.Pipeline([ks.JointRandomFlip]),
        r"`layers` must hold .* JointRandomFlip\(\.\.\.\)",
    ),
    "a list within": (
        lambda: ks.Pipeline([[ks.JointRandomFlip()]]),
        "`layers` must hold .* Pipeline of their own",
    ),
    "boxes": (flip(targets={"b": "boxes"}), r"\(Boxes .*\)\. Received: targets\['b'\]='boxes'\."),
}
IMAGES, MASKS = np.zeros((2, 8, 8, 3), "uint8"), np.zeros((2, 8, 8), "uint8")


def called(name, *given, **arguments):
    layer = ks.JointRandomFlip(jit_compile=False)
    return lambda: getattr(layer, name)(*given, **arguments)


KEY = "`key` must be an integer.*random.key.* Received: key="
DRAWN = ks.JointRandomFlip(seed=1).draw_parameters((2, 8, 8, 3), 1)
SAID |= {
    "no images": (called("__call__"), r"images are missing.*layer\(images, masks\)"),
    "a file name": (called("__call__", "a.png"), "images must be .*'a.png'.* Read files"),
    "training by place": (called("__call__", IMAGES, True), "masks must be .*True.*`training`"),
    "a list of images": (called("__call__", [[1, 2]]), r"Received a list.*np\.stack"),
    "gray": (called("__call__", IMAGES[0, ..., 0]), r"\(8, 8\)\..*\[\.\.\., None\]"),
    "another mask": (called("__call__", IMAGES, MASKS[:1]), "of the same sample, and both batched"),
    "other names": (called("__call__", {"x": IMAGES}), "Received keys: .*'x'.*such a name"),
    "no key": (called("augment", IMAGES, None), f"{KEY}None"),
    "a fraction as a key": (called("augment", IMAGES, 1.5), f"{KEY}1.5"),
    "three words": (called("augment", IMAGES, np.arange(3)), KEY),
    "keys of others": (called("augment", IMAGES, np.zeros((3, 2), "uint32")), KEY),
    "a key as parameters": (called("apply", IMAGES, 3), "`parameters` must be .*draw_parameters"),
    "parameters of others": (called("apply", IMAGES[:1], DRAWN), "for 2 samples. Received 1"),
    "one size": (called("invert", IMAGES, None, size=3), r"`size` must be .*\(height, width\)"),
    "keys of what is not random": (lambda: ks.JointResizing(4).call_key(1), r"apply\(data, None\)"),
    "one-hot twice": (
        lambda: ks.MaskOnlyOneHot(3, jit_compile=False).apply((IMAGES, IMAGES), None),
        "masks must have 1 channel. Received 3. Is the mask one-hot already",
    ),
    "a palette for ids": (
        lambda: ks.MaskOnlyColorToClass([(0, 0, 0)]).apply((IMAGES, MASKS), None),
        "masks must have 3 channels. Received 1. .*class ids already",
    ),
    "a hue of gray": (
        lambda: ks.ImageOnlyHue(0.1).augment(IMAGES[..., :1], 1),
        r"3 channels .*Received 1\. .*np\.repeat",
    ),
}


def test_an_integer_of_numpy_is_a_key():
    layer = ks.JointRandomFlip(seed=1, jit_compile=False)
    images = np.arange(2 * 8 * 8 * 3, dtype="float32").reshape(2, 8, 8, 3)
    found, expected = (layer.augment(images, key) for key in (np.int64(5), 5))
    np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (found, expected)))


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name):
    make, message = SAID[name]
    with pytest.raises((ValueError, TypeError), match=rf"^[A-Za-z]+: .*{message}"):
        make()


def test_a_policy_names_itself():
    with pytest.raises(ValueError, match=r"^JointRandAugment: `fill_value`"):
        ks.JointRandAugment(fill_value=0.5)


TOO_LARGE = [
    (ks.JointRandomRotation, {"factor": 0.1, "fill_mode": "constant", "fill_value": 1e300}),
    (ks.ImageOnlyGamma, {"factor": (1e-50, 1e-50)}),
    (ks.ImageOnlyContrast, {"factor": (0, 1e39)}),
    (ks.ImageOnlyRescaling, {"scale": 1e39}),
    (ks.ImageOnlyNormalization, {"mean": 1e39, "variance": 1.0}),
    (ks.ImageOnlyGaussianBlur, {"kernel_size": 3, "sigma": 1e39}),
    (ks.ImageOnlyBrightness, {"factor": 0.1, "value_range": (0, 1e39)}),
    (ks.JointRandomErasing, {"ratio": (1e-60, 1.0)}),
    (ks.JointRandomRotation, {"factor": 10**400}),
    (ks.JointRandomRotation, {"factor": (0, 10**5000)}),
]


@pytest.mark.parametrize(("cls", "arguments"), TOO_LARGE)
def test_numbers_that_float32_does_not_hold(cls, arguments):
    with pytest.raises(ValueError, match=rf"^{cls.__name__}: .*float32") as caught:
        cls(**arguments)
    assert len(str(caught.value)) < 600


def test_gamma_and_contrast_stay_finite():
    images = np.full((1, 4, 4, 3), 100.0, "float32")
    for layer in (ks.ImageOnlyGamma((1e-37, 1e-37)), ks.ImageOnlyContrast((0, 3e38))):
        assert np.isfinite(keras.ops.convert_to_numpy(layer(images))).all()


@pytest.mark.parametrize(("cls", "arguments", "named"), BAD_ARGUMENTS)
def test_every_message_is_complete(cls, arguments, named):
    """It names the layer, the argument, what is accepted and what was received."""
    with pytest.raises((ValueError, TypeError)) as caught:
        cls(**arguments)
    said = str(caught.value)
    assert said.startswith(f"{cls.__name__}: ")
    assert f"`{named}`" in said
    assert " must " in said
    assert "Received: " in said
    assert said.endswith(".")
    print(said)
