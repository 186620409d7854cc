"""What every key ring promises, whatever it is made of: run on files, and on a real OpenBao server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from threading import Thread

import pytest

from schemas.errors import KeyDestroyed, KeyNotFound, WrongKey
from schemas.keyring_config import FileKeyRingConfig, KeyRingConfig, open_key_ring
from schemas.parts import Phi
from schemas.phi import Generations, KeyRing, open_sealed, seal
from tests.vault_server import VaultServer, vault_server

SITE_KEY = bytes(range(32))
_NOTICED_WITHIN_S = 30.0
EVENT = "0b3a9a6e-7f5f-5d1c-9d5e-0e8f3a2b1c4d"

# Processes of their own. Each makes keys and says each only when it has it.
MAKER = """
import json, os, random, signal, sys, time
from pathlib import Path
from schemas.keyring_config import FileKeyRingConfig, open_key_ring
from schemas.vault_config import VaultKeyRingConfig

told = json.loads(sys.argv[1])
if "site_key" in told:
    config = FileKeyRingConfig(directory=Path(told["directory"]), site_key=bytes.fromhex(told["site_key"]))
else:
    config = VaultKeyRingConfig(**told | {"token_file": Path(told["token_file"])})

def make(first, last, opened=lambda: None):
    ring = open_key_ring(config)
    opened()
    for number in range(first, last):
        key_id, key = ring.current_key(f"patient-{number}")
        os.write(1, f"{key_id} {key.hex()}\\n".encode())

