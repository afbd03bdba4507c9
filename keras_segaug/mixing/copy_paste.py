from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.checks.classes import held
from keras_segaug.core import backend
from keras_segaug.core.backend import ops
from keras_segaug.core.mixing_layer import name_of_mask
from keras_segaug.core.targets import MASK_ROLES
from keras_segaug.engine.mixing import shown_by
from keras_segaug.engine.operations import Labels, Piece
from keras_segaug.kernels import instances as ids
from keras_segaug.kernels import matrices
from keras_segaug.kernels.classes import is_class, known_pixels
from keras_segaug.kernels.sampling import dtype_of
from keras_segaug.kernels.windows import Confined, Window, stretched, whole_image
from keras_segaug.mixing.pasting import PastingLayer


class JointCopyPaste(PastingLayer):
    """Pastes objects of another image of the batch, moved and resized, with their masks.

    Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance
    segmentation", CVPR 2021. The partner's image is scaled, moved and maybe mirrored, by different
    numbers for each sample; then the pixels of the chosen classes, or of some of their instances,
    are pasted: image, all masks and weights.

    Args:
        classes: the ids of the classes to paste; None, with `instances`: all but 0.
        count: at most how many classes, or instances, to paste into each sample; all that the
            partner has are equally likely. None: all.
        flip: True mirrors the partner at a vertical axis half of the time. Leave it False where
            left and right mean something.
        scale: a pair (lower, upper) above 0: by how much the partner is enlarged, drawn uniformly.
        instances: the name, or the place, of a mask of instance ids. Ids of 0 and below are no
            instances, and neither are pixels of the ignored class. Pasted ids get numbers above
            those of the sample, so that all stay different. None: whole classes are pasted.
        interpolation: "nearest", "bilinear" or "bicubic", for the images.
        **kwargs: see `MixingLayer`, and `ignore_class=255`: the class of pixels that are never
            pasted.

    Raises:
        ValueError: without masks; for classes that the masks cannot hold, or that would be searched
            for in the mask of instance ids; for instance ids so high that the dtype of their mask
            could not hold the new ones (seen eagerly; in a graph the objects of that sample are not
            pasted); for images without a batch axis.

    Example:

    >>> paste = keras_segaug.JointCopyPaste(classes=[1, 2], seed=1)
    >>> masks = np.zeros((2, 16, 16), "uint8")
    >>> masks[:, 4:12, 4:12] = [[[1]], [[2]]]
    >>> images, masks = paste(np.zeros((2, 16, 16, 3), "uint8"), masks)
    >>> np.unique(np.asarray(masks)).tolist()
    [0, 1, 2]
    """

    _needs_masks = True

    def __init__(
        self,
        classes: Sequence[int] | None = None,
        *,
        count: int | None = None,
        flip: bool = False,
        scale: Sequence[float] = (0.5, 1.5),
        instances: int | str | None = None,
        interpolation: str = "bilinear",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.classes: Any = None
        if classes is not None or instances is None:
            self.classes = checks.distinct_ids(self, "classes", classes)
        self.count = count
        if count is not None:
            self.count = checks.positive_integer(self, "count", count)
        self.flip = checks.one_of(self, "flip", flip, (True, False))
        self.scale = checks.above_zero(self, "scale", scale, 1e3)
        self.instances = name_of_mask(self, "instances", instances)
        self.interpolation = checks.one_of(
            self, "interpolation", interpolation, checks.INTERPOLATIONS
        )

    def draw(self, draws):
        [partner] = draws.partners(1, self.across_shards)
        drawn = {"partner": partner, "scale": draws.uniform(*self.scale)}
        drawn |= {name: draws.uniform() for name in ("top", "left")}
        if self.flip:
            drawn["mirrored"] = draws.bernoulli(0.5)
        if self.count is not None and self.instances is not None:
            return {**drawn, "order": draws.key()}
        if self.count is not None:
            chances = [draws.uniform() for _ in self.classes]
            return {**drawn, "order": ops.stack(chances, axis=1)}
        return drawn

    def chosen(self, parameters, mask, view):
        if self.classes is not None:
            self._refuse_ids_for_classes(view.spec.mask_names)
            chosen = held(self, "classes", self.classes, mask)
            each = [is_class(mask, class_id) for class_id in chosen]
            wanted = ops.stack(each, axis=1)
        elif mask.shape[-1] == 1:
            wanted = (mask[..., 0] != 0)[:, None]
        else:
            wanted = ~is_class(mask, 0)[:, None]
        if self.instances is None:
            return _some(wanted, parameters.get("order"), self.count)
        objects = self._objects(view.masks, view.spec.mask_names)
        theirs = ops.take(objects, parameters["partner"], axis=0)
        wanted = ops.any(wanted, axis=1) & (theirs > 0)
        if self.count is not None:
            wanted = ids.some(theirs, wanted, parameters["order"], self.count)
        return wanted & ids.have_room(objects, theirs, wanted)

    def resolve(self, parameters, view):
        parameters = super().resolve(parameters, view)
        if self.instances is None or "highest" in parameters:
            return parameters
        objects = self._objects(view.masks, view.spec.mask_names)
        return {**parameters, "highest": ids.highest(objects)}

    def _objects(self, masks, names):
        """The ids (B, *size) of the instances; 0 where nothing is known about a pixel.

        A filled border has the ignored class in all masks, also in the mask of the ids.
        """
        objects = ids.whole(self, masks[self._place_of("instances", self.instances, names)])
        if self.ignore_class is None:
            return objects
        classes = masks[self._place_of("mask", self.mask, names)]
        known = known_pixels(classes, self.ignore_class)
        return ops.where(known, objects, ops.zeros_like(objects))

    def pieces(self, parameters, size):
        return [self._piece(parameters, size)]

    def _piece(self, parameters, size):
        whole = whole_image(size)
        extent = tuple(parameters["scale"] * n for n in whole.size)
        # Either the scaled image lies wholly inside the result, or the result inside the scaled
        # image.
        triples = zip(("top", "left"), whole.size, extent, strict=True)
        start = tuple(parameters[name] * (n - part) for name, n, part in triples)
        matrix = stretched(whole, Window(start, extent))
        if self.flip:
            last = len(size) - 1
            mirror = matrices.mirror({last: parameters["mirrored"]}, size)
            matrix = matrices.compose(mirror, matrix)
        return Piece(Confined(matrix, None), parameters["partner"], shown=parameters["shown"])

    def plan(self, parameters, spec):
        operations = super().plan(parameters, spec)
        if parameters is None or self.instances is None or not spec.mask_names:
            return operations
        pasted = shown_by(self._piece(parameters, spec.size), spec.size)
        given = {"pasted": pasted, "highest": parameters["highest"]}
        only = self._place_of("instances", self.instances, spec.mask_names)
        return [*operations, Labels(function=ids.numbered_on, parameters=given, only=only)]

    def _refuse_ids_for_classes(self, names):
        decides = self._place_of("mask", self.mask, names)
        if self.instances is not None and (
            decides == self._place_of("instances", self.instances, names)
        ):
            accepted = (
                f"another mask than `instances`, one that holds the classes {list(self.classes)}; "
                f"the masks are {list(names)}"
            )
            checks.fail(self, "mask", accepted, self.mask)

    def _refuse_values(self, inputs):
        packed = inputs.packed()
        masks = [x for role in MASK_ROLES for x in packed.get(role, [])]
        if self.instances is None or not masks or not all(map(backend.is_eager, masks)):
            return
        objects = self._objects(masks, inputs.mask_names())
        top = checks.mask_limits(dtype_of(objects))[1]
        if 0 not in objects.shape:
            found = int(backend.to_numpy(ops.max(objects)))
            if 2 * found > top:
                accepted = (
                    f"a mask whose ids are at most {top // 2}, since {dtype_of(objects)} must hold "
                    "those of two samples; cast it to a wider dtype, such as int32"
                )
                checks.fail(self, "instances", accepted, f"ids up to {found}")


def _some(wanted, order, count):
    """The pixels (B, *size) of up to `count` of the classes (B, N, *size) that are present."""
    if count is None or count >= wanted.shape[1]:
        return ops.any(wanted, axis=1)
    axes = tuple(range(2, len(wanted.shape)))
    present = ops.any(wanted, axis=axes)
    order = ops.where(present, order, 2.0)
    rank = ops.sum(ops.cast(order[:, None, :] < order[:, :, None], "int32"), axis=-1)
    kept = present & (rank < count)
    return ops.any(wanted & ops.reshape(kept, (*ops.shape(kept), *[1] * len(axes))), axis=1)
