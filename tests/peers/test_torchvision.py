"""Geometry beside torchvision v2, on a real CT slice: `make test-torchvision` (over 5 GB).

torchvision takes the map by its own arguments, so both conventions are tested: angles in degrees,
corners in pixels, displacements in fractions of half an image.
"""

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F  # noqa: N812

import keras_segaug as ks
from keras_segaug.engine.sampling_grid import SamplingGrid
from tests.data import ct_slices, to_numpy

IMAGES = ct_slices()[0][50:60]
COUNT, HEIGHT, WIDTH, _ = IMAGES.shape
BORDER = {"fill_mode": "constant", "dtype": "float32"}


def pairs(layer):
    """(ours, drawn parameters, the image as torchvision takes it) for each slice."""
    images = IMAGES.astype("float32")
    drawn = layer.draw_parameters(images.shape, 5)
    ours = to_numpy(layer.apply(images, drawn))
    for i in range(COUNT):
        image = torch.tensor(images[i]).permute(2, 0, 1)
        yield ours[i, ..., 0], {k: v[i] for k, v in to_numpy(drawn).items()}, image


def check(ours, theirs):
    assert (ours > 0).mean() > 0.2
    assert np.abs(ours - theirs.numpy()[0]).mean() < 0.5


def test_affine():
    layer = ks.JointRandomAffine(0.1, 0.2, None, 0.1, 0.1, **BORDER)
    for ours, p, image in pairs(layer):
        theirs = F.affine(
            image,
            # torchvision turns clockwise when positive.
            angle=-float(np.degrees(p["angle"])),
            translate=[
                float(p["translation_width"] * WIDTH),
                float(p["translation_height"] * HEIGHT),
            ],
            scale=1.0 / float(p["zoom_height"]),
            shear=[0.0, 0.0],
            interpolation=F.InterpolationMode.BILINEAR,
        )
        check(ours, theirs)


def test_perspective():
    names = ("top_left", "top_right", "bottom_right", "bottom_left")
    own = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    size = np.array([WIDTH, HEIGHT])
    for ours, p, image in pairs(ks.JointRandomPerspective(scale=0.3, **BORDER)):
        shown = own + [[p[f"{name}_{axis}"] for axis in "xy"] for name in names]
        # The output's corners (endpoints) show these points of the input (startpoints).
        theirs = F.perspective(image, (shown * size).tolist(), (own * size).tolist())
        check(ours, theirs)


def test_elastic_with_our_field():
    layer = ks.JointRandomElasticTransform(strength=0.02, smoothness=0.3, **BORDER)
    drawn = layer.draw_parameters(IMAGES.shape, 5)
    field = layer.displacement(drawn, (HEIGHT, WIDTH))
    rows, columns = to_numpy(SamplingGrid((HEIGHT, WIDTH)).moved(field).grid())
    for i, (ours, _, image) in enumerate(pairs(layer)):
        x, y = columns[i] - np.arange(WIDTH), rows[i] - np.arange(HEIGHT)[:, None]
        field = torch.tensor(np.stack([x * 2 / WIDTH, y * 2 / HEIGHT], -1)[None])
        check(ours, F.elastic(image, field.float()))
