"""The volatile status file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.errors import UnavailableError
from gateway.store.status import read_status, write_status


def test_status_is_read_back_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "run" / "status.json"
    write_status(path, {"devices": {"srv-1": {"verdict": "ok"}}, "long": "x" * 1000})
    write_status(path, {"devices": {}})
    assert read_status(path) == {"devices": {}}
    assert [entry.name for entry in path.parent.iterdir()] == ["status.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff"])
def test_nothing_readable_is_no_status(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "status.json"
    if content is not None:
        path.write_bytes(content)
    assert read_status(path) is None


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file, no directory")
    with pytest.raises(UnavailableError, match=r"status\.json: .*: free space"):
        write_status(tmp_path / "run" / "status.json", {})
