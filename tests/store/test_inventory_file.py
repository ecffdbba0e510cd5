"""The inventory on disk: a torn write, a flipped bit, a full disk, a second writer."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.core.device import GATEWAY, Device, Service
from gateway.core.errors import DamagedError, InputError, UnavailableError, VigieError
from gateway.store.inventory import AtomicJSONStorage, InventoryStore

ONE = (Device("a", "A"),)
TWO = (Device("a", "A"), Device("b", "B", parent="a"))
SERVICES = (Service("s", "S", depends_on=("a",)),)


@pytest.fixture
def store(tmp_path: Path) -> InventoryStore:
    """A file with two generations: ONE, then TWO with a service."""
    store = InventoryStore(tmp_path / "data" / "inventory.json")
    store.replace(ONE, ())
    store.replace(TWO, SERVICES)
    return store


def test_no_file_yet_is_an_empty_inventory_with_the_gateway(tmp_path: Path) -> None:
    store = InventoryStore(tmp_path / "inventory.json")
    assert store.read() == ((), ())
    assert list(store.park().devices) == [GATEWAY]


def test_what_was_replaced_is_read_back_by_another_process(store: InventoryStore) -> None:
    assert InventoryStore(store.path).read() == (TWO, SERVICES)
    assert list(store.park().path("b")) == ["a"]


def test_every_single_flipped_bit_is_noticed_and_the_generation_before_is_served(store: InventoryStore) -> None:
    content = store.path.read_bytes()
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        store.path.write_bytes(damaged)
        assert store.read() == (ONE, ())
        assert "is damaged: the generation before it is used" in store.warnings[0]


@pytest.mark.parametrize("length", [0, 5, 16, 40])
def test_cut_file_is_noticed_and_the_generation_before_is_served(store: InventoryStore, length: int) -> None:
    store.path.write_bytes(store.path.read_bytes()[:length])
    assert store.read() == (ONE, ())


def test_damage_without_an_intact_generation_is_an_error_with_a_remedy(store: InventoryStore) -> None:
    store.path.write_bytes(b"?")
    store.path.with_name("inventory.json.1").write_bytes(b"?")
    with pytest.raises(DamagedError, match=r"inventory\.json\.1 is damaged: `vigie import` an export"):
        store.read()


def test_writing_over_a_damaged_file_keeps_the_intact_generation(store: InventoryStore) -> None:
    store.path.write_bytes(b"?")
    store.replace((), ())
    store.path.write_bytes(b"?")
    assert store.read() == (ONE, ())


def test_full_disk_leaves_the_old_inventory_whole(store: InventoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(UnavailableError, match="No space left on device: free space"):
        store.replace((), ())
    monkeypatch.undo()
    assert store.read() == (TWO, SERVICES)
    assert not list(store.path.parent.glob("*.tmp"))


def test_power_cut_before_the_rename_leaves_the_old_inventory(
    store: InventoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> Path:
        raise PowerCut

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(PowerCut):
        store.replace((), ())
    monkeypatch.undo()
    assert InventoryStore(store.path).read() == (TWO, SERVICES)
    store.replace(ONE, ())
    assert store.read() == (ONE, ())


def test_second_writer_is_refused_while_the_first_writes(store: InventoryStore) -> None:
    with AtomicJSONStorage(store.path)._locked(), pytest.raises(UnavailableError, match="written by another process"):
        store.replace((), ())


def test_file_kept_by_hand_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "inventory.toml"
    path.write_text('[[device]]\nid = "a"\n')
    store = InventoryStore(path)
    assert store.read() == ((Device("a", "a"),), ())
    with pytest.raises(VigieError, match="kept by hand"):
        store.replace((), ())
    path.write_text('[[device]]\nid = "a"\nparent = "z"\n')
    with pytest.raises(InputError, match=r'inventory\.toml:3: a: parent "z"'):
        store.read()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        store.read()
    path.unlink()
    with pytest.raises(UnavailableError, match="No such file"):
        store.read()
