"""Messages of one kind read all at once: Avro bytes to columns, without an object for each message."""
