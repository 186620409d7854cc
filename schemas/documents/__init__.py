"""What others read about the events, written from the contracts: `python -m schemas.documents [--check]`."""
