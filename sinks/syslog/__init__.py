"""Who saw what, to an audit repository: DICOM audit messages by syslog over TLS."""
