"""The log to ClickHouse: Kafka topics to tables, in batches, offsets committed after the insert."""
