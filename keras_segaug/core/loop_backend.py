"""Like `backend.py`, for loops over windows, and conditionals: what differs between backends."""

import contextlib
import importlib

from keras_segaug.core import backend
from keras_segaug.core.backend import ops


def repeated(count, step, state):
    """The state after `state = step(i, state)` for i in 0 .. count - 1, one after the other.

    In a traced program it is a loop of that program, which holds the memory of only one step.

    Args:
        count: an integer, on TensorFlow also a scalar tensor.
        step: takes the number and a list of tensors; returns tensors of the same shapes.
        state: a list of tensors.
    """
    if backend.runs_on("torch"):
        # Otherwise what a gradient needs of every step would be kept.
        with importlib.import_module("torch").no_grad():
            return _in_python(count, step, state)
    if isinstance(count, int) and backend.is_eager(state[0]):
        return _in_python(count, step, state)
    if backend.runs_on("jax"):
        lax = importlib.import_module("jax").lax
        return lax.fori_loop(0, count, lambda i, found: list(step(i, found)), list(state))
    import tensorflow as tf

    def body(number, *found):
        return (number + 1, *step(number, list(found)))

    # Several steps in parallel would each hold their own memory.
    _, *state = tf.while_loop(
        lambda number, *_: number < count, body, (tf.constant(0), *state), parallel_iterations=1
    )
    return state


def _in_python(count, step, state):
    for number in range(count):
        state = list(step(number, state))
    return state


def cut(tensor, corner, size):
    """The window of this size of a tensor (B, H, W, C) at a corner (y, x), which may be traced.

    The window lies inside of the tensor.
    """
    (y, x), (height, width) = corner, size
    if backend.runs_on("torch"):
        return tensor[:, y : y + height, x : x + width]
    # A batch whose size TensorFlow does not know is cut as a whole.
    shape = (ops.shape(tensor)[0], height, width, tensor.shape[-1])
    found = backend.window_of(tensor, (0, y, x, 0), shape)
    if backend.runs_on("tensorflow"):
        found.set_shape((tensor.shape[0], height, width, tensor.shape[-1]))
    return found


def put(tensor, window, corner):
    """The tensor (B, H, W, C) with a window of it replaced; the tensor itself may be written to."""
    y, x = corner
    if backend.runs_on("torch"):
        height, width = window.shape[1:3]
        tensor[:, y : y + height, x : x + width] = window
        return tensor
    if backend.runs_on("jax"):
        update = importlib.import_module("jax").lax.dynamic_update_slice
        return update(tensor, window, (0, y, x, 0))
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    return gen_xla_ops.xla_dynamic_update_slice(tensor, window, ops.stack((0, y, x, 0)))


@contextlib.contextmanager
def after(tensors):
    """Within this context, what is made from `passed_on` tensors waits for these.

    TensorFlow's graphs run independent operations at once. XLA orders what it compiles
    by the memory it takes, and torch runs line by line.
    """
    if not backend.runs_on("tensorflow"):
        yield
        return
    import tensorflow as tf

    with tf.control_dependencies([each for each in tensors if not tf.executing_eagerly()]):
        yield


def passed_on(tensor):
    """The tensor as an operation of its own."""
    if not backend.runs_on("tensorflow"):
        return tensor
    import tensorflow as tf

    return tf.identity(tensor)


def untraceable(tensor):
    """The tensor, whose origin TensorFlow does not trace back when it prepares a conditional.

    It asks whether what a branch gets is constant, and works through all that made it: with five
    conditionals in a row in a loop a trace took 18 seconds, with this 1.
    """
    if backend.name() != "tensorflow":
        return tensor
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    return gen_xla_ops.xla_optimization_barrier([tensor])[0]
