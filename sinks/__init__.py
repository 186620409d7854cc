"""The log to stores: ClickHouse tables and images in the object store."""
