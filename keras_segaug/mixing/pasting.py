"""The base of layers that paste parts of a partner's image."""

from typing import Any

from keras_segaug import checks
from keras_segaug.core.backend import ops
from keras_segaug.core.mixing_layer import MixingLayer
from keras_segaug.core.types import Parameters, Tensor
from keras_segaug.engine.operations import Piece
from keras_segaug.engine.view import View
from keras_segaug.kernels import matrices
from keras_segaug.kernels.classes import known_pixels


class PastingLayer(MixingLayer, abstract=True):
    """Pastes parts of a partner's image, with its masks and weights.

    Hooks: those of `MixingLayer`, but `chosen(parameters, mask, view)` in place of `resolve`.

    Args:
        ignore_class: the class of pixels about which nothing is known. They are not pasted: what
            was labeled there stays labeled. In a one-hot mask such a pixel has no class at all.
            None pastes them, too.
        **kwargs: see `MixingLayer`.
    """

    # Does it need masks to know what to paste?
    _needs_masks = False

    def __init__(self, ignore_class: int | None = 255, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = checks.integer(self, "ignore_class", ignore_class)

    def chosen(self, parameters: Parameters, mask: Tensor | None, view: View) -> Tensor | None:
        """Which pixels of the partner are to be pasted: bool (B, *size); None: all.

        Args:
            parameters: what was drawn.
            mask: the partner's deciding mask (B, *size, K); None without masks.
            view: of the batch.
        """
        return None

    def resolve(self, parameters, view):
        if "shown" in parameters:
            return parameters
        mask = self._mask_of_partner(parameters, view)
        shown = self.chosen(parameters, mask, view)
        if self.ignore_class is not None:
            # Set without masks as well: resolved parameters need no data.
            shape = (ops.shape(parameters["partner"])[0], *view.spec.size)
            no_mask = mask is None
            known = ops.ones(shape, "bool") if no_mask else known_pixels(mask, self.ignore_class)
            shown = known if shown is None else shown & known
        return parameters if shown is None else {**parameters, "shown": shown}

    def _mask_of_partner(self, parameters, view):
        """(B, *size, K); None where it is not needed, or where there are no masks."""
        if not self._needs_masks and self.ignore_class is None:
            return None
        mask = self.deciding_mask(view)
        if mask is None and self._needs_masks:
            raise ValueError(
                f"{checks.name_of(self)}: masks are missing, which say what to paste. Pass "
                "(images, masks)."
            )
        if mask is None:
            return None
        checks.known_channels(self, "masks", mask.shape[-1])
        return ops.take(mask, parameters["partner"], axis=0)

    def pieces(self, parameters, size):
        nothing = matrices.identity(len(size))
        return [Piece(nothing, parameters["partner"], shown=parameters.get("shown"))]
