"""The log to other application entities: studies forwarded by rule, priors sent ahead of an exam."""
