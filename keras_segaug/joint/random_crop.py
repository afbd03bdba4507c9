from collections.abc import Mapping, Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.layer_types import JointLayer
from keras_segaug.kernels import crop_selection, crop_selection_one_hot, matrices
from keras_segaug.kernels.windows import offset
from keras_segaug.kernels.xla_cpu.blocks import computed_once


class JointRandomCrop(JointLayer):
    """Cuts the same random window out of image and mask.

    Every sample has a window of its own; pixels are copied. An image smaller than the window is
    placed in its middle, and the rest is filled as `fill_mode` says. At inference, and for samples
    that `probability` leaves alone, the window is in the middle.

    The mask can influence the choice (the first mask, if there are several: in a mapping, the first
    by name). In a one-hot mask, whose classes may overlap, a class is present wherever its channel
    is on, whatever the other channels say. The window then aims at a class, or avoids being filled
    by one, or both; both look only at the image's own pixels, not at what is filled around it. In a
    `Pipeline` the layer looks at the masks as the layers before it leave them, which costs a lookup
    of the masks where those layers move pixels.

    Args:
        height: the window's height in pixels; or a pair (height, width).
        width: the window's width in pixels. None: the same as the height.
        pad: False refuses an image smaller than the window (where its size is known beforehand;
            otherwise it is filled anyway).
        max_class_fraction: no class may fill more than this share of the window's pixels (in the
            manner of mmsegmentation's `cat_max_ratio`). The first of `candidates` random windows
            that meets this is taken, and if none does, the one that comes nearest. Pixels of
            `ignore_class` count neither as a class nor as pixels, nor do those of a one-hot mask
            where no channel is on: where classes overlap, give the background a channel of its own.
        foreground_probability: chance, separately for each sample, that the window holds a pixel of
            a drawn foreground class: a random pixel of that class lies at a random place in the
            window. A sample without any foreground gets a random window.
        foreground_classes: ids of the classes to aim for; each sample draws one of those that it
            has; None means any pixel that is neither 0 nor `ignore_class`.
        class_weights: the relative chances of the classes: one number for each of
            `foreground_classes`, or, in place of `foreground_classes`, a mapping from ids to
            numbers. A class that a sample does not have leaves its chance to the others.
        ignore_class: the id of pixels without a label, or None.
        candidates: how many windows to choose from, for `max_class_fraction`.
        **kwargs: see `JointLayer` and `AugmentationLayer`.

    Example:

    >>> crop = keras_segaug.JointRandomCrop(4, 6)
    >>> images, masks = crop(np.zeros((2, 8, 8, 3), "uint8"), np.ones((2, 8, 8), "uint8"))
    >>> tuple(masks.shape)
    (2, 4, 6)
    >>> mask = np.zeros((1, 64, 64), "uint8")
    >>> mask[0, 50, 3] = 7
    >>> aimed = keras_segaug.JointRandomCrop(
    ...     8, 8, foreground_probability=1.0, foreground_classes=[7]
    ... )
    >>> _, window = aimed(np.zeros((1, 64, 64, 3), "uint8"), mask)
    >>> int(np.asarray(window).max())
    7
    """

    def __init__(
        self,
        height: int | Sequence[int],
        width: int | None = None,
        pad: bool = True,
        max_class_fraction: float | None = None,
        foreground_probability: float = 0.0,
        foreground_classes: Sequence[int] | None = None,
        class_weights: Sequence[float] | Mapping[int, float] | None = None,
        ignore_class: int | None = None,
        candidates: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = checks.window_size(self, height, width)
        self.pad = checks.truth(self, "pad", pad)
        self.max_class_fraction = checks.share(self, "max_class_fraction", max_class_fraction)
        self.foreground_probability = checks.number(
            self, "foreground_probability", foreground_probability, 0.0, 1.0
        )
        self.foreground_classes, self.class_weights = checks.classes_to_aim_for(
            self, foreground_classes, class_weights, self.foreground_probability
        )
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = checks.integer(self, "ignore_class", ignore_class)
            if self.ignore_class in (self.foreground_classes or ()):
                accepted = "None or an id that is not among `foreground_classes`"
                checks.fail(self, "ignore_class", accepted, ignore_class)
        self.candidates = checks.positive_integer(self, "candidates", candidates)

    def output_spec(self, spec):
        if not self.pad:
            checks.holds_window(self, spec.size, (self.height, self.width))
        return spec.resized(self.height, self.width)

    def draw(self, draws):
        # Fractions of the free room: the window is placed once the image's size is known.
        if not self._looks_at_masks():
            return {"top": draws.uniform(), "left": draws.uniform()}
        count = 1 if self.max_class_fraction is None else self.candidates
        drawn = {
            side: ops.stack([draws.uniform() for _ in range(count)], axis=1)
            for side in ("top", "left")
        }
        if self.foreground_probability > 0.0:
            drawn["aimed"] = draws.bernoulli(self.foreground_probability)
            drawn["pixel"] = draws.uniform()
        if self.foreground_classes:
            chances = [draws.uniform() for _ in self.foreground_classes]
            drawn["priority"] = ops.stack(chances, axis=1)
        return drawn

    def _looks_at_masks(self):
        return self.max_class_fraction is not None or self.foreground_probability > 0.0

    def _resolves(self):
        return self._looks_at_masks()

    def resolve(self, parameters, view):
        if not self._looks_at_masks() or "row" in parameters:
            return parameters
        masks = view.masks
        if not masks:
            raise ValueError(
                "JointRandomCrop: masks are missing, and `max_class_fraction` and "
                "`foreground_probability` need them to choose the window. Pass images and masks, "
                "or leave these arguments out."
            )
        mask = masks[0]
        checks.known_channels(self, "masks", mask.shape[-1])
        if mask.shape[0] == 0:
            # Not every kernel accepts a batch without samples.
            return {**parameters, **dict.fromkeys(("row", "column"), parameters["top"][:, 0])}
        one_hot = mask.shape[-1] > 1
        labels = (
            crop_selection_one_hot.channels_on(mask) if one_hot else crop_selection.labels_of(mask)
        )
        corners = self._corners(parameters, labels)
        if self.max_class_fraction is None:
            return {**parameters, "row": corners[0][:, 0], "column": corners[1][:, 0]}
        limit = self.max_class_fraction
        shares = _kernel(labels).largest_shares(
            labels, corners, (self.height, self.width), self.ignore_class, limit
        )
        # All windows that meet the limit are equally good: the first of them is taken.
        row, column = _first_least(ops.where(shares <= limit, 0.0, shares), corners)
        return {**parameters, "row": row, "column": column}

    @computed_once
    def _corners(self, parameters, labels):
        """The first row and the first column (B, K) of every candidate."""
        sides = self._sides(parameters, labels)
        corners = [offset(*side) for side in sides]
        if self.foreground_probability == 0.0:
            return corners
        background = {0, self.ignore_class} - {None}
        wanted = _kernel(labels).foreground(
            labels, self.foreground_classes, self._waits(parameters), background
        )
        pixel, found = crop_selection.pick_pixel(wanted, parameters["pixel"])
        aimed = (parameters["aimed"] & found)[:, None]
        held = [_holding(place[:, None], *side) for place, side in zip(pixel, sides, strict=True)]
        return [ops.where(aimed, a, b) for a, b in zip(held, corners, strict=True)]

    def _waits(self, parameters):
        """(B, classes): of the classes in an image, the one with the shortest wait is aimed for.

        Of several exponential variables, each is the least with a chance proportional to its rate.
        The same holds for any subset of them, such as the classes that an image has.
        """
        if not self.foreground_classes:
            return None
        rates = self.class_weights or (1.0,) * len(self.foreground_classes)
        return -ops.log(1.0 - parameters["priority"]) / ops.convert_to_tensor(rates, "float32")

    def _sides(self, parameters, labels):
        """For height and width: (fraction of free room before the window, image, window)."""
        sizes = ops.shape(labels)[1:3], (self.height, self.width)
        return list(zip(_fractions(parameters), *sizes, strict=True))

    def matrix(self, parameters, size):
        window = self.height, self.width
        if "row" in parameters:
            return matrices.window((parameters["row"], parameters["column"]), size, window)
        triples = zip(("top", "left"), size, window, strict=True)
        start = [offset(parameters[side], n, length) for side, n, length in triples]
        return matrices.window(start, size, window)

    def inference_matrix(self, size):
        return matrices.central_window(size, (self.height, self.width))


@computed_once
def _fractions(parameters):
    """The fractions of the free room above and to the left of each candidate (B, K)."""
    return parameters["top"], parameters["left"]


@computed_once
def _first_least(shares, corners):
    """The place (B,) of the candidate with the least share (B, K), the first of several."""
    best = ops.argmin(shares, axis=1)[:, None]
    return [ops.take_along_axis(each, best, axis=1)[:, 0] for each in corners]


def _kernel(labels):
    """The crop kernel for labels (B, H, W), or the one for channels (B, H, W, K)."""
    return crop_selection_one_hot if len(labels.shape) == 4 else crop_selection


def _holding(place, fraction, size, window):
    """The first pixel of a window inside the image, with a given pixel at a random place in it."""
    room = matrices.as_float(size) - window
    inside = ops.clip(place - ops.floor(fraction * window), 0.0, ops.maximum(room, 0.0))
    return ops.where(room > 0.0, inside, ops.floor(room / 2.0))
