"""The part of `backend.py` that trains: Keras' train steps, which differ by backend.

As there: whatever knows a backend or private Keras stands here, and nowhere else.
"""

import importlib

import keras

# Called by `fit`, `evaluate` and their kin before the first step, where they are to know what the
# model gives (JAX, torch, and TensorFlow with a strategy): private Keras.
BUILD_HOOK = "_symbolic_build"


def after(prepare, model, step, arguments):
    """Runs a train step of Keras on what `prepare` makes of its data.

    Args:
        prepare: from the data of a step to data.
        model: whose step it is.
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
    # What `prepare` has assigned, such as where a random stream stands, is carried on.
    others = [scope.get_current_value(each) for each in model.non_trainable_variables]
    return step((trainable, others, *rest), data)


def output_spec(function, *arguments, **options):
    """What a layer, a model or a function gives, as `keras.KerasTensor`s; nothing is computed."""
    compute = importlib.import_module("keras.src.backend").compute_output_spec
    return compute(function, *arguments, **options)


def first_batch(iterator):
    """The batch that Keras' hook would look at, of the iterator that it is given."""
    for _, _, data in iterator:
        return data[0] if isinstance(data, (list, tuple)) else next(data)
    return None
