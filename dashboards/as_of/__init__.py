"""The department as it was at an instant: what was true then, or what we knew then."""
