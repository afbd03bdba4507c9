"""The one file that knows TensorFlow, JAX, torch and private Keras.

Everything else is written with `ops`, which is `keras.ops`, with one exception:
inside `dataset.map` TensorFlow's tensors arrive whatever the Keras backend is,
and then `ops` is Keras' TensorFlow implementation of the same functions
(`tensorflow_ops`). Which of the two is decided by the type of the tensors.
"""

import contextlib
import contextvars
import importlib
import os
import sys
import threading

import keras
import numpy as np

_in_foreign_graph = contextvars.ContextVar("keras_segaug_in_foreign_graph", default=False)
_compiling_for_cpu = contextvars.ContextVar("keras_segaug_compiling_for_cpu", default=False)
# Read by TensorFlow's AutoGraph: an object that has this attribute is traced as it is. The code
# here has no Python control flow over tensors, so rewriting its source would only cost time.
AUTOGRAPH_MARK = "autograph_info__"


def left_to_run(function):
    """Keeps `torch.compile` (Keras' `jit_compile=True` on torch) from tracing a function.

    It specialises on Python numbers, so that it would compile again for every draw.
    """
    if keras.backend.backend() != "torch":
        return function
    import torch

    return torch.compiler.disable(function)


def name():
    """The backend in use for the tensors at hand."""
    return "tensorflow" if _in_foreign_graph.get() else keras.backend.backend()


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
        # Keras' own would make uint64 masks uint32, and int64 masks int32 where it runs on JAX.
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
    return table[indices]


def window_of(tensor, start, shape):
    """A part of a tensor from a traced start on. (`ops.slice` would compile for every start.)"""
    if name() == "tensorflow":
        from tensorflow.compiler.tf2xla.ops import gen_xla_ops

        return gen_xla_ops.xla_dynamic_slice(tensor, ops.stack(start), shape)
    return importlib.import_module("jax").lax.dynamic_slice(tensor, start, shape)


def parts_of(words, dtype):
    """Int32 words cut up, the lowest bits first: (..., 4) for "uint8", (..., 2) for "int16"."""
    parts = _bitcast(words, dtype)
    return ops.reshape(parts, (*words.shape, -1)) if name() == "torch" else parts


def bits_of(numbers):
    """The bits of float32 numbers, as int32."""
    return _bitcast(numbers, "int32")


def _bitcast(tensor, dtype):
    """`ops.view` wants known shapes."""
    backend = name()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.bitcast(tensor, dtype)
    if backend == "jax":
        import jax

        return jax.lax.bitcast_convert_type(tensor, dtype)
    return ops.view(tensor, dtype=dtype)


def loops_pay():
    """Is this being compiled for a CPU? There one picture at a time stays in the cache."""
    return _compiling_for_cpu.get()


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
    return True


def called_by_a_network():
    """Is this call part of a model with weights, and nobody has said whether it trains?

    Keras then takes each layer's own default, which for augmentation is to train, so that
    `model(x)` and a model exported by `model.export` would augment what they are to predict.
    A model without weights, made of augmentation alone, keeps that default: it is what
    people call in `dataset.map`.
    """
    context = global_state().get_global_attribute("current_call_ctx")
    if context is None or context.get_value("training") is not None:
        return False
    model = context.entry_layer
    return isinstance(model, keras.Model) and any("float" in str(v.dtype) for v in model.weights)


def global_state():
    """Where Keras keeps the call under way: private Keras, hence here."""
    return importlib.import_module("keras.src.backend.common.global_state")


# --- Threads, processes, replicas ------------------------------------------------------------

_process: dict = {}


def _begin_process():
    """At the start, and in the child after a fork, which may have come while a thread held it."""
    _process.update(name=int.from_bytes(os.urandom(8), "little"), lock=threading.RLock())


_begin_process()
os.register_at_fork(after_in_child=_begin_process)


def process():
    """A number for this process that no other has, on any machine."""
    return _process["name"]


def lock():
    """One lock for all layers: held while they are built and where they count eagerly."""
    return _process["lock"]


def worker_seed():
    """The seed of this process where torch's `DataLoader` made it for loading data, else None."""
    data = sys.modules.get("torch.utils.data")
    worker = data and data.get_worker_info()
    return worker.seed if worker else None


def is_pickling():
    """Is Keras pickling a model? It then saves it as a file. (Private Keras, hence here.)"""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__reduce__" and code.co_filename.endswith("keras_saveable.py"):
            return True
        frame = frame.f_back
    return False


def runs_on(backend):
    """Is this the backend of Keras itself, whatever the tensors at hand are?"""
    return keras.backend.backend() == backend


def is_functional(variable):
    """Is the variable one of a call without side effects, such as JAX' training step?"""
    return in_stateless_scope() or not is_eager(variable.value)


def in_stateless_scope():
    """Do assignments to variables go into a scope now? (Private Keras, hence here.)"""
    return importlib.import_module("keras.src.backend.common.stateless_scope").in_stateless_scope()


def cuts_to_32_bits():
    """Does this backend make 32-bit numbers of 64-bit ones? JAX does, unless told otherwise."""
    return runs_on("jax") and not importlib.import_module("jax").config.jax_enable_x64


