"""DICOM: C-ECHO, C-STORE from images to the object store and events, and the services beside them."""
