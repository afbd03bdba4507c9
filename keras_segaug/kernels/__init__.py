"""Pure functions on batched, channels-last tensors: no layer classes, no randomness."""
