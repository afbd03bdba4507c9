"""Every contract check fails on a layer that breaks the promise."""

import pytest

from tests.contract import broken, promises
from tests.data import labels, random_images


def maker(layer):
    return lambda **more: layer(**{"seed": 7, "jit_compile": False, **more})


def sample():
    return {"images": random_images(), "masks": labels()}


def test_the_right_layer_keeps_every_promise():
    make = maker(broken.Right)
    promises.check_alignment(make)
    promises.check_interpolated_alignment(make)
    promises.check_labels(make, "int32")
    promises.check_labels(make, "uint16", fill=9)
    promises.check_input_intact(make, sample())
    promises.check_config(make(reach=3), random_images(), labels())


@pytest.mark.parametrize(
    ("layer", "check"),
    [
        (broken.RedrawsForTheMask, promises.check_alignment),
        (broken.MovesNothing, promises.check_alignment),
        (broken.InterpolatesTheMask, promises.check_alignment),
        (broken.InterpolatesTheMask, promises.check_interpolated_alignment),
        (broken.InterpolatesTheMask, lambda make: promises.check_labels(make, "int32")),
        (broken.CastsTheMask, lambda make: promises.check_labels(make, "int32")),
        (broken.RoundsTheMask, lambda make: promises.check_labels(make, "int32")),
        (broken.ForgetsAConfigEntry, lambda make: promises.check_config(make(reach=3), *_pair())),
        (broken.TouchesTheMask, lambda make: promises.check_mask_untouched(make, *_pair())),
    ],
)
def test_a_broken_layer_is_found(layer, check):
    with pytest.raises(AssertionError):
        check(maker(layer))


@pytest.mark.parametrize("layer", [broken.MutatesItsInput, broken.ReplacesItsInput])
def test_a_layer_that_changes_its_input_is_found(layer):
    data = sample()

    def make():
        made = maker(layer)()
        object.__setattr__(made, "data", data)
        return made

    with pytest.raises(AssertionError):
        promises.check_input_intact(make, data)


def _pair():
    return random_images(), labels()
