"""The catalogue of images, made from the log."""
