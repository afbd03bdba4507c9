"""`cv2.warpAffine` alone, on image and mask: the minimum cost of an affine."""

import cv2
import numpy as np

from benchmarks import work
from benchmarks.work import AbsentError, Job

# The same warp whatever the dtype of the result.
CHAINS = (work.CHAIN, work.CHAIN_NINE, work.CHAIN_16)
packages = ("opencv-python-headless",)


def prepare(task, variant, threads):
    if task.row not in ("affine", *CHAINS) and not task.row.startswith("layers:"):
        raise AbsentError("not an affine")
    cv2.setNumThreads(threads)
    images, masks = work.pairs_of(task)
    generator = np.random.default_rng(0)
    size, center = (task.side, task.side), ((task.side - 1) / 2, (task.side - 1) / 2)

    def run(count):
        for i in range(count):
            angle = generator.uniform(-work.DEGREES, work.DEGREES)
            matrix = cv2.getRotationMatrix2D(center, angle, 1.0 + generator.uniform(-0.2, 0.2))
            for pictures, flags in ((images, cv2.INTER_LINEAR), (masks, cv2.INTER_NEAREST)):
                picture = pictures[i % len(pictures)]
                cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)

    return Job(run)
