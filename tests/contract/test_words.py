"""Messages as a beginner reads them: the layer, the argument, what came, what to write."""

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
    "text": (flip(dtype="string"), "`dtype` must be .*float.*dtype='string'"),
    "complex": (flip(dtype="complex64"), "`dtype` must be .*float.*dtype='complex64'"),
    "no dtype": (flip(dtype="flaot32"), "`dtype` must be .*dtype='flaot32'"),
    "names to names": (flip(class_names={"a": "x"}), "`class_names` must be .*class_names="),
    "names to names, swapped": (
        flip(class_swap=[("a", "b")], class_names={"a": "x", "b": 1}),
        "`class_names` must be .*class_names=",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name):
    make, message = SAID[name]
    with pytest.raises((ValueError, TypeError), match=rf"^[A-Za-z]+: .*{message}"):
        make()


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
    """The layer, the argument, what is accepted, what came."""
    with pytest.raises((ValueError, TypeError)) as caught:
        cls(**arguments)
    said = str(caught.value)
    assert said.startswith(f"{cls.__name__}: ")
    assert f"`{named}`" in said
    assert " must " in said
    assert "Received: " in said
    assert said.endswith(".")
    print(said)
