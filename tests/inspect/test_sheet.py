"""`make gallery` finds every joint layer by itself, and each of them changes the image."""

import numpy as np
import pytest

import keras_segaug as ks
from examples import gallery
from tests.contract.test_config import public_layers
from tests.data import labels, random_images, to_numpy

JOINT = gallery.joint_layers()


def test_finds_every_joint_layer():
    assert list(JOINT) == sorted(c.__name__ for c in public_layers() if "Joint" in c.__name__)


@pytest.mark.parametrize("name", JOINT)
def test_a_layer_shows_what_it_does(name):
    images, masks = random_images(4, 64, 48), labels(4, 64, 48)
    layer = gallery.example_of(JOINT[name], 64, 48)
    drawn = [
        to_numpy(layer.apply((images, masks), layer.draw_parameters((images, masks), number)))
        for number in range(1, 4)
    ]
    assert any(
        result.shape != masks.shape or (result != masks).mean() > 0.05 for _, result in drawn
    )
    assert all(min(result.shape[1:3]) > 16 for result, _ in drawn)


def test_writes_a_sheet(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gallery, "ROOT", tmp_path)
    (tmp_path / "docs" / "images").mkdir(parents=True)
    monkeypatch.setattr(gallery, "joint_layers", lambda: {"JointRandomFlip": ks.JointRandomFlip})
    gallery.draw("small", random_images(2), labels(2), ["none", "one"])
    assert "gallery_small.png: 1 layers" in capsys.readouterr().out
    sheet = np.asarray(
        gallery.Image.open(tmp_path / "docs/images/gallery_small.png").convert("RGB")
    )
    assert (np.ptp(sheet.astype(int), axis=-1) > 60).mean() > 0.05
