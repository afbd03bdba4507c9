"""The file that knows TensorFlow, JAX, torch and private Keras.

What torch does with operations of its own is in `torch_backend`, what stays on the host of an
accelerator in `devices`. Everything else is written with `ops`. That is `keras.ops`, with one
exception: inside `dataset.map` tensors are TensorFlow's, whatever the Keras backend is, and then
`ops` is Keras' TensorFlow implementation of the same functions (`tensorflow_ops`). The type of the
tensors decides which of the two it is.
"""

import contextlib
import contextvars
import importlib
import math
import sys

import keras
import numpy as np

_in_foreign_graph = contextvars.ContextVar("keras_segaug_in_foreign_graph", default=False)
# Is the program that is being traced compiled for a CPU? None while no program is traced.
_compiling_for_cpu = contextvars.ContextVar("keras_segaug_compiling_for_cpu", default=None)
# Read by TensorFlow's AutoGraph: an object that has this attribute is traced as it is. The code
# here has no Python control flow over tensors, so rewriting its source would only cost time.
AUTOGRAPH_MARK = "autograph_info__"


def no_torch_compile(function):
    """Keeps `torch.compile` (Keras' `jit_compile=True` on torch) from tracing a function.

    It specializes on Python numbers, so it would compile again for every draw.
    """
    return torch_backend().not_compiled(function) if runs_on("torch") else function


def name():
    """The backend in use for the tensors at hand."""
    return "tensorflow" if _in_foreign_graph.get() else keras.backend.backend()


def torch_backend():
    """The module of what torch does with operations of its own."""
    return importlib.import_module("keras_segaug.core.torch_backend")


def is_foreign(tensor):
    """Is this a TensorFlow graph tensor while Keras runs on another backend?"""
    tensorflow = sys.modules.get("tensorflow")
    return (
        keras.backend.backend() != "tensorflow"
        and tensorflow is not None
        and isinstance(tensor, tensorflow.Tensor)
        and not tensorflow.executing_eagerly()
    )


@contextlib.contextmanager
def ops_of(tensor):
    """Within this context `ops` fits the tensor."""
    token = _in_foreign_graph.set(_in_foreign_graph.get() or is_foreign(tensor))
    try:
        yield
    finally:
        _in_foreign_graph.reset(token)


def tensorflow_ops(function):
    """Keras' TensorFlow implementation of `keras.ops.<function>`: private Keras, hence here."""
    package = importlib.import_module("keras.src.backend.tensorflow")
    if function == "where":
        # Keras' own turns uint64 masks into uint32 and, where it runs on JAX, int64 into int32.
        return package.core.tf.where
    for home in (package, package.core, package.numpy, package.math, package.nn):
        if hasattr(home, function):
            return getattr(home, function)
    raise AttributeError(f"keras.src.backend.tensorflow has no function {function!r}.")


class _Ops:
    """`keras.ops`, or Keras' TensorFlow functions inside a foreign graph."""

    def __getattr__(self, function):
        if _in_foreign_graph.get() or (function == "where" and runs_on("tensorflow")):
            return tensorflow_ops(function)
        if function == "clip" and runs_on("torch"):
            return torch_backend().clip
        return getattr(keras.ops, function)


ops = _Ops()


def gather_rows(table, indices):
    """Rows of a table (N, C) at indices (...) that are all valid: (..., C)."""
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.gather(table, indices)
    if backend == "jax":
        return table.at[indices].get(mode="promise_in_bounds")
    return torch_backend().gather_rows(table, indices)


def highest(values, **axes):
    """The maximum, also for batches without samples, for which TensorFlow's own raises."""
    if name() == "tensorflow":
        return ops.max(values, initial=-math.inf, **axes)
    return ops.amax(values, **axes)


def window_of(tensor, start, shape):
    """A window of a tensor at a traced start. (`ops.slice` would compile for every start.)"""
    if name() == "tensorflow":
        from tensorflow.compiler.tf2xla.ops import gen_xla_ops

        return gen_xla_ops.xla_dynamic_slice(tensor, ops.stack(start), shape)
    return importlib.import_module("jax").lax.dynamic_slice(tensor, start, shape)


def repeated_last(tensor, more):
    """An eager batch with its last sample repeated `more` times."""
    if _is_jax_on_cpu():
        # JAX would compile a program for each of its own operations and shapes.
        values = np.asarray(tensor)
        return np.concatenate([values, np.repeat(values[-1:], more, axis=0)])
    last = ops.broadcast_to(tensor[-1:], (more, *tensor.shape[1:]))
    return ops.concatenate([tensor, last], axis=0)


def first(tensor, count):
    """The first `count` samples of an eager batch."""
    if _is_jax_on_cpu():
        return put(np.asarray(tensor)[:count])
    return tensor[:count]


