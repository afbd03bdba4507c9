"""medicai's dict transforms, in `tf.data`."""

import math

from medicai import transforms as M  # noqa: N812

from benchmarks import work
from benchmarks.contenders.datasets import dataset_job, limit_threads
from benchmarks.work import AbsentError

packages = ("medicai", "tensorflow")
KEYS = ["image", "label"]
# Its rotations take volumes (depth, height, width, channels) only.
ROTATIONS = (work.ONE_LAYER, "layer:JointRandomRotation")


def rotation(degrees=work.DEGREES):
    return M.RandomRotate(KEYS, math.radians(degrees), prob=1.0)


def flip():
    return M.RandomFlip(KEYS, prob=0.5, spatial_axis=1)


def geometry(count):
    if count > 1:
        raise AbsentError("no zoom, translation or shear")
    return [rotation()]


def crop(size):
    return M.RandomSpatialCrop(KEYS, (size, size))


MAKERS = {"flip": lambda: [flip()], work.CROP: lambda: [crop(work.WINDOW)]}
# With the numbers of our layers' test cases, where medicai has such a number.
COUNTERPARTS = {
    "JointRandomFlip": lambda side: M.RandomFlip(KEYS, prob=0.5, spatial_axis=(0, 1)),
    "JointRandomRotate90": lambda side: M.RandomRotate90(KEYS, prob=1.0, spatial_axis=(0, 1)),
    "JointRandomRotation": lambda side: rotation(72),
    "JointRandomCrop": lambda side: crop(side * 3 // 4),
    "JointResizing": lambda side: M.Resize(KEYS, ("bilinear", "nearest"), [side * 3 // 4] * 2),
    "ImageOnlyNormalization": lambda side: M.NormalizeIntensity(["image"], channel_wise=True),
    "ImageOnlyRescaling": lambda side: M.ScaleIntensityRange(["image"], 0, 255, 0, 1),
    "ImageOnlyErasing": lambda side: M.RandomCutOut(KEYS, [side // 4] * 2, 1, prob=1.0),
}


def prepare(task, variant, threads):
    limit_threads(threads)
    compose = M.Compose(work.parts(task.row, task.side, geometry, MAKERS, COUNTERPARTS))

    def function(image, mask):
        pair = {"image": image, "label": mask[..., None]}
        if task.row in ROTATIONS:
            pair = {key: value[None] for key, value in pair.items()}
        # Most of them keep the dtype; where one does not, its result is left as it is.
        found = compose(pair)
        return found["image"], found["label"]

    return dataset_job(function, work.pairs_of(task), 1, threads)
