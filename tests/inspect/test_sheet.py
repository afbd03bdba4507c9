"""`make gallery` finds every layer that moves or colors by itself, and each changes something."""

import numpy as np
import pytest

import keras_segaug as ks
from examples import gallery
from tests.contract.test_config import public_layers
from tests.data import labels, random_images, to_numpy

JOINT, COLORS = gallery.layers_named("Joint"), gallery.coloring()
# The results of these are not images to look at.
UNSEEN = ("ImageOnlyRescaling", "ImageOnlyNormalization")


def test_finds_every_layer():
    names = sorted(layer.__name__ for layer in public_layers())
    assert list(JOINT) == [name for name in names if name.startswith("Joint")]
    assert sorted([*COLORS, *UNSEEN]) == [name for name in names if name.startswith("ImageOnly")]


def drawn(cls):
    # Not all gray levels: such images would have no contrast to gain.
    images, masks = 40 + random_images(4, 64, 48) // 2, labels(4, 64, 48)
    layer = gallery.example_of(cls, 64, 48)
    draws = [layer.draw_parameters((images, masks), number) for number in range(1, 4)]
    return images, masks, [to_numpy(layer.apply((images, masks), each)) for each in draws]


@pytest.mark.parametrize("name", JOINT)
def test_a_layer_shows_what_it_does(name):
    _, masks, found = drawn(JOINT[name])
    assert any(
        result.shape != masks.shape or (result != masks).mean() > 0.05 for _, result in found
    )
    assert all(min(result.shape[1:3]) > 16 for result, _ in found)


@pytest.mark.parametrize("name", COLORS)
@pytest.mark.slow
def test_a_color_shows_what_it_does(name):
    images, masks, found = drawn(COLORS[name])
    assert any((result != images).mean() > 0.02 for result, _ in found)
    assert all((kept == masks).all() for _, kept in found)


def test_writes_a_sheet_of_masks_and_one_of_colors(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    folder = tmp_path / "docs" / "images"
    folder.mkdir(parents=True)
    images, masks = random_images(2), labels(2)
    flip, hue = {"JointRandomFlip": ks.JointRandomFlip}, {"ImageOnlyHue": ks.ImageOnlyHue}
    gallery.draw("moved", flip, images, masks, ["none", "one"])
    gallery.draw("colors", hue, images, None, None)
    said = capsys.readouterr().out
    assert "moved.png: 1 layers" in said
    assert "colors.jpg: 1 layers" in said
    for name in ("moved.png", "colors.jpg"):
        sheet = np.asarray(gallery.Image.open(folder / name).convert("RGB"))
        assert (np.ptp(sheet.astype(int), axis=-1) > 60).mean() > 0.05
