"""From files and datasets to images and masks."""
