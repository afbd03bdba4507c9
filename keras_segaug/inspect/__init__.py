"""Looking at an augmentation: alignment, what it merges and compiles, images."""
