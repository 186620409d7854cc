"""MLLP framing."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from producers.hl7.framing import Block, Deframer, Frame, Junk, TooLong, frame

LIMIT = 64
CONTENT = st.binary(max_size=LIMIT).filter(lambda data: b"\x1c\r" not in data and b"\x0bMSH" not in data)


def feed_in_pieces(stream: bytes, cuts: list[int]) -> list[Frame]:
    """All frames but junk, whose count depends on the cuts."""
    deframer = Deframer(LIMIT)
    frames: list[Frame] = []
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for begin, end in itertools.pairwise(bounds):
        frames += deframer.feed(stream[begin:end])
    return [found for found in frames if not isinstance(found, Junk)]


@given(st.lists(CONTENT, max_size=5), st.lists(st.integers(min_value=0), max_size=12))
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(
    contents: list[bytes], cuts: list[int]
) -> None:
    # Data that ends in the block end's first byte is not representable in MLLP.
    contents = [content.rstrip(b"\x1c") for content in contents]
    stream = b"".join(frame(content) for content in contents)
    assert feed_in_pieces(stream, cuts) == [Block(content) for content in contents]


@given(st.binary(max_size=300), st.lists(st.integers(min_value=0), max_size=12))
def test_any_bytes_give_the_same_messages_however_they_are_cut(stream: bytes, cuts: list[int]) -> None:
    assert feed_in_pieces(stream, cuts) == feed_in_pieces(stream, [])


@given(st.lists(st.integers(min_value=0), max_size=12), st.integers(min_value=LIMIT + 1, max_value=400))
def test_a_message_over_the_limit_is_named_once_and_the_next_one_is_whole(cuts: list[int], size: int) -> None:
    frames = feed_in_pieces(frame(b"x" * size) + frame(b"next"), cuts)
    assert frames[1:] == [Block(b"next")]
    assert isinstance(frames[0], TooLong)


def test_junk_between_blocks_is_dropped_and_counted() -> None:
    deframer = Deframer(LIMIT)
    assert deframer.feed(b"hello\x0bA\x1c\r\r\n\x0bB\x1c\r") == [Junk(5), Block(b"A"), Block(b"B")]


def test_line_ends_between_blocks_are_no_junk() -> None:
    assert Deframer(LIMIT).feed(b"\r\n\x0bA\x1c\r\r\n") == [Block(b"A")]


def test_a_vertical_tab_in_the_text_stays_in_the_text() -> None:
    assert Deframer(LIMIT).feed(frame(b"MSH|a\x0bb")) == [Block(b"MSH|a\x0bb")]


def test_a_block_that_begins_again_gives_the_second_message() -> None:
    frames = Deframer(LIMIT).feed(b"\x0bMSH|broken off" + frame(b"MSH|whole"))
    assert frames == [Junk(15 - 1), Block(b"MSH|whole")]
