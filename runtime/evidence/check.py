#!/usr/bin/env python3
"""Checks an evidence bundle of radstream, offline: `python check.py BUNDLE.zip [--key PUBLIC_KEY]`.

Needs Python 3.9 or newer and the package `cryptography`, nothing else, and nothing of radstream. What it
prints of each event stands in the bytes that it has checked. Exit code 0: every event is under the root that
was signed.

An event's record is hashed (SHA-256 behind a zero byte), and with the hashes beside it up to the root of its
partition's tree (RFC 9162, section 2.1); that root stands in a seal, which is signed with Ed25519 (RFC 8032).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Wrong(Exception):
    """The bundle does not prove what it says."""


def main() -> int:
    """Check the bundle that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument(
        "--key", help="the hospital's public key, 64 hex digits, from a source that you trust"
    )
    given = parser.parse_args()
    try:
        with zipfile.ZipFile(given.bundle) as bundle:
            check(bundle, given.key)
    except (Wrong, OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        say(f"NOT PROVEN: {type(error).__name__}: {error}")
        return 1
    return 0


def check(bundle: zipfile.ZipFile, trusted: str | None) -> None:
    """Check all of it, and say what was proven. Raises Wrong."""
    seal, signer = signed_seal(bundle, trusted)
    heads = {(head["topic"], head["partition"]): head for head in seal["heads"]}
    leaves = [leaf_hash(compact(head)) for head in seal["heads"]]
    if tree_root(leaves).hex() != seal["root"]:
        raise Wrong("the seal's root does not follow from its heads")
    evidence = json.loads(bundle.read("evidence.json"))
    seen = set()
    for event in evidence["events"]:
        place = (event["topic"], event["partition"])
        record = base64.b64decode(event["record"], validate=True)
        root = root_from_path(leaf_hash(record), event["index"], heads[place]["tree_size"], event["path"])
        if root.hex() != heads[place]["tree_root"]:
            raise Wrong(f"event {event['index']} of {place[0]}/{place[1]} is not under the sealed root")
        if (place, event["index"]) in seen:
            raise Wrong(f"event {event['index']} of {place[0]}/{place[1]} is there twice")
        seen.add((place, event["index"]))
        show(place, record, evidence["exam"])
    say(f"PROVEN: {len(seen)} events of {evidence['exam']} are under the root of seal {seal['number']},")
    say(f"  sealed at {seal['sealed_at']}, root {seal['root']}, signed by key {signer}")
    if trusted is None:
        say("  Whether that key is the hospital's, nobody can tell from the bundle: compare it with what the")
        say("  hospital publishes, and give it with --key.")


def signed_seal(bundle: zipfile.ZipFile, trusted: str | None) -> tuple[dict[str, Any], str]:
    """The seal, its signature checked, and the public key that it was checked with. Raises Wrong."""
    said, _, rest = bundle.read("seal.json").partition(b"\n")
    mark = json.loads(rest)
    keys = trusted_keys(bundle, trusted)
    if mark["key"] not in keys:
        raise Wrong(f"the seal is signed with the key {mark['key']}, which is not the one that is trusted")
    verify(keys[mark["key"]], "seal", said, mark["signature"])
    seal: dict[str, Any] = json.loads(said)
    return seal, keys[mark["key"]]


def trusted_keys(bundle: zipfile.ZipFile, trusted: str | None) -> dict[str, str]:
    """The trusted key and those that it vouches for; without one, all that the bundle shows."""
    shown = {}
    for name in bundle.namelist():
        if name.startswith("keys/"):
            said, _, rest = bundle.read(name).partition(b"\n")
            body = json.loads(said)
            verify(body["public"], "key", said, json.loads(rest)["signature"])
            shown[body["public"]] = body["vouches_for"]
    left: list[str] = list(shown) if trusted is None else [trusted.strip().lower()]
    found: dict[str, str] = {}
    while left:
        public = left.pop()
        if key_id(public) not in found:
            found[key_id(public)] = public
            left += shown.get(public, [])
    return found


def verify(public: str, kind: str, said: bytes, signature: str) -> None:
    """Raises Wrong where the signature is not of that."""
    message = f"radstream archive {kind} 1\n".encode() + said
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), message)
    except InvalidSignature:
        raise Wrong(f"the signature of a {kind} is wrong") from None


def key_id(public: str) -> str:
    """The beginning of the key's SHA-256."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def compact(body: Any) -> bytes:
    """JSON as it was written."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def leaf_hash(content: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:middle]), tree_root(leaves[middle:]))


def root_from_path(leaf: bytes, index: int, size: int, path: list[str]) -> bytes:
    """RFC 9162, 2.1.3.2. Raises Wrong where the path does not fit the tree."""
    if not 0 <= index < size:
        raise Wrong(f"there is no event {index} in a tree of {size}")
    first, last, node = index, size - 1, leaf
    for sibling in map(bytes.fromhex, path):
        if last == 0:
            raise Wrong("a path is too long")
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Wrong("a path is too short")
    return node


def show(place: tuple[str, int], record: bytes, exam: str) -> None:
    """One line for an event, from its record (Avro: offset, time, key, value, headers). Raises Wrong."""
    offset, at = number(record, 0)
    _, at = number(record, at)
    key, at = optional(record, at)
    value, at = optional(record, at)
    headers = {}
    count, at = number(record, at)
    for _ in range(count):
        size, at = number(record, at)
        name, at = record[at : at + size].decode(), at + size
        content, at = optional(record, at)
        headers[name] = (content or b"").decode("utf-8", "replace")
    if key is None or key.decode() != exam:
        raise Wrong(f"the event at offset {offset} is of another exam")
    kind = headers.get("ce_type", "?").rpartition(".")[2]
    digest = hashlib.sha256(value or b"").hexdigest()
    say(
        f"{headers.get('ce_time', '?'):28} {kind:28} {place[0]}/{place[1]}@{offset} id {headers.get('ce_id')}"
    )
    say(f"{'':28} SHA-256 of its value {digest}")


def number(record: bytes, at: int) -> tuple[int, int]:
    """An Avro long, and the place behind it."""
    zigzag = shift = 0
    while True:
        byte = record[at]
        at += 1
        zigzag |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (zigzag >> 1) ^ -(zigzag & 1), at


def optional(record: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes or null, and the place behind them."""
    branch, at = number(record, at)
    if not branch:
        return None, at
    size, at = number(record, at)
    return record[at : at + size], at + size


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
