"""The fourth type of layers: those that mix the samples of a batch."""

from collections.abc import Sequence
from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.inputs import MASK_KEYS
from keras_segaug.core.layer import AugmentationLayer
from keras_segaug.core.types import Parameters, Tensor
from keras_segaug.engine.operations import Piece, Warp
from keras_segaug.engine.view import View
from keras_segaug.kernels import matrices
from keras_segaug.kernels.matrices import Matrix
from keras_segaug.kernels.values import replace


class MixingLayer(AugmentationLayer, abstract=True):
    """Mixes samples: where a pixel shows another sample, image, masks and weights do so alike.

    It needs a batch: `dataset.batch(8).map(layer)`, in a model, or eagerly. A batch of one
    sample is left as it is, with one warning. Each sample gets a partner: the samples
    of a batch are put into a random circle, in which the next one is the partner. So each is the
    partner of exactly one other, and never its own. Only the partner depends on which other
    samples are in the batch; everything else that is drawn for a sample does not.

    Hooks: `draw(draws)`, with `draws.partners(...)` under the name "partner";
    `pieces(parameters, size)`, or `plan(parameters, spec)`; `resolve(parameters, view)` for a
    layer that looks at the masks.

    Args:
        mask: where there are several masks, the name (or the place, counted from 0) of the one
            that decides what is shown; None: the first (in a mapping, by name). All are mixed.
        across_shards: where Keras' `distribution` splits a batch among several devices, may a
            partner come from another device? Its image would have to be transferred.
        **kwargs: see `AugmentationLayer`. With `probability` below 1 some samples are left
            alone; others may still show parts of them.
    """

    def __init__(
        self, mask: int | str | None = None, across_shards: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.mask = name_of_mask(self, "mask", mask)
        self.across_shards = checks.one_of(self, "across_shards", across_shards, (True, False))

    def pieces(self, parameters: Parameters, size: Sequence[Any]) -> list[Piece]:
        """What the output shows of other samples: `engine.operations.Piece`s, the first wins.

        Args:
            parameters: what was drawn.
            size: of the images.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `pieces`.")

    def inference_matrix(self, size: Sequence[Any]) -> Matrix:
        """Where the output looks in its own sample: at inference, and where there is no piece."""
        return matrices.identity(len(size))

    def plan(self, parameters, spec):
        size, rest = self.output_spec(spec).size, self.inference_matrix(spec.size)
        if parameters is None and rest is matrices.identity(len(size)):
            return []
        pieces = () if parameters is None else tuple(self.pieces(parameters, spec.size))
        maps = [rest, *(piece.map for piece in pieces)]
        whole = all(isinstance(each, Matrix) and each.whole for each in maps)
        return [
            Warp(
                before=tuple(spec.size),
                size=tuple(size),
                pieces=pieces,
                rest=rest,
                inside=True,
                interpolation=None if whole else getattr(self, "interpolation", None),
            )
        ]

    def deciding_mask(self, view: View) -> Tensor | None:
        """The mask (B, *size, K) that decides what is shown; None where there are no masks."""
        masks = view.masks
        return masks[self._place_of("mask", self.mask, view.spec.mask_names)] if masks else None

    def _place_of(self, argument, mask, names):
        """The place of a mask among those that came under these names, by its name or place."""
        bare = mask in MASK_KEYS and mask not in names and names[:1] == ("",)
        if mask is None or bare:
            return 0
        places = {name: place for place, name in enumerate(names) if name}
        places |= {place: place for place in range(len(names))}
        if mask not in places:
            checks.fail(self, argument, f"one of the masks that came, {list(places)}", mask)
        if names.count(mask) > 1:
            held = [place for place, name in enumerate(names) if name == mask]
            accepted = f"the place of one of the masks of this name, one of {held}"
            checks.fail(self, argument, accepted, mask)
        return places[mask]

    def _crosses_shards(self):
        return self.across_shards

    def _mixes(self):
        return True

    def _planned(self, parameters, view):
        names = view.spec.mask_names
        if names:
            # Checked even where nothing uses it: a name that is not there is a mistake.
            self._place_of("mask", self.mask, names)
        operations, parameters = super()._planned(parameters, view)
        if parameters is None:
            return operations, parameters
        partner = parameters["partner"]
        partner = partner if len(partner.shape) == 1 else partner[:, 0]
        return [met(each, partner) for each in operations], parameters


def met(operation: Any, partner: Tensor) -> Any:
    """The operation, limited to samples that have a partner other than themselves."""
    others = partner != ops.arange(ops.shape(partner)[0], dtype="int32")
    acts = others if operation.acts is None else operation.acts & others
    return replace(operation, acts=acts)


def name_of_mask(owner: Any, argument: str, mask: int | str | None) -> int | str | None:
    """The name of a mask, or its place from 0, or None."""
    place = isinstance(mask, int) and not isinstance(mask, bool) and mask >= 0
    if not (mask is None or isinstance(mask, str) or place):
        checks.fail(owner, argument, "None, the name of a mask, or its place from 0", mask)
    return mask
