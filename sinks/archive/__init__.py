"""The log in the object store: every message, chained, under signed Merkle roots. docs/audit.md says what it
proves.
"""
