"""DICOM: C-ECHO and C-STORE, from images to the object store and events."""
