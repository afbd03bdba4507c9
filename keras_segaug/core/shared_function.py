"""Functions whose steps a TensorFlow graph holds once, however often they are called.

So they are traced once. XLA inlines them where they are called, so the program is the same.
"""

import functools
from typing import Any


def shared(function):
    """The function of words, which broadcast, as one that each graph holds only once."""

    def call(*words, **kwargs):
        import tensorflow as tf

        found = _of_any_shape(function, len(words), **kwargs)(*words)
        shape = functools.reduce(tf.broadcast_static_shape, [word.shape for word in words])
        for each in found:
            each.set_shape(shape)
        return found

    return call


@functools.cache
def _of_any_shape(function: Any, count: int, **kwargs: Any) -> Any:
    import tensorflow as tf

    return tf.function(
        lambda *words: function(*words, **kwargs),
        input_signature=[tf.TensorSpec(None, "uint32")] * count,
        autograph=False,
    )
