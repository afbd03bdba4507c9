"""Turns what Keras hands to a step into what the augmentation takes, and back."""

from collections.abc import Mapping

import keras

from keras_segaug import checks
from keras_segaug.core.inputs import MASK_KEYS, ROLES


class Entries:
    """(x, y, sample weights) of one batch, in whatever structure the caller chose.

    The data are (x, y), (x, y, sample weights), or one mapping that holds all of them by name. x is
    one tensor of images, a mapping of a model's inputs, or a tuple or list of inputs, images first.

    Args:
        owner: the `AugmentedModel`, for messages.
        data: of the step.
    """

    def __init__(self, owner, data):
        self._owner = owner
        self.x, self.y, self.weights = keras.utils.unpack_x_y_sample_weight(data)
        # One mapping that holds everything; else the entries are where Keras expects them.
        mapping = self.x
        self._whole = isinstance(mapping, Mapping) and self.y is None
        if self._whole:
            self._mapping = mapping
            self._keys = {role: _key_of(owner, mapping, role) for role in ROLES}
            # A mapping without images is a mapping of the model's inputs.
            self._whole = self._keys["images"] is not None
        if self._whole:
            self.y, self.weights = self._of_the_loss(mapping)
            self.x = self._of_the_model(mapping)

    def check(self):
        """Raises if there are no masks, or if the images are not a batch."""
        if self.y is None:
            names = ", ".join(map(repr, MASK_KEYS))
            what = list(self._mapping) if isinstance(self.x, Mapping) or self._whole else "no y"
            raise ValueError(
                f"{checks.name_of(self._owner)}: `fit` needs masks, which the augmentation moves "
                f"with the images. Received: {what}. Call fit(images, masks), or give a dataset of "
                f"(images, masks), or of mappings that have one of the keys {names}."
            )
        shape = getattr(self._images(), "shape", None)
        if shape is not None and getattr(shape, "rank", 4) is not None and len(shape) != 4:
            raise ValueError(
                f"{checks.name_of(self._owner)}: images must come as a batch of four axes, samples "
                f"first. Received shape {tuple(shape)}. Write `dataset.batch(16)` for a dataset of "
                "single images, and give gray images a channel axis: `images[..., None]`."
            )

    def _images(self):
        """The images of x; None if x is a mapping that does not tell which entry they are."""
        if self._whole:
            return self._mapping[self._keys["images"]]
        if isinstance(self.x, Mapping):
            return self.x.get(_key_of(self._owner, self.x, "images"))
        return self.x[0] if isinstance(self.x, (tuple, list)) else self.x

    def joined(self):
        """All entries as one structure for the augmentation."""
        if self._whole:
            return self._mapping
        if isinstance(self.x, Mapping):
            doubled = [key for key in MASK_KEYS if key in self.x]
            if doubled:
                raise ValueError(
                    f"{checks.name_of(self._owner)}: masks are given twice, as {doubled[0]!r} of x "
                    "and as y. Leave one of them out."
                )
            weights = {} if self.weights is None else {"sample_weights": self.weights}
            return {**self.x, "masks": self.y, **weights}
        if isinstance(self.x, (tuple, list)):
            return (self.x[0], self.y, self.weights, *self.x[1:])
        return (self.x, self.y) if self.weights is None else (self.x, self.y, self.weights)

    def apart(self, joined):
        """(x, y, sample weights) from a structure that `joined` gave."""
        if self._whole:
            return self._of_the_model(joined), *self._of_the_loss(joined)
        if isinstance(self.x, Mapping):
            x = {key: joined[key] for key in self.x}
            return x, joined["masks"], joined.get("sample_weights")
        images, y, *rest = joined
        weights = rest[0] if rest else None
        if isinstance(self.x, (tuple, list)):
            return type(self.x)((images, *rest[1:])), y, weights
        return images, y, weights

    def _of_the_loss(self, mapping):
        """(masks, sample weights); None for what is missing."""
        return tuple(mapping.get(self._keys[role]) for role in ("masks", "sample_weights"))

    def _of_the_model(self, mapping):
        """What the model takes: the entries that its inputs name, or the images."""
        named = getattr(self._owner.model, "input", None) if self._owner.model.built else None
        if isinstance(named, Mapping):
            return {key: mapping[key] for key in named if key in mapping}
        return mapping[self._keys["images"]]


def _key_of(owner, mapping, role):
    """The key of a role; None where the mapping has none."""
    claimed = owner.augmentation.targets or {}
    found = [key for key in ROLES[role] if key in mapping]
    # A target that only repeats that the images are an image changes nothing.
    free = [key for key in found if key not in claimed] or [
        key for key in found if role == "images" and claimed[key] == "image"
    ]
    return free[0] if free else None
