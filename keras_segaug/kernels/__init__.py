"""Pure functions on batched, channels-last tensors: no classes of layers, no randomness."""