def put(array):
    """Puts an array where the backend keeps tensors. (`jnp.asarray` compiles for every shape.)"""
    if keras.backend.backend() == "jax" and isinstance(array, np.ndarray):
        return importlib.import_module("jax").device_put(array, may_alias=False)
    return array


def _is_jax_on_cpu():
    if keras.backend.backend() != "jax":
        return False
    return importlib.import_module("jax").default_backend() == "cpu"


def parts_of(words, dtype):
    """Int32 words split up, lowest bits first: (..., 4) for "uint8", (..., 2) for "int16"."""
    parts = bitcast(words, dtype)
    if name() != "torch":
        return parts
    return ops.reshape(parts, (*words.shape, {"uint8": 4, "int16": 2}[dtype]))


def bitcast(tensor, dtype):
    """The same bits as another dtype. (`ops.view` wants known shapes.)"""
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.bitcast(tensor, dtype)
    if backend == "jax":
        import jax

        return jax.lax.bitcast_convert_type(tensor, dtype)
    return ops.view(tensor, dtype=dtype)


def compiling_for_cpu():
    """Is this being compiled for a CPU? There one image at a time fits into the cache."""
    return bool(_compiling_for_cpu.get())


def is_compiling():
    """Is this a trace for a program of this package?"""
    return _compiling_for_cpu.get() is not None


@contextlib.contextmanager
def compiling(for_cpu):
    """Within this context a program is traced that will be compiled, for a CPU or not."""
    token = _compiling_for_cpu.set(for_cpu)
    try:
        yield
    finally:
        _compiling_for_cpu.reset(token)


def is_for_cpu():
    """Does what is compiled now run on a CPU?"""
    if name() == "tensorflow":
        import tensorflow as tf

        # `tf.data` runs on the CPU; elsewhere a visible GPU is what computes.
        return _in_foreign_graph.get() or not tf.config.list_physical_devices("GPU")
    return importlib.import_module("jax").default_backend() == "cpu"


def outside_graphs():
    """Within this context variables are made outside of graphs and of torch's inference mode."""
    if runs_on("torch"):
        return importlib.import_module("torch").inference_mode(False)
    if not runs_on("tensorflow"):
        return contextlib.nullcontext()
    import tensorflow as tf

    return tf.init_scope()


def is_eager(tensor):
    """Can the tensor's values be read now?"""
    if isinstance(tensor, keras.KerasTensor) or is_foreign(tensor):
        return False
    if type(tensor).__module__.partition(".")[0] == "numpy":
        return True
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.executing_eagerly()
    if keras.backend.backend() == "jax":
        import jax

        return not isinstance(tensor, jax.core.Tracer)
    return not is_compiling()


def irregular(tensor):
    """ "ragged" or "sparse" for a tensor that is not a dense block of numbers, else None."""
    kind = type(tensor).__name__
    for form in ("ragged", "sparse"):
        named = kind in ("RaggedTensor", "SparseTensor") and kind.lower().startswith(form)
        # Keras' tensors have `ragged` and `sparse`, torch's have `is_sparse`.
        if named or True in (getattr(tensor, form, None), getattr(tensor, f"is_{form}", None)):
            return form
    return None


def called_by_a_network():
    """Is this call part of a model with weights, and was `training` left open?

    Keras then takes each layer's own default, which for augmentation is to train, so `model(x)`
    and a model exported by `model.export` would augment what they are to predict.
    A model without weights, made of augmentation alone, keeps that default: it is what
    people call in `dataset.map`.
    """
    context = global_state().get_global_attribute("current_call_ctx")
    said = context is not None and context.get_value("training") is not None
    return not said and is_in_a_network()


def is_in_a_network():
    """Is a model with weights being called, of which this call is a part?"""
    context = global_state().get_global_attribute("current_call_ctx")
    model = context.entry_layer if context is not None else None
    return isinstance(model, keras.Model) and any("float" in str(v.dtype) for v in model.weights)


def global_state():
    """Where Keras keeps the call under way: private Keras, hence here."""
    return importlib.import_module("keras.src.backend.common.global_state")


# --- What Keras runs on -----------------------------------------------------------------------


def runs_on(backend):
    """Is this the backend of Keras itself, whatever the tensors at hand are?"""
    return keras.backend.backend() == backend


def batch_shards():
    """How many devices Keras' `distribution` splits a batch among; 1 without a distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def is_functional(variable):
    """Does the variable belong to a call without side effects, such as JAX' training step?"""
    return in_stateless_scope() or not is_eager(variable.value)


def in_stateless_scope():
    """Do assignments to variables go into a stateless scope now? (Private Keras, hence here.)"""
    return importlib.import_module("keras.src.backend.common.stateless_scope").in_stateless_scope()


def cuts_to_32_bits():
    """Does this backend turn 64-bit numbers into 32-bit ones? JAX does, unless told otherwise."""
    return runs_on("jax") and not importlib.import_module("jax").config.jax_enable_x64


def to_numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))
