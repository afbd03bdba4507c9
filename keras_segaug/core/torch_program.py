"""Compiled programs of torch, like those that `jax.jit` makes for JAX.

A function of tensors is run once for each set of shapes, while everything that reaches torch is
recorded as one graph (`make_fx`), of which `torch.compile` then makes few kernels. On its own
`torch.compile` reads Python code instead, and breaks that of layers, operations and batches into
dozens of graphs. See docs/decisions/0030-programs-of-torch.md.
"""

import contextlib
import copy
import threading
import warnings

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from keras_segaug import checks
from keras_segaug.core import backend, devices
from keras_segaug.core.backend import ops

_READS = (
    "A function of yours must be made of operations on tensors, which have no values in a trace "
    "that `if`, `float` or numpy could read (`keras.ops.where` chooses without)."
)
_NEEDS = "It needs Triton on CUDA, and a compiler of C++ on a CPU."

# Tracing and compiling change global state of torch.
_lock = threading.RLock()


def compiles(jit_compile, images):
    """Is a call on such images compiled? "auto" compiles on CUDA, where it gains the most.

    On a CPU compiling takes seconds, and needs a C++ compiler.
    """
    if not jit_compile or not devices.runs_python(images):
        return False
    return jit_compile is True or images.device.type == "cuda"


def kernels(graph):
    """The function of tensors that a graph stands for, compiled when it first runs."""
    return torch.compile(graph, fullgraph=True, dynamic=False)


class Program:
    """What a layer does: drawing runs as it is, applying is compiled.

    Args:
        draw: see `compilation.Compiled`.
        function: likewise, of a layer.
        must: raise where torch cannot compile? Otherwise it warns once and runs uncompiled.
    """

    def __init__(self, draw, function, must):
        self._draw = draw
        self._function = function
        self._must = must
        self._compiled = {}
        self._failed = False

    def __call__(self, tensors, key, real=None, moving=None):
        # A CPU is done with these few numbers before an accelerator has started. What a schedule
        # moves is where Keras keeps its variables.
        with contextlib.nullcontext() if moving else devices.kept_on_host():
            drawn = self._draw(tensors, key, real, moving)
        leaves = []
        device = ops.convert_to_tensor(tensors["images"]).device

        def put(leaf):
            leaves.append(ops.convert_to_tensor(leaf).to(device, non_blocking=True).contiguous())
            return leaves[-1]

        given = _map(put, (tensors, drawn))
        if self._failed or _is_trained(leaves):
            return self._function(*given)
        described = _map(lambda x: (tuple(x.shape), x.dtype), given)
        kind = str(described), device, torch.is_inference_mode_enabled()
        # One tensor in two roles would become one input of the program, even for later calls.
        apart = [x.detach() for x in leaves]
        if kind not in self._compiled:
            with _alone(device):
                compiled = self._compile(kind, given, apart)
            if not compiled:
                return self._function(*given)
        program, structure, held = self._compiled[kind]
        if _is_trained(held):
            return self._function(*given)
        with _alone(device):
            results = program(*apart)
        return _map(lambda x: results[x.number] if isinstance(x, _Place) else x, structure)

    def _compile(self, kind, given, leaves):
        """Compiles for such tensors; False where torch cannot."""
        with _lock:
            if kind in self._compiled:
                return True
            if not all(layer.built for layer in self._function.__self__._flatten_layers()):
                # A Keras layer inside draws its weights when it first runs: values, which a trace
                # does not have.
                self._function(*given)
            try:
                graph, structure = _traced(self._function, given, leaves)
            except (TypeError, ValueError):
                # The layer's own complaint about its input.
                raise
            except Exception as error:
                return self._report(error, _READS)
            try:
                program = kernels(graph)
                # Its first run compiles it.
                program(*leaves)
            except Exception as error:
                return self._report(error, _NEEDS)
            self._compiled[kind] = program, structure, list(graph.parameters())
        return True

    def _report(self, error, cure):
        """Reports that torch could not compile, and returns False."""
        owner = checks.name_of(self._function.__self__)
        while error.__cause__ is not None:
            error = error.__cause__
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        if self._must:
            raise ValueError(
                f"{owner}: `jit_compile` must not be True where `torch.compile` fails ({reason}). "
                f'{cure} With jit_compile="auto" the layer is compiled on CUDA where that works, '
                "with False never: the result is the same."
            ) from error
        self._failed = True
        warnings.warn(
            f"{owner}: `torch.compile` failed ({reason}), so that the layer runs step by step, "
            f"which takes several times as long. {cure} With jit_compile=False this is not said.",
            RuntimeWarning,
            stacklevel=2,
        )
        return False


def _is_trained(tensors):
    """Does a gradient flow into one of them? A compiled program has none."""
    return torch.is_grad_enabled() and any(x.requires_grad for x in tensors)


@contextlib.contextmanager
def _alone(device):
    """Within this context torch runs as written, without gradients or mixed precision."""
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        yield


def _traced(function, given, leaves):
    """(graph, structure): `function` as a function of tensors, and the structure of its result.

    The structure is the returned nest, with the place among the graph's results for each tensor.
    """
    structure = None

    def of_tensors(*tensors):
        nonlocal structure
        rest, results = iter(tensors), []

        def place(leaf):
            if not isinstance(leaf, torch.Tensor):
                return leaf
            results.append(leaf)
            return _Place(len(results) - 1)

        with backend.compiling(for_cpu=False):
            structure = _map(place, function(*_map(lambda _: next(rest), given)))
        return results

    # On fake tensors, which have no values and take no memory.
    trace = make_fx(of_tensors, tracing_mode="fake", _allow_non_fake_inputs=True)
    return trace(*leaves), structure


class _Place:
    """The place of a tensor among others."""

    def __init__(self, number):
        self.number = number


def _map(function, nest):
    """The nest with `function` of each leaf except None; every call has to wait for this."""
    if isinstance(nest, dict):
        mapped = {name: _map(function, each) for name, each in nest.items()}
        if type(nest) is dict:
            return mapped
        # Keeps the type, on which the order of the entries depends.
        like = copy.copy(nest)
        like.update(mapped)
        return like
    if isinstance(nest, (tuple, list)):
        # A named tuple cannot be made from a list.
        make = getattr(type(nest), "_make", type(nest))
        return make([_map(function, each) for each in nest])
    return None if nest is None else function(nest)
