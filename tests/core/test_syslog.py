"""Syslog's grammar on literal lines, and on anything at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.syslog import LONGEST, LONGEST_TEXT, Frames, LogLine, parse

LINES = [
    (
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed on /dev/pts/8",
        LogLine("'su root' failed on /dev/pts/8", 4, 2, "mymachine.example.com", "su", "", "2003-10-11T22:14:15.003Z"),
    ),
    (
        b'<165>1 2003-10-11T22:14:15.003Z h evntslog 7 ID47 [ex@1 a="x" b="]\\""][two@1 c="d"] An event',
        LogLine("An event", 20, 5, "h", "evntslog", "7", "2003-10-11T22:14:15.003Z"),
    ),
    (b"<14>1 - - - - - -", LogLine("", 1, 6)),
    (
        b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
        LogLine("'su root' failed", 4, 2, "mymachine", "su", "", "Oct 11 22:14:15"),
    ),
    (
        b"<13>Oct  1 02:04:05 sshd[812]: hello",
        LogLine("hello", 1, 5, "", "sshd", "812", "Oct  1 02:04:05"),
    ),
    (
        b"<13>2024-01-02T03:04:05.123456+01:00 nas kernel: hello",
        LogLine("hello", 1, 5, "nas", "kernel", "", "2024-01-02T03:04:05.123456+01:00"),
    ),
    (b"<189>12: .Mar  1 00:01:02.003 UTC: %SYS-5-CONFIG_I: Configured", LogLine("%SYS-5-CONFIG_I: Configured", 23, 5)),
    (b"no priority at all", LogLine("no priority at all")),
    (b"<192>too high", LogLine("<192>too high")),
    (b"<13>caf\xe9 ferm\xe9", LogLine("café fermé", 1, 5)),
    (b"<13>cut in the middle of \xd8\xa7\xd9", LogLine("cut in the middle of ا", 1, 5)),
    (b"<13>x\x1b[31mred\x07\n", LogLine("x [31mred", 1, 5)),
]


@pytest.mark.parametrize(("message", "line"), LINES, ids=[message[:30] for message, _ in LINES])
def test_lines_as_they_are_sent(message: bytes, line: LogLine) -> None:
    assert parse(message) == line


_words = st.binary(max_size=400) | st.text(alphabet='<>0123456789 1-[]"\\=:%abzA.\n', max_size=400).map(str.encode)


@settings(derandomize=True, max_examples=400)
@given(_words)
def test_anything_is_a_line_of_printable_text(message: bytes) -> None:
    line = parse(message)
    assert len(line.text) <= LONGEST_TEXT
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line.text)
    assert line.severity is None or 0 <= line.severity <= 7
    assert line.facility is None or 0 <= line.facility <= 23


@pytest.mark.parametrize("hostile", ['["' * 4000, "[" * 8000, "a: " * 2700, "1 " * 4000, '[a="\\' * 1600])
def test_hostile_line_costs_no_time(hostile: str) -> None:
    for head in ("<13>", "<13>1 - - - - - ", "<13>Oct 11 22:14:15 "):
        assert parse((head + hostile).encode()).text


def framed(message: bytes, counted: bool) -> bytes:
    return b"%d %s" % (len(message), message) if counted else message + b"\n"


_messages = st.lists(
    st.tuples(st.text(alphabet="ab 19<>:-", max_size=30).map(lambda text: f"<13>{text}".encode()), st.booleans()),
    max_size=8,
)


@settings(derandomize=True, max_examples=300)
@given(_messages, st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_stream_gives_the_messages_however_it_is_cut(messages: list[tuple[bytes, bool]], cuts: list[int]) -> None:
    stream = b"".join(framed(*one) for one in messages)
    frames, found, at = Frames(), [], 0
    while at < len(stream):
        step = cuts[at % len(cuts)]
        found += frames.feed(stream[at : at + step])
        at += step
    assert found == [message for message, _ in messages]
    assert frames.rest() == b""


@settings(derandomize=True, max_examples=300)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"99999 <", b"3 <1>", b"\n", b"x" * 9000]), max_size=12))
def test_any_stream_is_taken_in_bounded_memory(parts: list[bytes]) -> None:
    frames = Frames()
    for part in parts:
        assert all(len(message) <= LONGEST for message in frames.feed(part))
        assert len(frames._waiting) <= LONGEST + 16


def test_message_longer_than_the_limit_is_cut_and_the_next_one_is_whole() -> None:
    for counted in (True, False):
        frames = Frames()
        found = frames.feed(framed(b"<1>" + b"x" * 20_000, counted) + framed(b"<2>next", counted))
        assert [len(found[0]), found[1]] == [LONGEST, b"<2>next"]
