"""The part of `backend.py` that trains: Keras' train steps, which differ by backend.

As there: everything that knows a backend or private Keras is here, and nowhere else.
"""

import contextlib
import importlib
import sys

import keras

from keras_segaug.core import backend

# Called by `fit`, `evaluate` and the like before the first step, where they need to know what the
# model returns (JAX, torch, and TensorFlow with a strategy): private Keras.
BUILD_HOOK = "_symbolic_build"


def after(prepare, model, step, arguments):
    """Runs a train step of Keras on what `prepare` makes of its data.

    Args:
        prepare: from the data of a step to data.
        model: the model whose step it is.
        step: Keras' own train step.
        arguments: those of the step: the data; on JAX the state, and the data.
    """
    if keras.backend.backend() != "jax":
        return step(prepare(*arguments))
    # JAX: (values of the trainable variables, of the others, of optimizer and metrics).
    (trainable, others, *rest), data = arguments
    variables = [*model.trainable_variables, *model.non_trainable_variables]
    values = [*trainable, *others]
    with keras.StatelessScope(list(zip(variables, values, strict=True))) as scope:
        data = prepare(data)
    # What `prepare` has assigned, such as the position of a random stream, is carried on.
    others = [scope.get_current_value(each) for each in model.non_trainable_variables]
    return step((trainable, others, *rest), data)


def output_spec(function, *arguments, **options):
    """What a layer, a model or a function returns, as `keras.KerasTensor`s; nothing is computed."""
    compute = importlib.import_module("keras.src.backend").compute_output_spec
    return compute(function, *arguments, **options)


def output_spec_in_a_step(model, images, count, **options):
    """As `output_spec` of a model, where JAX keeps the values of its variables in a scope.

    Args:
        model: a built model or layer.
        images: a `keras.KerasTensor`, or a structure of them.
        count: how many images there are.
        **options: of the model's call.
    """
    held = [(each, each.value) for each in model.variables]

    def inferred(images):
        # Assignments in here belong to this trace alone.
        with keras.StatelessScope(held):
            return model(images, **options)

    jax = importlib.import_module("jax")
    shapes = keras.tree.map_structure(
        lambda x: jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype), images
    )
    return jax.eval_shape(inferred, shapes)


def first_batch(iterator):
    """The batch that Keras' hook would look at, from the iterator that it gets."""
    for _, _, data in iterator:
        return data[0] if isinstance(data, (list, tuple)) else next(data)
    return None


@contextlib.contextmanager
def open_to_variables(layer):
    """Within this context a built layer may get variables, as Keras' own layers do for LoRA."""
    locked = layer._tracker.locked
    layer._tracker.unlock()
    try:
        yield
    finally:
        if locked:
            layer._lock_state()


def is_in_a_dataset():
    """Is this being traced for a dataset of `tf.data`?"""
    tensorflow = sys.modules.get("tensorflow")
    graph = None if tensorflow is None else tensorflow.compat.v1.get_default_graph()
    while graph is not None:
        if str(getattr(graph, "name", "")).startswith("Dataset_"):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def is_constant(variable):
    """Would a program that JAX traces now take the variable's value as a constant?"""
    functional = backend.in_stateless_scope() or not backend.is_eager(variable.value)
    return backend.runs_on("jax") and backend.name() == "jax" and not functional


def try_in_a_trace(function, value):
    """Runs a function of a tensor as programs do, which know shapes but no values."""
    if backend.runs_on("tensorflow"):
        import tensorflow as tf

        wanted = tf.TensorSpec(value.shape, value.dtype)
        tf.function(function, autograph=False).get_concrete_function(wanted)
    elif backend.runs_on("jax"):
        importlib.import_module("jax").eval_shape(function, value)
    else:
        function(backend.ops.convert_to_tensor(value))


def forget_program(model):
    """Makes a model that has trained trace its step again: its layers have another variable."""
    model.train_function = None
