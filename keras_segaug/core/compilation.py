"""Compiled programs of what layers do, and how few of them serve all batches."""

import functools
import importlib
from typing import Any

import keras

from keras_segaug.core import backend, devices, shards_backend, stablehlo_backend
from keras_segaug.core.backend import ops
from keras_segaug.core.gradients import differentiable

# How many sizes of images one layer compiles for with `jit_compile="auto"`.
_MOST_SIZES = 3
# Batches are padded to 8 or 64 samples, or to 4, 16 or 64 where 64 samples have more pixels.
_MOST_PIXELS = 1 << 24
# A size that comes back this often earns a program of its own: by then the work on padding has
# taken about as long as compiling takes.
_COMES_BACK = 32


class Compiled:
    """What a layer does, as a function of (tensors, key), compiled where that pays off.

    XLA makes one program of all of it, `torch.compile` only of applying: drawing is a hundred
    steps of a few numbers each, which it would repeat for every pixel.

    Args:
        draw: takes a nest of tensors and a key or None; returns what is drawn, another nest.
        function: takes both nests; returns a third.
        jit_compile: True, False, or "auto": wherever height and width are known. When they
            keep changing from one eager call to the next, TensorFlow runs further sizes in one
            uncompiled graph for each rank: compiling takes longer than dozens of runs. (A traced
            function, such as that of `dataset.map`, keeps its sizes. JAX compiles for every
            shape anyway, and running op by op takes longer. torch compiles on CUDA, and runs
            sizes that keep changing uncompiled.)
        counts: does `draw` look at how many samples of a batch are real, not counting those that
            only pad it?
        crosses: a function: in a batch that is split among several devices, does the result of a
            sample depend on samples on other devices? Where it does not, each device runs its own
            samples alone. None: it does.

    An eager batch is padded to a size there is a program for: no sample's result depends on the
    samples that pad it.
    """

    def __init__(self, draw, function, jit_compile, counts=False, crosses=None):
        self._draw = draw
        self._apply = function
        self._counts = counts
        self._crosses = crosses
        self._jit_compile = jit_compile
        self._programs = {}
        self._sizes = set()
        self._batches = {}

    def __call__(self, tensors, key, size, moving=None):
        """Runs it.

        Args:
            tensors: a nest of them.
            key: words, or None.
            size: the images' (height, width); None where it is not known.
            moving: a dict of further tensors, none of which has an axis of samples: values that
                change without a new program.
        """
        more = {"moving": moving} if moving else {}
        shards = self._shards_of(tensors)
        if not self.compiles(size, tensors):
            if shards is None or backend.is_eager(tensors["images"]):
                run: Any = functools.partial(self._function, **more)
                # Not every operation of JAX and torch takes a batch without samples.
                empty = isinstance(tensors, dict) and _count(tensors) == 0
                return _with_more(run, tensors, key, 0, 1) if empty else run(tensors, key)
            return shards_backend.each_by_itself(self._function, shards)(tensors, key, **more)
        if shards is not None:
            return self._program(tensors, key, shards=shards)(tensors, key, **more)
        if not isinstance(tensors, dict):
            return self._program(tensors, key)(tensors, key, **more)
        # A count that is not a number is a symbol of TensorFlow or JAX, for any number of samples.
        if isinstance(_count(tensors), int) and _count(tensors) == 0:
            return _with_more(lambda x, keys: self._run(x, keys, size, more), tensors, key, 0, 1)
        return self._run(tensors, key, size, more)

    def _function(self, tensors, key, real=None, moving=None):
        return self._apply(tensors, self._draw(tensors, key, real, moving))

    def _run(self, tensors, key, size, moving):
        if not backend.is_eager(tensors["images"]):
            return self._run_in_a_graph(tensors, key, moving)
        if self._keeps_changing(size):
            return self._program(tensors, key, relaxed=True)(tensors, key, **moving)
        padded = count = tensors["images"].shape[0]
        if len(tensors["images"].shape) == 4:
            shapes = _signature(tensors, key, after=1)
            if shapes not in self._batches:
                self._batches[shapes] = _Batches(size[0] * size[1])
            padded = self._batches[shapes].fitting(count)
        if padded == count:
            return self._program(tensors, key)(tensors, key, **moving)
        more = keras.tree.map_structure(lambda x: _padded(x, padded), tensors)
        keys = _padded(key, padded) if key is not None and len(key.shape) == 2 else key
        # A tensor: a Python number would become part of the program.
        with devices.kept_on_host():
            real = [ops.convert_to_tensor(count, dtype="int32")] if self._counts else []
        results = self._program(more, keys, len(real))(more, keys, *real, **moving)
        return keras.tree.map_structure(lambda x: backend.first(x, count), results)

    def _run_in_a_graph(self, tensors, key, moving):
        given = tensors, key, moving
        if backend.name() != "tensorflow" or not stablehlo_backend.is_wanted(given):
            return self._program(tensors, key)(tensors, key, **moving)
        kind = repr(keras.tree.map_structure(lambda x: (x.dtype, x.shape), given))
        if ("one node", kind) not in self._programs:
            fast, plain = map(self._by_place, (backend.is_for_cpu(), False))
            node = stablehlo_backend.one_node(fast, given)
            self._programs["one node", kind] = node and differentiable(node, plain)
        program = self._programs["one node", kind]
        if program is None:
            return self._program(tensors, key)(tensors, key, **moving)
        return program(*given)

    def _by_place(self, for_cpu):
        function = self._traced(for_cpu)
        return lambda tensors, key, moving: function(tensors, key, **moving)

    def _shards_of(self, tensors):
        if self._crosses is None or self._crosses():
            return None
        return shards_backend.of(tensors, self._counts)

    def compiles(self, size, tensors):
        """Is a call on images of this (height, width) compiled?"""
        if not self._jit_compile:
            return False
        if backend.name() == "torch":
            images = ops.convert_to_tensor(tensors["images"][:0])
            return _torch_program().compiles(self._jit_compile, images)
        return self._jit_compile is True or None not in size

    def _keeps_changing(self, size):
        if self._jit_compile != "auto" or backend.name() == "jax":
            return False
        self._sizes.add(tuple(size))
        return len(self._sizes) > _MOST_SIZES

    def _program(self, tensors, key, more=0, relaxed=False, shards=None) -> Any:
        """The program for such tensors. TensorFlow warns if one function is traced often."""
        name = backend.name()
        # Partners depend on Keras' distribution, even in a batch that is not split.
        kind: Any = more, relaxed, shards, backend.batch_shards() if self._counts else 1
        if name == "tensorflow":
            kind = more, relaxed, _signature(tensors, key, after=None if relaxed else 0)
        if (name, kind) not in self._programs:
            self._programs[name, kind] = self._compile(name, relaxed, shards)
        return self._programs[name, kind]

    def _compile(self, name, relaxed, shards):
        if name == "tensorflow":
            import tensorflow as tf

            function, options = self._function, {"reduce_retracing": True}
            if not relaxed:
                function = differentiable(self._traced(backend.is_for_cpu()), self._traced(False))
                options = {"jit_compile": True}
            program = tf.function(function, autograph=False, **options)
            # TensorFlow mistakes the programs of many layers for one that is traced repeatedly.
            program._omit_frequent_tracing_warning = True
            return program
        if name == "torch":
            if relaxed:
                return self._function
            must = self._jit_compile is True
            return _torch_program().Program(self._draw, self._apply, must)
        program = importlib.import_module("keras_segaug.core.jax_program").Program
        owner = getattr(self._apply, "__self__", None)
        return program(self._traced(backend.is_for_cpu(), shards), self._function, owner)

    def _traced(self, for_cpu, shards=None):
        def function(tensors, *rest, **moving):
            run: Any = functools.partial(self._function, **moving)
            with backend.compiling(for_cpu):
                if shards is not None:
                    return shards_backend.each_by_itself(run, shards)(tensors, *rest)
                if not isinstance(tensors, dict) or _count(tensors) is not None:
                    return run(tensors, *rest)
                # TensorFlow does not know the size of a batch while it traces; XLA, which compiles
                # for every size anew, does. These steps vanish where there are samples.
                count = ops.shape(tensors["images"])[0]
                missing = ops.maximum(1 - count, 0)
                return _with_more(run, tensors, rest[0], count, missing)

        return function


