"""The state of a random stream: which call comes next, advanced so that no two calls are alike.

Three integers: 256 times the number of calls (low and high word), and the seed. That is the state
TensorFlow's `RngReadAndSkip` works on, the one TensorFlow op that reads and advances in one atomic
step, with and without XLA: `assign_add` in a parallel `dataset.map` hands the same number to two
elements (seen for 24 of 20,000).
"""

import keras
import numpy as np

from keras_segaug.core import backend, devices
from keras_segaug.core.backend import ops

# A call advances the state by this much: the step of TensorFlow's own generators.
STEP = 256


def state_dtype():
    # JAX has no 64-bit integers by default; there the low word overflows into the high one.
    return "uint32" if backend.runs_on("jax") else "int64"


def add_state(layer, seed):
    """A weight of a layer that holds the state before the first call."""

    def initial(shape, dtype=None):
        return keras.ops.convert_to_tensor([0, 0, seed % (1 << 32)], dtype=dtype)

    with backend.outside_graphs(), devices.kept_on_host():
        return layer.add_weight(
            name="random_state",
            shape=(3,),
            dtype=state_dtype(),
            initializer=initial,
            trainable=False,
            autocast=False,
        )


def tensorflow_variable(words, dtype="int64"):
    import tensorflow as tf

    with tf.init_scope(), tf.device("CPU:0"):
        return tf.Variable(words, dtype=dtype)


def skip(variable, count):
    """Advances a `tf.Variable` by `count` calls, atomically; returns the count before."""
    low, high, _ = _read_and_skip(variable, count).numpy().tolist()
    return low // STEP + (high << 24)


def _read_and_skip(variable, count):
    import tensorflow as tf

    philox, delta = tf.constant(1), tf.constant(count, tf.uint64)
    # A mirrored variable outside `strategy.run` has no handle of its own: all copies advance.
    copies = [variable]
    if hasattr(variable, "values") and tf.distribute.in_cross_replica_context():
        copies = variable.values
    before = [
        tf.raw_ops.RngReadAndSkip(resource=each.handle, alg=philox, delta=delta) for each in copies
    ]
    return before[0]


def next_key(state):
    """Advances the state by one call; returns the key (seed, call) as (2,) words.

    On TensorFlow that is atomic; elsewhere an eager caller holds the lock.
    """
    value = getattr(state, "value", state)
    if backend.name() == "tensorflow":
        import tensorflow as tf

        variable = state if isinstance(state, tf.Variable) else value
        if isinstance(variable, tf.Variable):
            return _key_of(_read_and_skip(variable, 1))
    if devices.runs_python(value):
        words = devices.host_array(value)
        # In the memory of the CPU: the program would have to wait for an accelerator.
        key = devices.host_tensor(np.array([words[2], count_of(words)]) & 0xFFFFFFFF)
        state.assign(devices.host_tensor(words_of(count_of(words) + 1, words[2], "int64")))
        return key
    key, advanced = devices.one_program(_advanced)(value)
    if (
        backend.runs_on("jax")
        and backend.is_eager(value)
        and not backend.is_eager(advanced)
        and not backend.in_stateless_scope()
    ):
        raise ValueError(
            "A keras_segaug layer was called inside `jax.jit` without its state, so that every run "
            "of the compiled function would draw the same. Call `layer.augment(data, key)` there "
            "with a key that is an argument of the function, or `layer.stateless_call`."
        )
    state.assign(advanced)
    return key


def _advanced(state):
    """(key, next state)"""
    low = state[0] + ops.cast(STEP, state.dtype)
    carry = ops.cast(low < state[0], state.dtype)
    # The key first: torch assigns in place, and `state` is not a copy.
    return _key_of(state), ops.stack([low, state[1] + carry, state[2]])


def _key_of(state):
    # Operators, not `ops`: under JAX Keras treats 64-bit integers as 32-bit ones.
    calls = state[0] // STEP + state[1] * (1 << 24)
    return ops.stack([ops.cast(state[2], "uint32"), ops.cast(calls, "uint32")])


def count_of(words):
    """How many calls a state of three words has counted."""
    return int(words[0]) // STEP + (int(words[1]) << 24)


def words_of(count, seed, dtype):
    """The state after so many calls: the low word overflows into the high one at 32 bits."""
    return np.array([count * STEP & 0xFFFFFFFF, count >> 24, seed], dtype)
