"""Associations: who may have one, how its messages are read, what it is offered."""
