"""What is added and changed on the page: written durably in both kinds of inventory, never over people's own file."""

from __future__ import annotations

import errno
import os
from datetime import date
from pathlib import Path

import pytest

from gateway.core.device import Device, Kind, Service, Support, SupportModel, Warranty
from gateway.core.errors import InputError, UnavailableError, VigieError
from gateway.store.inventory import InventoryStore, write_toml
from gateway.store.inventory_form import device_values

KNOWN = Device(
    "srv-1", "Serveur", Kind.SERVER, "10.0.0.5", serial="A-1", purchased_on=date(2020, 1, 2),
    warranty=Warranty(date(2023, 1, 2)),
)  # fmt: skip
NEW = Device("nas-1", "NAS", Kind.NAS, "10.0.0.6", parent="srv-1", collect=("reach",))
SWAP = {"serial": None, "purchased_on": None, "warranty": None}
TEXT = f"# kept by Amel\n{write_toml([KNOWN], [Service('erp', 'ERP', depends_on=('srv-1',))])}"


@pytest.fixture(params=["json", "toml"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> InventoryStore:
    store = InventoryStore(tmp_path / f"inventory.{request.param}")
    if store.read_only:
        store.path.write_text(TEXT)
    else:
        store.replace([KNOWN], [Service("erp", "ERP", depends_on=("srv-1",))])
    return store


def again(store: InventoryStore) -> dict[str, Device]:
    """What another process reads."""
    other = InventoryStore(store.path)
    devices, services = other.read()
    assert [one.id for one in services] == ["erp"]
    assert other.warnings == ()
    return {one.id: one for one in devices}


def test_an_added_device_is_read_back_and_may_be_changed(store: InventoryStore) -> None:
    store.add(device_values(NEW))
    assert again(store) == {"srv-1": KNOWN, "nas-1": NEW}
    store.change("nas-1", {"name": "Sauvegardes", "parent": None})
    assert again(store)["nas-1"] == Device("nas-1", "Sauvegardes", Kind.NAS, "10.0.0.6", collect=("reach",))


def test_an_id_that_is_taken_is_refused(store: InventoryStore) -> None:
    store.add(device_values(NEW))
    for name in ("srv-1", "nas-1", "erp"):
        with pytest.raises(VigieError, match=f"{name} is in the inventory already"):
            store.add({"id": name, "name": "x"})
    assert list(again(store)) == ["srv-1", "nas-1"]


def test_what_is_taken_away_is_gone_and_the_rest_stays(store: InventoryStore) -> None:
    store.change("srv-1", SWAP)
    store.change("srv-1", {"location": "Baie B"})
    changed = again(store)["srv-1"]
    assert (changed.serial, changed.purchased_on, changed.warranty) == ("", None, Warranty())
    assert (changed.name, changed.address, changed.location) == ("Serveur", "10.0.0.5", "Baie B")


def test_of_a_table_only_what_is_named_changes(store: InventoryStore) -> None:
    store.change("srv-1", {"support": {"provider": "Atlas", "phone": "021 00", "model": "tpm"}})
    store.change("srv-1", {"support": {"phone": None, "contract": "AT-1"}, "warranty": {"ends_on": "2027-05-01"}})
    changed = again(store)["srv-1"]
    assert changed.support == Support(SupportModel.TPM, "Atlas", "AT-1")
    assert (changed.warranty, changed.serial) == (Warranty(date(2027, 5, 1)), "A-1")


def test_what_does_not_fit_is_refused_and_changes_nothing(store: InventoryStore) -> None:
    before = again(store)
    with pytest.raises(InputError, match="kind"):
        store.change("srv-1", {"kind": "toaster"})
    with pytest.raises(VigieError, match="no device 'srv-9'"):
        store.change("srv-9", {"name": "x"})
    assert again(store) == before


class TestKeptByHand:
    @pytest.fixture
    def store(self, tmp_path: Path) -> InventoryStore:
        store = InventoryStore(tmp_path / "inventory.toml")
        store.path.write_text(TEXT)
        return store

    def test_the_file_of_people_is_never_touched(self, store: InventoryStore) -> None:
        store.add(device_values(NEW))
        store.change("srv-1", SWAP)
        assert store.path.read_text() == TEXT
        assert [path.name for path in store.files if path.exists()] == ["inventory.toml", "inventory.added.json"]

    def test_what_people_write_later_wins_and_is_told(self, store: InventoryStore) -> None:
        store.change("srv-1", {"serial": "B-2", "location": "Baie B"})
        store.add(device_values(NEW))
        store.path.write_text(TEXT.replace("A-1", "C-3") + '[[device]]\nid = "nas-1"\nname = "Mon NAS"\n')
        devices = {one.id: one for one in store.read()[0]}
        assert (devices["srv-1"].serial, devices["srv-1"].location) == ("C-3", "Baie B")
        assert devices["nas-1"].name == "Mon NAS"
        assert [warning.partition(": ")[2] for warning in store.warnings] == [
            "serial of srv-1 was written by hand after it was changed on the page: that holds",
            "nas-1 is in the inventory kept by hand, which wins",
        ]

    def test_a_device_that_people_took_out_leaves_those_behind_it_watched(self, store: InventoryStore) -> None:
        store.add(device_values(NEW))
        store.path.write_text('[[device]]\nid = "sw-1"\n')
        devices, _ = store.read()
        assert [(one.id, one.parent) for one in devices] == [("sw-1", None), ("nas-1", None)]
        assert "parent srv-1 of nas-1 is in the inventory no more" in store.warnings[0]

    def test_a_folder_that_cannot_be_written_is_told_with_a_remedy(
        self, store: InventoryStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_handle: int) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="give its directory to Vigie's user"):
            store.add(device_values(NEW))
        assert [one.id for one in store.read()[0]] == ["srv-1"]
