"""YAML of the AsyncAPI document: a field of Avro on a line, what recurs said once and referred to."""

from __future__ import annotations

from typing import Any

import yaml

WIDTH = 110


class Flow(dict[str, Any]):
    """A mapping that is written in one line, where it fits."""


class _Dumper(yaml.SafeDumper):
    """Names the anchor of a record after the record."""

    def generate_anchor(self, node: yaml.Node) -> str:
        """The Avro name of what is referred to."""
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        names = [str(value.value) for key, value in pairs if key.value == "name"]
        return names[0] if names else str(super().generate_anchor(node))


def _flow(dumper: _Dumper, value: Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)


_Dumper.add_representer(Flow, _flow)


def as_yaml(value: Any) -> str:
    """`value` as YAML, mappings in their own order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True, default_flow_style=False
    )
    return text
