"""Looking at what an augmentation does: the alignment check."""
