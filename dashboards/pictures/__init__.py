"""Small pictures of images, for who looks at an exam."""
