"""What may be said: Avro contracts, event classes, topics, codec, registry client, PHI envelope."""
