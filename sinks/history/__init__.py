"""The log from its first message to its last: what is archived from the archive, the rest from Kafka."""