def make_and_be_killed(times):
    for attempt in range(times):
        reads, writes = os.pipe()
        child = os.fork()
        if not child:
            try:
                make(attempt * 1000, attempt * 1000 + 1000, lambda: os.write(writes, b"."))
            finally:
                os._exit(0)
        os.read(reads, 1)
        os.close(reads), os.close(writes)
        time.sleep(random.Random(attempt).uniform(0.0, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

if sys.argv[2] == "killed":
    make_and_be_killed(int(sys.argv[3]))
else:
    os.write(1, b"ready\\n")
    sys.stdin.readline()
    make(0, int(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    with vault_server(tmp_path_factory.mktemp("vault")) as server:
        yield server


@pytest.fixture(params=["file", "vault"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> KeyRingConfig:
    """An empty ring of each kind."""
    if request.param == "file":
        return FileKeyRingConfig(directory=tmp_path / "keys", site_key=SITE_KEY)
    server: VaultServer = request.getfixturevalue("vault")
    path = f"radstream/keys/of/{tmp_path.name}"
    server.ask("PUT", "sys/policies/acl/anywhere", {"policy": _policy_of_tests()})
    return server.config("anywhere", kv_path=path)


def _policy_of_tests() -> str:
    """All rights below the tests' own paths, and the transit key."""
    rights = 'capabilities = ["create", "read", "update"]'
    return "".join(
        f'path "{path}" {{ {rights} }}\n'
        for path in ("secret/data/*", "secret/destroy/*", "transit/datakey/*", "transit/decrypt/*")
    )


@pytest.fixture
def ring(config: KeyRingConfig) -> KeyRing:
    return open_key_ring(config)


@pytest.fixture
def other(config: KeyRingConfig) -> KeyRing:
    """The same ring, as another process has it."""
    return open_key_ring(config)


def test_a_key_is_made_once_and_found_again_by_any_process(ring: KeyRing, other: KeyRing) -> None:
    key_id, key = ring.current_key("patient")
    assert (key_id, len(key)) == ("patient/1", 32)
    assert ring.current_key("patient") == other.current_key("patient") == (key_id, key)
    assert ring.key(key_id) == other.key(key_id) == key


def test_two_patients_have_two_keys(ring: KeyRing) -> None:
    assert ring.current_key("one")[1] != ring.current_key("two")[1]


@pytest.mark.parametrize(
    "subject", ["a" * 64, "deadletters", "GENERAL|4711", "a/b", "../..", "ä ü?#%2e", "1/1"]
)
def test_any_subject_has_a_key_of_its_own(ring: KeyRing, other: KeyRing, subject: str) -> None:
    key_id, key = ring.current_key(subject)
    assert other.key(key_id) == key
    assert ring.destroy(subject) == 1
    assert other.generations(subject) == Generations(living=0, destroyed=1)


@pytest.mark.parametrize("key_id", ["nobody/1", "nobody", "", "/", "nobody/../1", "nobody/0"])
def test_a_key_that_never_was_is_not_found_and_not_said_to_be_destroyed(ring: KeyRing, key_id: str) -> None:
    with pytest.raises(KeyNotFound) as caught:
        ring.key(key_id)
    assert not isinstance(caught.value, KeyDestroyed)


def test_a_destroyed_key_is_gone_at_once_in_the_process_that_destroyed_it(ring: KeyRing) -> None:
    key_id, _ = ring.current_key("patient")
    assert ring.destroy("patient") == 1
    with pytest.raises(KeyDestroyed):
        ring.key(key_id)


def test_a_key_that_another_process_destroyed_is_gone_here_within_seconds(
    ring: KeyRing, other: KeyRing
) -> None:
    key_id, _ = ring.current_key("patient")
    other.current_key("patient")
    assert other.destroy("patient") == 1
    _await_destroyed(lambda: ring.key(key_id))
    assert ring.current_key("patient")[0] == "patient/2"


def test_destroying_one_patient_leaves_the_others(ring: KeyRing, other: KeyRing) -> None:
    kept = ring.current_key("kept")
    ring.current_key("erased")
    ring.destroy("erased")
    assert ring.current_key("kept") == other.current_key("kept") == kept


def test_a_destroyed_keys_name_is_never_used_again(ring: KeyRing, config: KeyRingConfig) -> None:
    seen = [ring.current_key("patient")]
    for _ in range(3):
        ring.destroy("patient")
        seen.append(open_key_ring(config).current_key("patient"))
    assert [key_id for key_id, _ in seen] == ["patient/1", "patient/2", "patient/3", "patient/4"]
    assert len({key for _, key in seen}) == 4
    assert ring.current_key("patient") == seen[-1]
    assert ring.generations("patient") == Generations(living=1, destroyed=3)


def test_destroying_says_how_many_keys_there_were_and_again_is_no_error(ring: KeyRing) -> None:
    assert ring.destroy("nobody") == 0
    assert ring.generations("nobody") == Generations(living=0, destroyed=0)
    ring.current_key("patient")
    assert [ring.destroy("patient"), ring.destroy("patient")] == [1, 0]


def test_more_keys_than_the_cache_holds_are_all_found(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("keyring", "vault_keyring"):
        monkeypatch.setattr(f"schemas.{module}._CACHED_KEYS", 2)
    made = dict(ring.current_key(str(number)) for number in range(5))
    assert {key_id: ring.key(key_id) for key_id in made} == made


def test_what_was_sealed_before_an_erasure_stays_closed_and_what_comes_after_opens(
    ring: KeyRing, other: KeyRing
) -> None:
    phi = Phi(patient_name="Lindqvist^Maja")
    before = seal(ring, "patient", EVENT, phi)
    assert open_sealed(other, EVENT, before) == phi
    ring.destroy("patient")
    after = seal(ring, "patient", EVENT, phi)
    assert open_sealed(ring, EVENT, after) == phi
    _await_destroyed(lambda: open_sealed(other, EVENT, before))
    with pytest.raises(WrongKey):
        open_sealed(ring, "another", after)


def test_threads_that_ask_for_the_same_keys_get_the_same(ring: KeyRing) -> None:
    found: list[dict[str, bytes]] = [{} for _ in range(4)]

    def ask(into: dict[str, bytes]) -> None:
        for number in range(20):
            into.update([ring.current_key(str(number))])

    threads = [Thread(target=ask, args=(into,)) for into in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found[0]) == 20
    assert all(other == found[0] for other in found)


def test_processes_that_make_the_same_keys_at_the_same_time_get_the_same(
    ring: KeyRing, config: KeyRingConfig
) -> None:
    makers = [_maker(config, "together", 60, stdin=subprocess.PIPE) for _ in range(3)]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    said = [maker.communicate(timeout=120)[0].splitlines() for maker in makers]
    assert len(said[0]) == 60
    assert said[0] == said[1] == said[2]
    for key_id, key in map(str.split, said[0]):
        assert ring.key(key_id).hex() == key


def test_kill_9_at_any_moment_leaves_whole_keys_or_none(ring: KeyRing, config: KeyRingConfig) -> None:
    maker = _maker(config, "killed", 40)
    lines = maker.communicate(timeout=120)[0].splitlines()
    assert maker.returncode == 0
    # A child dies within its last line at worst: os.write of a short line is all or nothing.
    said = dict(map(str.split, lines))
    assert len(said) > 40
    for key_id, key in said.items():
        assert ring.key(key_id).hex() == key
    for attempt in range(40):  # and the keys in the making do not keep anybody from going on
        unfinished = sum(
            f"patient-{number}/1" in said for number in range(attempt * 1000, attempt * 1000 + 1000)
        )
        ring.current_key(f"patient-{attempt * 1000 + unfinished}")


def _maker(config: KeyRingConfig, how: str, many: int, stdin: int | None = None) -> subprocess.Popen[str]:
    told = json.dumps(
        asdict(config), default=lambda value: value.hex() if isinstance(value, bytes) else str(value)
    )
    command = [sys.executable, "-c", MAKER, told, how, str(many)]
    return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, text=True)


def _await_destroyed(ask: Callable[[], object]) -> None:
    deadline = time.monotonic() + _NOTICED_WITHIN_S
    while True:
        try:
            ask()
        except KeyDestroyed:
            return
        assert time.monotonic() < deadline, "a destroyed key is still in use"
        time.sleep(0.02)
