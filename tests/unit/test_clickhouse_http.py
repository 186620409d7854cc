"""The HTTP side of the ClickHouse server: bodies, codings, credentials, parameters, error codes."""

from __future__ import annotations

import base64
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import lz4.frame
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from runtime.local.clickhouse.body import Body, BrokenBodyError, parse_form
from runtime.local.clickhouse.compression import PIECE_BYTES, choose_encoding, decode, encoder
from runtime.local.clickhouse.config import Analyst, ClickHouseConfig, engine_settings
from runtime.local.clickhouse.errors import ClickHouseError, engine_error
from runtime.local.clickhouse.formats import media_type
from runtime.local.clickhouse.request import Access, authenticate, parse_request

CONFIG = ClickHouseConfig(host="127.0.0.1", port=0, directory=Path("d"), user="ris", password="pass:wörd")
COMPRESS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
    "lz4": lz4.frame.compress,
}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(
    st.sampled_from(sorted(COMPRESS)),
    st.lists(st.binary(max_size=500), min_size=1, max_size=4),
    st.integers(1, 99),
)
def test_a_body_of_several_frames_is_decoded_whole(name: str, parts: list[bytes], size: int) -> None:
    body = b"".join(COMPRESS[name](part) for part in parts)
    assert b"".join(decode(pieces(body, size), name)) == b"".join(parts)


@pytest.mark.parametrize("name", sorted(COMPRESS))
def test_a_small_body_never_becomes_a_large_piece(name: str) -> None:
    bomb = COMPRESS[name](bytes(8 * PIECE_BYTES))
    sizes = [len(piece) for piece in decode(iter((bomb,)), name)]
    assert sum(sizes) == 8 * PIECE_BYTES
    assert max(sizes) <= PIECE_BYTES


@pytest.mark.parametrize("name", sorted(COMPRESS))
@pytest.mark.parametrize("damage", [lambda body: body[:-3], lambda body: b"no" + body[2:]])
def test_a_broken_body_is_refused(name: str, damage: object) -> None:
    assert callable(damage)
    body = damage(COMPRESS[name](b"some text that is long enough" * 20))
    with pytest.raises(ClickHouseError) as caught:
        b"".join(decode(iter((body,)), name))
    assert caught.value.code == 271


@given(st.sampled_from(sorted(COMPRESS)), st.lists(st.binary(max_size=500)))
def test_an_answer_can_be_decoded_by_its_client(name: str, parts: list[bytes]) -> None:
    coding = encoder(name)
    body = b"".join(coding.compress(part) for part in parts if part) + coding.flush()
    assert b"".join(decode(iter((body,)), name)) == b"".join(parts)


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate", "gzip"),
        ("lz4,zstd,gzip", "lz4"),
        ("br", None),
        ("", None),
        ("gzip;q=0, deflate", "deflate"),
    ],
)
def test_the_coding_is_one_that_the_client_accepts(accepted: str, chosen: str | None) -> None:
    assert choose_encoding(accepted) == chosen


