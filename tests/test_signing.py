"""Signatures of headquarters: made with one key, believed with its public half only."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import VigieError
from gateway.signing import read_signing_key, verified


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    made = read_signing_key(path)
    assert read_signing_key(path).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert len(made.public) == 43


def test_only_the_same_bytes_and_the_same_key_are_believed(tmp_path: Path) -> None:
    key, other = read_signing_key(tmp_path / "a.pem"), read_signing_key(tmp_path / "b.pem")
    signature = key.sign(b"do it")
    assert verified(key.public, b"do it", signature)
    assert not verified(key.public, b"do  it", signature)
    assert not verified(other.public, b"do it", signature)


@given(public=st.text(max_size=60), signature=st.text(max_size=100))
def test_nonsense_is_never_believed(public: str, signature: str) -> None:
    assert not verified(public, b"x", signature)


def test_a_file_that_is_no_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    path.write_text("nothing")
    with pytest.raises(VigieError, match=r"signing\.pem: no private key"):
        read_signing_key(path)
