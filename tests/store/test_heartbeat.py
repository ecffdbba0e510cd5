"""The heartbeat file: durable in place, and never a torn beat."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.errors import UnavailableError
from gateway.store.heartbeat import HeartbeatFile


@pytest.mark.parametrize("torn", range(0, 8192, 512))
def test_torn_or_flipped_page_leaves_the_beat_before(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "heartbeat"
    for number in range(1, 4):
        HeartbeatFile(path).write({"n": number})
    content = bytearray(path.read_bytes())
    content[torn : torn + 3] = b"\x00\xff\x00"
    path.write_bytes(content)
    found = HeartbeatFile(path)
    beat = found.read()
    assert beat in ({"n": 2}, {"n": 3})
    found.write({"n": 4})
    assert HeartbeatFile(path).read() == {"n": 4}


def test_no_file_or_an_empty_one_is_no_beat(tmp_path: Path) -> None:
    assert HeartbeatFile(tmp_path / "heartbeat").read() is None
    (tmp_path / "heartbeat").write_bytes(b"")
    assert HeartbeatFile(tmp_path / "heartbeat").read() is None


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="heartbeat"):
        HeartbeatFile(tmp_path / "not-there" / "heartbeat").write({})
