"""Gradients through programs that TensorFlow compiles."""

import keras

from keras_segaug.core import backend


def differentiable(program, plain):
    """A TensorFlow function that computes `program`, with the gradient of `plain`.

    TensorFlow has no gradient for what makes a program fast on a CPU: its compiled loops, and
    the slices that only XLA knows. `plain` computes the same without these; it is only traced
    where a gradient is asked for.
    """
    import tensorflow as tf

    def function(tensors, *rest, **moving):
        leaves = keras.tree.flatten(tensors)
        places = [i for i, leaf in enumerate(leaves) if leaf.dtype.is_floating]
        structure = None

        def of_floats(compute, floats):
            found = dict(enumerate(leaves)) | dict(zip(places, floats, strict=True))
            return compute(
                keras.tree.pack_sequence_as(tensors, list(found.values())), *rest, **moving
            )

        @tf.custom_gradient
        def run(*floats):
            nonlocal structure
            structure = of_floats(program, floats)

            def backward(*upstream, variables=()):
                # `variables` are those of a Keras layer that the program calls.
                sources = [*floats, *variables]
                # The call is over, and with it the context that said whose tensors these are.
                with backend.ops_of(floats[0]), tf.GradientTape() as tape:
                    tape.watch(sources)
                    results = keras.tree.flatten(of_floats(plain, floats))
                pairs = [pair for pair in zip(results, upstream, strict=True) if _flows(*pair)]
                targets, weights = zip(*pairs, strict=True) if pairs else ((), ())
                found = tape.gradient(list(targets), sources, list(weights), "zero")
                own, of_variables = found[: len(floats)], found[len(floats) :]
                return (own, of_variables) if variables else own

            return keras.tree.flatten(structure), backward

        if not places:
            return program(tensors, *rest, **moving)
        results = run(*[leaves[place] for place in places])
        return keras.tree.pack_sequence_as(structure, results)

    return function


def _flows(result, weight):
    """Does a gradient flow back from this result of a function?"""
    return result.dtype.is_floating and weight is not None
