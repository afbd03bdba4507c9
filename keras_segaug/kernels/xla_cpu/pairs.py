"""Two numbers from one computation, which XLA on a CPU would run twice."""

import math

from keras_segaug.core.backend import ops, parts_of
from keras_segaug.kernels.byte_packing import integer
from keras_segaug.kernels.xla_cpu.blocks import fusion_barrier


def interleaved(function, keys, pairs):
    """The two results of `function(keys)`, (B, pairs) each, alternating: (B, 2 * pairs).

    Both are packed into the halves of one 32-bit word. XLA would otherwise put the function, and
    with it the whole generator of random numbers, into every loop that reads either result: for
    noise 20 ms an image of 512 x 512 x 3 instead of 3 (`layer:ImageOnlyGaussianNoise` of `make
    bench`). The price is that results are rounded to 16 bits.

    Args:
        function: takes the keys; its results are float32, of whole numbers below 2**15.
        keys: (B, 2).
        pairs: how many pairs it makes from each key.
    """
    batch = ops.shape(keys)[0]

    def both_in_a_word(keys):
        low, high = (integer(each) for each in function(keys))
        return low & 0xFFFF | ops.left_shift(high, 16)

    words = fusion_barrier(both_in_a_word, keys, (batch, pairs), "int32")
    return ops.reshape(ops.cast(parts_of(words, "int16"), "float32"), (batch, 2 * pairs))


def cosine_and_sine(turn):
    """Cosine and sine of turns in [0, 1), to about 1e-7.

    XLA computes its own one number at a time; this works on whole vectors. With XLA's, noise takes
    7 ms an image of 512 x 512 x 3 instead of 3 (`layer:ImageOnlyGaussianNoise` of `make bench`).

    The Taylor series of both about the middle of each quarter of the circle, which is then
    rotated by a right angle as often as needed.
    """
    quarter = ops.floor(4.0 * turn)
    x = (math.pi / 2.0) * (4.0 * turn - quarter - 0.5)
    square = x * x
    cosine, sine = 0.0, 0.0
    for power in range(8, -1, -2):
        sign = 1.0 - power % 4
        cosine = cosine * square + sign / math.factorial(power)
        sine = sine * square + sign / math.factorial(power + 1)
    # The middle of the first quarter is an eighth of a turn.
    half = math.sqrt(0.5)
    cosine, sine = half * (cosine - sine * x), half * (cosine + sine * x)
    odd, back = (quarter == 1.0) | (quarter == 3.0), ops.where(quarter >= 2.0, -1.0, 1.0)
    return back * ops.where(odd, -sine, cosine), back * ops.where(odd, cosine, sine)