def body_of(data: bytes, **headers: str) -> Body:
    return Body(io.BytesIO(data), {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_chunked_body_is_read_to_its_last_chunk() -> None:
    body = body_of(b"4\r\nab\r\n\r\n2;x=y\r\ncd\r\n0\r\nT: 1\r\n\r\nnext", Transfer_Encoding="chunked")
    assert body.read_all(100) == b"ab\r\ncd"


@pytest.mark.parametrize(
    "data", [b"4\r\nab", b"4\r\nabcd\r\n", b"zz\r\n", b"", b"2\r\nabcd\r\n0\r\n\r\n", b"-1\r\n"]
)
def test_a_chunked_body_that_ends_early_is_never_taken_for_whole(data: bytes) -> None:
    with pytest.raises(BrokenBodyError):
        body_of(data, Transfer_Encoding="chunked").read_all(100)


def test_a_body_shorter_than_it_says_is_never_taken_for_whole() -> None:
    with pytest.raises(BrokenBodyError):
        body_of(b"abc", Content_Length="4").read_all(100)


def test_a_form_gives_its_fields_and_files() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="query"\r\n\r\nselect 1\r\n'
        b'--B\r\nContent-Disposition: form-data; name="t"; filename="t.csv"\r\n\r\n1\r\n\x00\r\n--B--\r\n'
    )
    fields, files = parse_form(body, 'multipart/form-data; boundary="B"')
    assert (fields, files) == ({"query": "select 1"}, {"t": b"1\r\n\x00"})


@pytest.mark.parametrize(
    ("params", "headers"),
    [
        ({}, {"Authorization": "Basic " + base64.b64encode("ris:pass:wörd".encode()).decode()}),
        ({}, {"X-ClickHouse-User": "ris", "X-ClickHouse-Key": "pass:wörd"}),
        ({"user": "ris", "password": "pass:wörd"}, {}),
    ],
)
def test_credentials_are_taken_from_wherever_clickhouse_takes_them(
    params: dict[str, str], headers: dict[str, str]
) -> None:
    assert authenticate(CONFIG, params, headers) is Access.FULL


def test_the_analyst_is_told_from_the_pipelines_user() -> None:
    config = replace(CONFIG, analyst=Analyst(user="analyst", password="reads only"))
    given = {"user": "analyst", "password": "reads only"}
    assert authenticate(config, given, {}) is Access.ANALYST
    with pytest.raises(ClickHouseError):
        authenticate(config, {"user": "analyst", "password": CONFIG.password}, {})
    with pytest.raises(ClickHouseError):
        authenticate(CONFIG, given, {})
    assert "reads only" not in repr(config)


@pytest.mark.parametrize(
    ("params", "headers", "code", "status"),
    [
        ({}, {}, 194, 401),
        ({"user": "ris", "password": "x"}, {}, 516, 403),
        ({"user": "x", "password": "pass:wörd"}, {}, 516, 403),
        ({"password": "pass:wörd"}, {}, 516, 403),
        ({}, {"Authorization": "Basic !"}, 516, 403),
    ],
)
def test_wrong_credentials_are_refused(
    params: dict[str, str], headers: dict[str, str], code: int, status: int
) -> None:
    with pytest.raises(ClickHouseError) as caught:
        authenticate(CONFIG, params, headers)
    assert (caught.value.code, caught.value.status) == (code, status)


def test_parameters_are_sorted_into_settings_bindings_and_transport() -> None:
    params = {
        "param_x": "1",
        "max_threads": "2",
        "database": "d",
        "session_id": "s",
        "wait_end_of_query": "1",
    }
    request = parse_request("POST", params, {"Accept-Encoding": "gzip"})
    assert request.settings == {"max_threads": "2"}
    assert request.parameters == {"x": "1"}
    assert (request.database, request.session_id, request.encoding) == ("d", "s", "gzip")
    assert request.wait_to_the_end
    assert not request.readonly


def test_get_is_read_only() -> None:
    assert parse_request("GET", {"readonly": "0"}, {}).readonly
    assert parse_request("POST", {"readonly": "1"}, {}).readonly


def test_an_external_table_takes_its_columns_from_types_or_structure() -> None:
    params = {"t_types": "UInt8,Decimal(9, 2)", "t_format": "CSV", "output_format": "1"}
    request = parse_request("POST", params, {}, {"t": b"1,2\n"})
    assert request.external[0].structure == "_1 UInt8, _2 Decimal(9, 2)"
    assert request.settings == {"output_format": "1"}


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("Streaming query failed: Code: 62. DB::Exception: Syntax error (SYNTAX_ERROR)", 62, 400),
        ("Code: 60. DB::Exception: Table t does not exist (UNKNOWN_TABLE)", 60, 404),
        ("Code: 159. DB::Exception: Timeout (TIMEOUT_EXCEEDED)", 159, 408),
        ("Code: 241. DB::Exception: Memory (MEMORY_LIMIT_EXCEEDED)", 241, 500),
        ("something else", 1002, 500),
    ],
)
def test_engine_errors_keep_their_code_and_get_its_status(text: str, code: int, status: int) -> None:
    error = engine_error(RuntimeError(text))
    assert (error.code, error.status) == (code, status)
    assert error.text.startswith(f"Code: {code}. DB::Exception: ")


@pytest.mark.parametrize(
    ("output_format", "expected"),
    [
        ("JSON", "application/json; charset=UTF-8"),
        ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
        ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
        ("CSVWithNames", "text/csv; charset=UTF-8; header=present"),
        ("Native", "application/octet-stream"),
        ("Pretty", "text/plain; charset=UTF-8"),
    ],
)
def test_a_format_has_its_media_type(output_format: str, expected: str) -> None:
    assert media_type(output_format) == expected


def test_the_engine_syncs_what_it_acknowledges() -> None:
    text = engine_settings(CONFIG)
    assert "<fsync_after_insert>1</fsync_after_insert>" in text
    assert "<fsync_part_directory>1</fsync_part_directory>" in text


def test_the_password_does_not_show_in_the_configuration() -> None:
    assert "wörd" not in repr(CONFIG)
