"""Keys for `draw_parameters` and `augment`, and the `Draws` that layers draw from."""

from keras_segaug.core.random import Draws as Draws
from keras_segaug.core.random import fold_in as fold_in
from keras_segaug.core.random import key as key

__all__ = ["Draws", "fold_in", "key"]
