"""The project's own files say what is true: compose, Makefile, documents."""

from __future__ import annotations

import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.cli.main import VERBS
from runtime.roles import ROLES
from runtime.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PIPELINE = {name: service for name, service in SERVICES.items() if "radstream" in service["image"]}
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def test_compose_has_every_process_of_the_pipeline_and_the_four_services_under_it() -> None:
    roles = {"hl7", "dicom", "dicom-archive", "fold", "reconciler", "alerts", "clickhouse-sink", "dashboard"}
    roles |= {"archive", "hl7-out", "dicom-out", "webhook", "audit-syslog"}
    assert set(PIPELINE) == roles | {"init", "simulator"}
    assert set(SERVICES) - set(PIPELINE) == {
        "kafka",
        "registry",
        "clickhouse",
        "minio",
        "analyst",
        "grafana",
    }


@pytest.mark.parametrize("name", PIPELINE)
def test_a_service_of_the_pipeline_runs_a_verb_that_the_cli_has(name: str) -> None:
    verb, *arguments = PIPELINE[name]["command"]
    assert verb in VERBS
    if verb == "run":
        assert arguments[0] in ROLES


@pytest.mark.parametrize("name", PIPELINE)
def test_a_service_is_given_only_settings_that_there_are(name: str) -> None:
    known = {f"RADSTREAM_{field.upper()}" for field in Settings.model_fields}
    assert set(PIPELINE[name]["environment"]) <= known


def test_the_environment_file_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "deploy/compose.yaml").read_text("utf-8")))
    offered = set(re.findall(r"^(\w+)=", (ROOT / "deploy/.env.example").read_text("utf-8"), re.MULTILINE))
    assert asked == offered


def test_no_secret_has_a_value_in_a_committed_file() -> None:
    example = (ROOT / "deploy/.env.example").read_text("utf-8")
    assert not re.findall(r"^\w*(?:PASSWORD|KEY|SECRET)\w*=.+", example, re.MULTILINE)
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|_KEY|ROOT_USER", variable):
                assert re.match(r"\$\{\w+:\?", str(value)), f"{name}: {variable}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_published_on_loopback_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_to_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.search(r"\d+\.\d+|RELEASE\.\d{4}", tag), SERVICES[name]["image"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"init", "analyst", "simulator"}))
def test_what_runs_for_ever_has_a_health_check_and_is_started_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_every_volume_is_named_and_used_and_files_of_the_host_are_only_read() -> None:
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    files = [volume for volume in volumes if volume.startswith("./")]
    assert {volume.partition(":")[0] for volume in volumes if volume not in files} == set(COMPOSE["volumes"])
    assert all(volume.endswith(":ro") for volume in files)


def test_random_secrets_are_made_once_and_can_be_read_by_nobody_else(tmp_path: Path) -> None:
    for name in ("make-env.sh", ".env.example"):
        (tmp_path / name).write_bytes((ROOT / "deploy" / name).read_bytes())
    command = ["sh", str(tmp_path / "make-env.sh")]
    subprocess.run(command, check=True, capture_output=True)
    made = (tmp_path / ".env").read_text("utf-8")
    secrets = dict(re.findall(r"^(\w+)=([0-9a-f]{64})$", made, re.MULTILINE))
    assert set(secrets) == {
        "RADSTREAM_CLICKHOUSE_PASSWORD",
        "RADSTREAM_CLICKHOUSE_ANALYST_PASSWORD",
        "RADSTREAM_GRAFANA_PASSWORD",
        "RADSTREAM_S3_ACCESS_KEY",
        "RADSTREAM_S3_SECRET_KEY",
        "RADSTREAM_SITE_KEY",
        "RADSTREAM_SITE_SECRET",
    }
    assert len(set(secrets.values())) == len(secrets)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / ".env").read_text("utf-8") == made
    assert {path.name for path in tmp_path.iterdir()} == {"make-env.sh", ".env.example", ".env"}


def test_the_image_runs_as_a_user_and_takes_only_what_the_lock_names() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    stages = text.split("\nFROM ")
    assert len(stages) == 3
    assert re.search(r"^USER radstream$", stages[-1], re.MULTILINE)
    installs = [line for line in text.splitlines() if re.search(r"pip (install|sync)|uv build", line)]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_what_the_image_is_built_from_reaches_the_builder() -> None:
    offered = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line[:1] == "!"
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]}
    assert needed | {project["project"]["readme"], "pyproject.toml", "requirements.lock"} <= offered
    assert all((ROOT / name).exists() for name in offered)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/adr/README.md", "deploy/README.md"])
def test_a_document_names_only_make_targets_that_there_are(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.MULTILINE))
    assert named <= TARGETS


def test_contributing_names_how_to_set_up_and_to_test() -> None:
    named = re.findall(r"^make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    assert {"setup", "test", "check", "run"} <= set(named)


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", "deploy/README.md", "docs/adr/README.md"])
def test_a_document_names_only_files_that_there_are(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = set(re.findall(r"`((?:docs|deploy|schemas|runtime)/[\w./-]+)`", text))
    missing = {path for path in named if not (ROOT / path).exists()} - {"deploy/.env"}
    assert missing == set()
    links = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text))
    assert {link for link in links if not (ROOT / name).parent.joinpath(link).exists()} == set()


def test_no_committed_file_names_the_home_directory_of_a_person() -> None:
    home = re.compile(r"(?<![\w.])(?:/home/[a-z]\w*|/Users/\w+|/root)/|[A-Z]:\\Users\\")
    found = [str(path.relative_to(ROOT)) for path in _tracked() if home.search(_text(path))]
    assert found == []


def test_no_committed_file_names_the_place_of_this_checkout() -> None:
    here = f"{ROOT}/"
    assert [str(path.relative_to(ROOT)) for path in _tracked() if here in _text(path)] == []


@pytest.mark.parametrize("room", ["schemas", "producers", "processors", "sinks", "dashboards", "runtime"])
def test_a_room_says_that_it_is_typed(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()


def test_the_license_is_the_apache_license_in_full() -> None:
    text = " ".join((ROOT / "LICENSE").read_text("utf-8").split())
    assert text.startswith("Apache License Version 2.0, January 2004")
    assert "9. Accepting Warranty or Additional Liability." in text
    assert text.endswith("limitations under the License.")
