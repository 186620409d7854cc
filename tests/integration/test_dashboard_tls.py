"""The way to the dashboard: TLS of its own, a proxy that speaks it, or loopback."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from runtime.dashboard_listener import listener_config
from runtime.settings import Settings
from runtime.stack.ports import allocate_free_ports
from tests.certificates import Authority

_SERVE = """
import sys
from dataclasses import replace
from pathlib import Path
from dashboards.access.roles import Role
from dashboards.listening import ListenerConfig, TlsConfig
from dashboards.server import serve
from tests.served_board import config, user
port, certificate, key, proxies = sys.argv[1:]
tls = TlsConfig(Path(certificate), Path(key)) if certificate else None
listener = ListenerConfig(host="127.0.0.1", port=int(port), tls=tls, proxies=tuple(filter(None, [proxies])))
settings = replace(config(), listener=listener)
name = user(settings, Role.VIEWER)
serve(settings, lambda: print("ready", name, flush=True))
"""
_FORM = {"name": "viewer", "password": "correct horse battery"}
_OURS = {"Sec-Fetch-Site": "same-origin"}


@contextmanager
def dashboard(certificate: Path | None = None, key: Path | None = None, proxies: str = "") -> Iterator[int]:
    """A dashboard's port, while it serves."""
    (port,) = allocate_free_ports(1)
    arguments = [str(port), str(certificate or ""), str(key or ""), proxies]
    process = subprocess.Popen([sys.executable, "-c", _SERVE, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert any(line.startswith("ready") for line in process.stdout or ())
        yield port
    finally:
        process.kill()
        process.communicate()


def test_over_tls_the_session_is_a_host_cookie_and_browsers_stay_with_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trust = ssl.create_default_context(cafile=authority.path)
    with (
        dashboard(*authority.issue("dashboard")) as port,
        httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=30) as browser,
    ):
        answer = browser.post("/sign-in", data=_FORM, headers=_OURS)
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-radstream=")
        for attribute in ("Secure", "HttpOnly", "Path=/"):
            assert attribute in cookie
        assert "Domain" not in cookie
        assert browser.get("/api/session").status_code == 200
        assert "max-age=" in answer.headers["strict-transport-security"]
        with httpx.Client(timeout=30) as plain, pytest.raises(httpx.HTTPError):
            plain.get(f"http://127.0.0.1:{port}/healthz")


@pytest.mark.parametrize(
    ("proxies", "is_believed"), [("127.0.0.1", True), ("10.0.0.0/8", False), ("", False)]
)
def test_what_is_forwarded_is_believed_of_the_named_proxies_alone(proxies: str, *, is_believed: bool) -> None:
    with dashboard(proxies=proxies) as port, httpx.Client(timeout=30) as proxy:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
        answer = proxy.post(f"http://127.0.0.1:{port}/sign-in", data=_FORM, headers=_OURS | forwarded)
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith("__Host-radstream=") == is_believed


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104 - it is refused
def test_another_address_than_loopback_needs_tls_or_a_proxy_and_the_error_names_the_settings(
    host: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"RADSTREAM_DASHBOARD_TLS_CERTIFICATE.*RADSTREAM_DASHBOARD_PROXIES"):
        listener_config(Settings(host=host))
    assert (
        listener_config(Settings(host=host, dashboard_proxies="10.0.0.0/8, 192.0.2.9")).proxies[1]
        == "192.0.2.9"
    )
    both = listener_config(
        Settings(host=host, dashboard_tls_certificate=tmp_path, dashboard_tls_key=tmp_path)
    )
    assert both.tls is not None
    for wrong in ({"dashboard_tls_certificate": tmp_path}, {"dashboard_proxies": "proxy.example"}):
        with pytest.raises(ValueError, match="RADSTREAM_DASHBOARD"):
            listener_config(Settings.model_validate({"host": "127.0.0.1", **wrong}))


def test_a_certificate_that_cannot_be_used_ends_the_process_and_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    arguments = ["0", str(wrong), str(wrong), ""]
    ended = subprocess.run(
        [sys.executable, "-c", _SERVE, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode != 0
    assert "wrong.pem" in ended.stderr
