"""`radstream image get` away from a stack: what it says, and which keys it takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runtime.cli.main import build_app
from runtime.images import ImageUnavailable, instance_of

RUNNER = CliRunner()


def test_without_a_stack_it_says_how_to_start_one_and_writes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "image.dcm"
    asked = ["image", "get", "1.2.3", "-o", str(target), "--data", str(tmp_path), "--json"]
    answer = RUNNER.invoke(build_app("image"), asked)
    assert answer.exit_code == 1
    assert "radstream up" in json.loads(answer.stdout)["error"]
    assert not target.exists()


def test_an_objects_key_names_its_instance() -> None:
    assert instance_of("studies/1.1/1.2/1.3.dcm") == "1.3"
    assert instance_of("quarantine/1.1/1.2/1.3/00ff.dcm") == "1.3"


@pytest.mark.parametrize(
    "key", ["studies/1.1", "other/1/2/3.dcm", "/studies/1/2/3.dcm", "studies/1/2/3/4.dcm"]
)
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(ImageUnavailable):
        instance_of(key)