def to_numpy(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


# --- The state of a random stream ------------------------------------------------------------
#
# Three integers: 256 times the number of calls (low and high word), and the seed. That is the
# state TensorFlow's `RngReadAndSkip` works on, the one TensorFlow op that reads and advances in
# one atomic step, with and without XLA: `assign_add` in a parallel `dataset.map` hands the same
# number to two elements (seen for 24 of 20,000).

_STEP = 256


def state_dtype():
    # JAX has no 64-bit integers by default; there the low word overflows into the high one.
    return "uint32" if runs_on("jax") else "int64"


def initial_state(seed):
    return lambda shape, dtype=None: keras.ops.convert_to_tensor([0, 0, seed], dtype=dtype)


def tensorflow_variable(words):
    import tensorflow as tf

    with tf.init_scope(), tf.device("CPU:0"):
        return tf.Variable(words, dtype="int64")


def skip(variable, count):
    """Advances a `tf.Variable` by so many calls, atomically; returns the count before."""
    low, high, _ = _read_and_skip(variable, count).numpy().tolist()
    return low // _STEP + (high << 24)


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
    if name() == "tensorflow":
        import tensorflow as tf

        variable = state if isinstance(state, tf.Variable) else value
        if isinstance(variable, tf.Variable):
            return _key_of(_read_and_skip(variable, 1))
    low = value[0] + ops.cast(_STEP, value.dtype)
    carry = ops.cast(low < value[0], value.dtype)
    # Before the assignment: torch assigns in place, and `value` is no copy.
    key = _key_of(value)
    advanced = ops.stack([low, value[1] + carry, value[2]])
    if runs_on("jax") and is_eager(value) and not is_eager(advanced) and not in_stateless_scope():
        raise ValueError(
            "A keras_segaug layer was called inside `jax.jit` without its state, so that every run "
            "of the compiled function would draw the same. Call `layer.augment(data, key)` there "
            "with a key that is an argument of the function, or `layer.stateless_call`."
        )
    state.assign(advanced)
    return key


def _key_of(state):
    # Operators, not `ops`: under JAX Keras takes 64-bit integers for 32-bit ones.
    calls = state[0] // _STEP + state[1] * (1 << 24)
    return ops.stack([ops.cast(state[2], "uint32"), ops.cast(calls, "uint32")])


def replica():
    """The number of this replica of a `tf.distribute` strategy that has several, else None.

    Their variables are mirrored, so that all of them count alike.
    """
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not tensorflow.distribute.has_strategy():
        return None
    context = tensorflow.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return ops.cast(context.replica_id_in_sync_group, "uint32")


# --- Compilation -----------------------------------------------------------------------------

# Sizes of pictures that one layer compiles for, when it is left to decide.
_MOST_SIZES = 3


class Compiled:
    """A function of (tensors, key) that is compiled by XLA where that pays.

    Args:
        function: takes a nest of tensors and a key or None; returns a nest of tensors.
        jit_compile: True, False, or "auto": wherever height and width are known. When they
            keep changing from one eager call to the next, TensorFlow runs one uncompiled graph
            for the rest, a graph a rank: compiling takes longer than dozens of runs. (A traced
            function, such as that of `dataset.map`, stays with its sizes. JAX compiles for
            every shape anyway, and op by op that takes longer.)
    """

    def __init__(self, function, jit_compile):
        self._function = function
        self._jit_compile = jit_compile
        self._programs = {}
        self._sizes = set()

    def __call__(self, tensors, key, size):
        """`size`: the pictures' (height, width); None where it is not known."""
        if not self.compiles(size):
            return self._function(tensors, key)
        backend, automatic = name(), self._jit_compile == "auto"
        varying = automatic and backend == "tensorflow" and self._keeps_changing(tensors, size)
        ranks = varying and tuple(len(each.shape) for each in keras.tree.flatten(tensors))
        if (backend, ranks) not in self._programs:
            self._programs[backend, ranks] = self._compile(backend, varying)
        return self._programs[backend, ranks](tensors, key)

    def compiles(self, size):
        """Is a call on pictures of this (height, width) compiled?"""
        wanted = self._jit_compile is True or (self._jit_compile and None not in size)
        return name() != "torch" and wanted

    def _keeps_changing(self, tensors, size):
        if not is_eager(tensors["images"]):
            return False
        self._sizes.add(tuple(size))
        return len(self._sizes) > _MOST_SIZES

    def _compile(self, backend, varying):
        if backend == "tensorflow":
            import tensorflow as tf

            if varying:
                return tf.function(self._function, autograph=False, reduce_retracing=True)
            # `tf.data` runs on the CPU; elsewhere a visible GPU is what computes.
            cpu = _in_foreign_graph.get() or not tf.config.list_physical_devices("GPU")
            from keras_segaug.gradients import differentiable

            function = differentiable(self._traced(cpu), self._traced(False))
            return tf.function(function, jit_compile=True, autograph=False)
        jax = importlib.import_module("jax")
        return jax.jit(self._traced(jax.default_backend() == "cpu"))

    def _traced(self, cpu):
        def function(tensors, key):
            token = _compiling_for_cpu.set(cpu)
            try:
                return self._function(tensors, key)
            finally:
                _compiling_for_cpu.reset(token)

        return function
