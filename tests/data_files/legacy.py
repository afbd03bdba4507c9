"""The real old classes, and where they move the corners of an image."""

import numpy as np
from keras.src.legacy.preprocessing.image import ImageDataGenerator as InsideKeras
from keras_preprocessing.image import ImageDataGenerator as KerasPreprocessing

import keras_segaug as ks
from tests.data import to_numpy

DRAWS = 5000
GENERATIONS = {"keras": InsideKeras, "keras_preprocessing": KerasPreprocessing}


def coordinates(height, width):
    """An image whose channels hold the x and y of each pixel."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([columns, rows], -1).astype("float64")


def corners(images, off_center=0):
    """The points that the corners of moved `coordinates` (N, H, W, 2) show, also outside: (N, 8).

    Three pixels in the middle determine the whole affine map. `off_center` moves the corners by
    that many pixels, and the points they show back: the same map for a class with another center.
    """
    height, width = images.shape[1:3]
    row, column = height // 2, width // 2
    middle = images[:, row, column].astype("float64")
    right = images[:, row, column + 1] - middle
    down = images[:, row + 1, column] - middle
    found = []
    for y in (0, height - 1):
        for x in (0, width - 1):
            place = middle + (x + off_center - column) * right + (y + off_center - row) * down
            found.append(place - off_center)
    return np.concatenate(found, axis=1)


def moved_by_old_class(generation, arguments, image, count=DRAWS):
    generator = GENERATIONS[generation](**arguments)
    np.random.seed(11)
    return np.stack([generator.random_transform(image.copy()) for _ in range(count)])


def moved_by_pipeline(arguments, image, count=DRAWS):
    pipeline = ks.from_image_data_generator(arguments, seed=1).pipeline
    images = np.broadcast_to(image, (count, *image.shape)).astype("float32")
    return to_numpy(pipeline.apply(images, pipeline.draw_parameters(images.shape, 5)))