def _torch_program():
    return importlib.import_module("keras_segaug.core.torch_program")


def _count(tensors):
    """The number of samples; None where it is not known."""
    images = tensors["images"]
    return images.shape[0] if len(images.shape) == 4 else 1


def _with_more(run, tensors, key, count, missing):
    """The result for `count` samples, from a run with `missing` more that are all 0.

    Not every kernel compiles for a batch without samples.
    """

    def more(tensor):
        zeros = ops.zeros((missing, *ops.shape(tensor)[1:]), tensor.dtype)
        return ops.concatenate([tensor, zeros], axis=0)

    keys = more(key) if key is not None and len(key.shape) == 2 else key
    results = run(keras.tree.map_structure(more, tensors), keys)
    return keras.tree.map_structure(lambda x: x[:count], results)


class _Batches:
    """The batch sizes that there are programs for.

    Args:
        pixels: how many an image has.
    """

    def __init__(self, pixels):
        self._factor = 8 if 64 * pixels <= _MOST_PIXELS else 4
        self._sizes = []
        self._seen = {}

    def fitting(self, count):
        """The size to pad a batch to: at most four sizes serve all from 1 to 64, in any order.

        The first size is taken as it is: often the only other one is the rest of the data.
        """
        self._seen[count] = self._seen.get(count, 0) + 1
        factor = self._factor if count <= 64 else 2
        large_enough = [n for n in self._sizes if count <= n <= factor * count]
        if large_enough and (count in self._sizes or self._seen[count] < _COMES_BACK):
            return min(large_enough)
        size = count
        if self._sizes and self._seen[count] < _COMES_BACK:
            size = factor
            while size < count:
                size *= factor
        self._sizes.append(size)
        return size


def _signature(tensors, key, after):
    """What a program depends on: dtypes, and shapes from axis `after` on; None: only ranks."""
    leaves = [*keras.tree.flatten(tensors), *([] if key is None else [key])]
    shapes = [len(x.shape) if after is None else (len(x.shape), *x.shape[after:]) for x in leaves]
    dtypes = [str(x.dtype) for x in leaves]
    return tuple(shapes), tuple(dtypes), key is None


def _padded(tensor, count):
    """Padded with copies of its last sample, whose values every function accepts."""
    return backend.repeated_last(tensor, count - tensor.shape[0])
