"""Coded images: each pixel tells where it came from, and carries a check of that.

Red is a ramp over the rows and blue one over the columns, so a pixel of a moved image tells its
source, even between pixels: linear ramps survive every interpolation. Green is a texture of waves,
a known function of the place. The colors are the original ones only where green agrees with red and
blue; a changed brightness, a filled or erased pixel, or one blended across a seam does not fit, and
is not mistaken for a moved one.

The labels follow the levels of the texture, so that they can be matched with green if the colors
were changed; their low bits are the place modulo four, so that neighbors differ.
"""

import numpy as np

_WAVES = 7
_WAVELENGTH = 18.0
_AMPLITUDE = 55.0
MIDDLE = 120.0
LEVELS = 7
# A label holds the row and the column modulo this.
FINE = 4


class Probe:
    """A coded image with its labels.

    Args:
        size: (height, width).
        number: images of different numbers have different textures, and so different labels.
        count: of label codes: a few classes, or the 112 codes of `wide_values`.
    """

    def __init__(self, size, number, count):
        self.height, self.width = size
        draw = np.random.default_rng([20261122, number])
        angles = draw.uniform(0, np.pi) + np.pi * np.arange(_WAVES) / _WAVES
        lengths = _WAVELENGTH * draw.uniform(0.85, 1.15, _WAVES)
        self._waves = 2 * np.pi / lengths * np.stack([np.sin(angles), np.cos(angles)])
        self._phases = draw.uniform(0, 2 * np.pi, _WAVES)
        self.rows, self.columns = np.indices(size)
        self.image = np.stack(
            [
                self.rows * (255.0 / (self.height - 1)),
                # Where several waves add up, the sum may exceed 8 bits.
                self.texture(self.rows, self.columns).clip(0.0, 255.0),
                self.columns * (255.0 / (self.width - 1)),
            ],
            -1,
        )
        green = self.image[..., 1]
        self.fine = fine_codes(count)
        levels = count // self.fine
        cuts = np.quantile(green, np.arange(1, levels) / levels)
        self.codes = np.searchsorted(cuts, green)
        if self.fine > 1:
            self.codes = self.codes * FINE**2 + self.rows % FINE * FINE + self.columns % FINE

    def texture(self, rows, columns):
        """Green at any place, 0 .. 255."""
        return MIDDLE + self.waves(rows, columns).sum(-1)

    def waves(self, rows, columns):
        """The amount that each wave adds to the middle of green, (..., waves)."""
        places = np.stack([np.asarray(rows), np.asarray(columns)], -1)
        return _AMPLITUDE * np.sqrt(2 / _WAVES) * np.sin(places @ self._waves + self._phases)


def wide_values(dtype):
    """112 labels with gaps, so that a blend of two is rarely a label; 0 and 255 stay free.

    Wide integers get large labels, which a detour through a narrow float would round.
    """
    wide = np.dtype(dtype).kind in "iu" and np.dtype(dtype).itemsize > 1
    step = 291 if wide else 2
    return [step * (i + 1) for i in range(LEVELS * FINE**2)]


def fine_codes(count):
    """How many codes share a level of the texture."""
    return FINE**2 if count == LEVELS * FINE**2 else 1
