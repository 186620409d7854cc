"""Instance Availability Notification (DICOM PS3.4 annex R)."""
