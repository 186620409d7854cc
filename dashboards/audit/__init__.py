"""Who saw what: the audit topic, asked."""
