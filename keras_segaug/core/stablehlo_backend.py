"""Programs as StableHLO: one node each in a TensorFlow graph, instead of hundreds.

For every pass over a dataset TensorFlow copies, optimizes and instantiates everything that the
mapped function calls (decision 0028). This file has what avoids that in TensorFlow: the lowering,
which is public but experimental, and `XlaCallModule`, which is private. Where a version lacks
either, or has changed it, programs stay graphs and give the same results.
"""

import functools
import re
import warnings
from typing import Any

import keras

from keras_segaug.core import training_backend

# The op's conventions: the newest version known to all TensorFlows that lower to StableHLO.
_VERSION = 9


def is_wanted(given):
    """Should a program of these tensors be one node?

    Yes in a dataset where all sizes are known and where calls are counted: TensorFlow takes
    the node for a stateful one, and what counts calls is stateful anyway. A function without state
    is left so: its iterator can be saved in a checkpoint, and `tf.data` may run it several times
    at once.
    """
    import tensorflow as tf

    if not training_backend.is_in_a_dataset():
        return False
    operations = tf.compat.v1.get_default_graph().get_operations()
    if not any(each.type == "RngReadAndSkip" for each in operations):
        return False
    return all(x.shape.is_fully_defined() for x in keras.tree.flatten(given)) and _works()


def one_node(function, given):
    """A function of tensors like those given that computes `function`, compiled, in one node.

    Args:
        function: takes tensors; returns a nest of them.
        given: a tuple of nests of tensors.

    Returns:
        None where that fails: `function` uses more than its arguments, or XLA does not compile
        it, which TensorFlow reports when it runs.
    """
    import tensorflow as tf

    specs = [tf.TensorSpec(x.shape, x.dtype) for x in keras.tree.flatten(given)]
    structure = None

    def flat(*leaves):
        nonlocal structure
        structure = function(*keras.tree.pack_sequence_as(given, leaves))
        return keras.tree.flatten(structure)

    program = tf.function(flat, autograph=False, jit_compile=True)
    traced = program.get_concrete_function(*specs)
    if traced.captured_inputs or not all(map(tf.is_tensor, keras.tree.flatten(structure))):
        return None
    try:
        node = _node(_outlined(_lowered(program, specs, "stablehlo")), specs, traced.outputs)
    except Exception:
        return None
    return lambda *given: keras.tree.pack_sequence_as(structure, node(*keras.tree.flatten(given)))


def _lowered(program, specs, stage):
    """What XLA gets of a TensorFlow function, for a CPU, where datasets run."""
    # TensorFlow advises to name the platform, but then draws a random number to find the device,
    # which would change what is drawn after it. Its advice is silenced for good: filters belong to
    # the process, and resetting one here could undo those of other threads, or be undone by them.
    warnings.filterwarnings("ignore", message="device_name is being deprecated")
    generate = program.experimental_get_compiler_ir(*specs)
    return generate(stage=stage, device_name="/device:CPU:0")


def _outlined(module):
    """The module with its constants in functions of their own, which XLA inlines again.

    TensorFlow simplifies what it loads by rules that XLA lacks: `2 * x` becomes `x * 2`, XLA then
    multiplies its constants by those before, and the last bit of a float changes.
    """
    functions: list[str] = []

    def call(match):
        value, kind = match.groups()
        name = f"@constant_{len(functions)}"
        functions.append(
            f"func.func private {name}() -> {kind} {{\n"
            f"%0 = stablehlo.constant {value} : {kind}\nreturn %0 : {kind}\n}}\n"
        )
        return f"= func.call {name}() : () -> {kind}"

    body = re.sub(r"= stablehlo\.constant (.*) : (tensor<[^ ]*>)", call, module)
    beginning, brace, end = body.rpartition("}")
    return beginning + "".join(functions) + brace + end


def _node(module, specs, outputs):
    """A TensorFlow function of one node, which runs a module."""
    import tensorflow as tf
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    def call(*tensors):
        return gen_xla_ops.xla_call_module(
            tensors,
            version=_VERSION,
            module=module,
            Sout=[each.shape for each in outputs],
            Tout=[each.dtype for each in outputs],
            platforms=["CPU"],
            # A dataset on an accelerator runs what was lowered for a CPU.
            disabled_checks=["platform"],
        )

    function = tf.function(call, autograph=False, jit_compile=True)
    # If the module cannot be loaded, this raises here and not in the dataset.
    _lowered(function, specs, "hlo")
    return function.get_concrete_function(*specs)


@functools.cache
def _works() -> Any:
    """Does this version of TensorFlow run what it lowers? Tried once, with a tiny program."""
    import tensorflow as tf

    with tf.init_scope(), tf.device("CPU:0"):
        given = tf.constant([1, 2], "uint8")
        node = one_node(lambda x: [x + 1], (given,))
        try:
            return node is not None and node(given)[0].numpy().tolist() == [2, 3]
        except Exception:
            return False
