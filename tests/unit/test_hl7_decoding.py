"""Character sets, line ends, delimiters, escapes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.hl7.decoding import decode
from producers.hl7.delimiters import Delimiters, escape, unescape
from producers.hl7.message import parse_reference
from producers.hl7.parsing import parse
from producers.hl7.rejections import UnparsableMessage

HEADER = "MSH|^~\\&|RIS|NORTH|||20260303||ADT^A04|1|P|2.5.1|||||{country}|{charset}\r"


def message(charset: str, name: str, codec: str) -> bytes:
    """A message that declares `charset` and is written in `codec`."""
    return (HEADER.format(country="", charset=charset) + f"PID|||1||{name}\r").encode(codec)


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("", "ascii", "SMITH"),
        ("ASCII", "ascii", "SMITH"),
        ("8859/1", "iso8859-1", "MÜLLER"),
        ("8859/5", "iso8859-5", "ИВАНОВ"),
        ("8859/15", "iso8859-15", "CŒUR"),
        ("UNICODE UTF-8", "utf-8", "北京"),
        ("GB 18030-2000", "gb18030", "北京"),
        ("UNICODE UTF-8~8859/1", "utf-8", "Łódź"),
        ("BIG-5", "big5", "北京"),
        ("KS X 1001", "euc_kr", "김철수"),
        ("ISO IR87", "iso2022_jp", "山田"),
        ("~ISO IR87", "iso2022_jp", "山田"),
        ("ISO IR6~ISO IR14~ISO IR87", "iso2022_jp", "山田"),
        ("ISO IR13", "shift_jis", "ﾔﾏﾀﾞ"),
        ("utf8", "utf-8", "Łódź"),
        ("ISO-8859-1", "iso8859-1", "MÜLLER"),
        ("8859-2", "iso8859-2", "Łódź"),
        ("WINDOWS-1251", "cp1251", "ИВАНОВ"),
        ("GB2312", "gb2312", "北京"),
    ],
)
def test_the_declared_character_set_is_used(charset: str, codec: str, name: str) -> None:
    assert parse(message(charset, name, codec)).get("PID-5.1") == name


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("ASCII", "utf-8"),
        ("", "utf-8"),
        ("UNICODE UTF-8", "cp1252"),
        ("KLINGON", "utf-8"),
        ("ISO IR87", "utf-8"),
    ],
)
def test_a_wrong_declaration_does_not_spoil_the_name(charset: str, codec: str) -> None:
    found = parse(message(charset, "MÜLLER", codec))
    assert found.get("PID-5.1") == "MÜLLER"


def test_what_was_declared_wrongly_is_known() -> None:
    assert not decode(message("ASCII", "MÜLLER", "utf-8")).as_declared
    assert not decode(message("KLINGON", "MULLER", "utf-8")).as_declared
    assert decode(message("", "MÜLLER", "utf-8")).as_declared
    assert decode(message("8859/1", "MÜLLER", "iso8859-1")).as_declared


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n"])
def test_line_ends_are_normalised(end: str) -> None:
    raw = message("", "SMITH", "ascii").decode().replace("\r", end).encode()
    found = parse(raw)
    assert [segment.name for segment in found.segments] == ["MSH", "PID"]
    assert found.content_sha256 == parse(message("", "SMITH", "ascii")).content_sha256


def test_a_line_of_text_that_is_no_segment_belongs_to_the_one_before() -> None:
    found = parse(b"MSH|^~\\&|A|B\rOBX|1|TX|||first line\nsecond line\rOBX|2|TX|||third\r")
    assert [segment.text(5) for segment in found.all("OBX")] == ["first line\nsecond line", "third"]


def test_a_byte_order_mark_is_no_part_of_the_message() -> None:
    assert parse(b"\xef\xbb\xbf" + message("", "X", "ascii")).get("PID-5") == "X"
    assert parse(message("", "Ä", "utf-16")).get("PID-5") == "Ä"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_a_byte_order_mark(codec: str) -> None:
    assert parse(message("UNICODE UTF-16", "Ä", codec)).get("PID-5") == "Ä"


@pytest.mark.parametrize(
    "raw", [b"", b"\r\r", b"hello", b"PID|1\r", b"MSH", b"MSHAAAAAAAAA\rX", b"\x00" * 40]
)
def test_what_is_no_message_is_unparsable(raw: bytes) -> None:
    with pytest.raises(UnparsableMessage):
        parse(raw)


@given(st.binary(max_size=200))
def test_any_bytes_after_a_header_parse_or_are_unparsable(tail: bytes) -> None:
    with contextlib.suppress(UnparsableMessage):
        assert parse(b"MSH|^~\\&|A|B\r" + tail).get("MSH-3") in {"A", ""}


@pytest.mark.parametrize("encoding_characters", ["^", "^~", "^~\\", "^~\\&#"])
def test_missing_encoding_characters_are_the_standards_and_a_fifth_is_left_aside(
    encoding_characters: str,
) -> None:
    found = parse(f"MSH|{encoding_characters}|RIS^X|NORTH\rPID|||1^2\r".encode())
    assert (found.get("MSH-3.2"), found.get("PID-3.2")) == ("X", "2")


DELIMITERS = st.sampled_from(
    [Delimiters(), Delimiters("$", "%", "*", "!", "@"), Delimiters("#", "|", "~", "?", "&")]
)


@given(st.text(alphabet=st.characters(exclude_characters="\r"), max_size=60), DELIMITERS)
def test_escaped_text_is_read_back(text: str, delimiters: Delimiters) -> None:
    escaped = escape(text, delimiters)
    assert not {delimiters.field, delimiters.component, delimiters.repetition, "\n"} & set(escaped)
    assert unescape(escaped, delimiters) == text


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"a\X0D\b", "a\rb"),
        (r"M\XC3BC\ller", "Müller"),
        (r"M\XFC\ller", "Müller"),
        (r"a\F\\S\\T\\R\\E\\P\b", "a|^&~\\#b"),
        (r"\H\bold\N\ ", "bold "),
        (r"one\.br\two\.sp2\three", "one\ntwo\nthree"),
        (r"\.in+4\indented", "indented"),
        (r"\Zlocal\ stays", r"\Zlocal\ stays"),
        ("lone \\ stays", "lone \\ stays"),
    ],
)
def test_escape_sequences(escaped: str, text: str) -> None:
    assert unescape(escaped, Delimiters()) == text


def test_a_null_value_is_no_value() -> None:
    found = parse(b'MSH|^~\\&|A|B\rPID|||""||""^X\r')
    assert (found.get("PID-3"), found.get("PID-5.1"), found.get("PID-5.2")) == ("", "", "X")


def test_repetitions_components_and_subcomponents_are_reached() -> None:
    found = parse(b"MSH|^~\\&|A|B\rPID|||1^^^N&2.25&ISO^MR~2^^^M\r")
    pid = next(found.all("PID"))
    assert found.get("PID-3.4.2") == "2.25"
    assert [pid.value_of(repetition) for repetition in pid.repetitions(3)] == ["1", "2"]
    assert found.get("PID-99.9.9") == found.get("ZZZ-1") == ""


@pytest.mark.parametrize("reference", ["PID", "PID-", "PID-x", "pid-3", "PID-3.1.1.1"])
def test_what_is_no_reference_is_an_error(reference: str) -> None:
    with pytest.raises(ValueError, match="not a reference"):
        parse_reference(reference)
