"""Looking at an augmentation: what it merges and compiles, what comes out, pictures."""
