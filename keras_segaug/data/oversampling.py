"""Repeat factor sampling: images of rare classes come several times per epoch."""

import math
from collections import Counter

from keras_segaug.data.problems import readable

# docs/decisions/0022-rare-classes.md says why.
THRESHOLD = 0.1
# An image that comes more often than this is more likely to be memorized than to help.
OFTEN = 10
MOST_LISTED = 5


class Oversampling:
    """How often the images of a dataset come, and the effect on the classes; `print` it.

    A class that occurs in a share f of the images has the repeat factor max(1, sqrt(threshold /
    f)), and an image has the largest factor of its classes (Gupta, Dollár and Girshick 2019,
    arXiv:1908.03195).

    Attributes:
        threshold: the share of images below which a class is rare.
        factors: how often each pair of `file_paths` comes in an epoch, on average.
        images: from class id to the number of images that hold the class.
        images_per_epoch: from class id to how many images of an epoch hold it, on average.
        length: the number of pairs of an epoch, on average.
        often: the pairs that come more than 10 times, with their factors, largest first.
    """

    def __init__(self, survey, labels, threshold):
        held = [set(ids) - {labels.ignore_index} for ids in survey.classes]
        images = Counter(class_id for ids in held for class_id in ids)
        of_class = {
            class_id: max(1.0, math.sqrt(threshold * len(held) / count))
            for class_id, count in images.items()
        }
        self.threshold = threshold
        self.factors = tuple(max((of_class[n] for n in ids), default=1.0) for ids in held)
        per_epoch: Counter = Counter()
        for ids, factor in zip(held, self.factors, strict=True):
            per_epoch.update(dict.fromkeys(ids, factor))
        known = sorted(images.keys() | (labels.ids or set()) - {labels.ignore_index})
        self.images = {class_id: images[class_id] for class_id in known}
        self.images_per_epoch = {class_id: float(per_epoch[class_id]) for class_id in known}
        self.length = math.fsum(self.factors)
        pairs = zip(survey.pairs, self.factors, strict=True)
        often = [(pair, factor) for pair, factor in pairs if factor > OFTEN]
        self.often = sorted(often, key=lambda entry: -entry[1])
        self._names = dict(enumerate(labels.class_names or ()))

    def summary(self):
        """The lengths, and a warning where images come very often."""
        lines = [
            f"Oversampled below a share of {self.threshold:g}: {len(self.factors):,} pairs, "
            f"{self.length:,.1f} an epoch on average."
        ]
        if self.often:
            lines.append(
                f"{len(self.often):,} images come more than {OFTEN} times an epoch, which invites "
                "overfitting; a lower `threshold` repeats less:"
            )
            listed = self.often[:MOST_LISTED]
            lines += [f"  {readable(pair.image)}: {factor:.1f} times" for pair, factor in listed]
            if len(self.often) > MOST_LISTED:
                lines.append(f"  ... and {len(self.often) - MOST_LISTED:,} more")
        return "\n".join(lines)

    def __str__(self):
        names = {n: f"{n} {self._names.get(n, '')}".rstrip() for n in self.images}
        width = max(map(len, ["class", *names.values()]))
        lines = [f"  {'class':{width}}  images  an epoch"]
        for class_id, name in names.items():
            per_epoch = self.images_per_epoch[class_id]
            lines.append(f"  {name:{width}}  {self.images[class_id]:6,}  {per_epoch:8,.1f}")
        return "\n".join([self.summary(), *lines])
