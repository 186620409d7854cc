"""A small schema registry with Confluent's REST API, for one machine: Avro, persistent, one process."""

from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.errors import StartError
from runtime.local.registry.server import serve

__all__ = ["RegistryConfig", "StartError", "serve"]
