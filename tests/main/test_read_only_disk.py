"""A card that is read-only when the box starts (a kernel mounts a failing one so): the box watches from memory, says
so, and writes everything down once the card takes writes."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.core.incident import Incident
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.status import read_status

VIGIE = (sys.executable, "-m", "gateway.main")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a card and make it read-only"),
]


class Box:
    """A site directory with its data on a card of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.card = folder, folder / "card"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = int(taken.getsockname()[1])
        (folder / "site.toml").write_text(
            '[site]\nid = "depot"\nname = "Dépôt"\n[data]\npath = "card"\nruntime = "run"\n'
            '[inventory]\npath = "inventory.toml"\n[poll]\nevery = "1s"\ntimeout = "1s"\n'
            '[page]\nhost = "127.0.0.1"\nport = 8080\n'
        )
        (folder / "inventory.toml").write_text(
            '[[device]]\nid = "srv"\nname = "Serveur"\nkind = "server"\naddress = "127.0.0.1"\ncollect = ["reach"]\n'
            '[[service]]\nid = "till"\nname = "Caisse"\ncriticality = "critical"\ndepends_on = ["srv"]\n'
            f'check = {{ type = "tcp", target = "127.0.0.1", port = {self.port} }}\n'
        )

    @contextmanager
    def running(self, command: str, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{command}.log").open("w") as log:
            process = subprocess.Popen(
                [*VIGIE, command, "--config", str(self.folder / "site.toml"), *more], stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    def log(self, command: str) -> str:
        return (self.folder / f"{command}.log").read_text()

    @property
    def status(self) -> Any:
        return read_status(self.folder / "run" / "status.json") or {}

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.card)], check=True)

    def recorded(self) -> list[Incident]:
        with closing(open_database(self.card / "vigie.db", read_only=True)) as database:
            return SqliteLedger(database).incidents()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    card = tmp_path / "card"
    card.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "none", str(card)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield Box(tmp_path)
    finally:
        subprocess.run(["umount", "-l", str(card)], check=True)


def own(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in changes if one["kind"] == "opened" and one["cause"] == "gateway_fault"]


@pytest.mark.parametrize("used", [False, True], ids=["a new card", "a card in use, cut from power"])
def test_box_watches_on_a_read_only_card_and_writes_down_everything_afterwards(
    box: Box, used: bool, eventually: Callable[..., None]
) -> None:
    if used:
        with socket.create_server(("127.0.0.1", box.port)), box.running("run") as agent:
            eventually(
                lambda: box.status.get("services", {}).get("till", {}).get("verdict") == "ok", "a watch", within_s=40
            )
            agent.kill()
            agent.wait()
        (box.folder / "run" / "status.json").unlink()
    before = sorted(path.name for path in box.card.iterdir())
    box.remount("ro")
    with box.running("run"), box.running("web", "--port", "0"):
        eventually(lambda: "open" in str(box.status.get("unwritten_changes")), "an incident in memory", within_s=60)
        eventually(lambda: own(box.status["unwritten_changes"]), "an incident of the box itself", within_s=60)
        eventually(lambda: box.status["services"]["till"]["verdict"] == "critical", "the service down", within_s=60)
        eventually(
            lambda: len({c["incident"] for c in box.status["unwritten_changes"]}) >= 2, "both incidents", within_s=60
        )
        assert "the disk is read-only" in str(box.status["refused"])
        eventually(lambda: box.status["panel"]["light"] == "red", "the red light", within_s=30)
        address = re.search(r"http://\S+", box.log("web"))
        assert address is not None, box.log("web")
        with urllib.request.urlopen(address[0], timeout=20) as answer:  # noqa: S310 - the page itself
            page = answer.read().decode()
        assert "Caisse" in page
        assert page.count('href="/incidents/') >= 2
        told = own(box.status["unwritten_changes"])
        assert len(told) == 1
        assert sorted(path.name for path in box.card.iterdir()) == before
        box.remount("rw")
        eventually(lambda: box.status.get("unwritten") == 0, "everything written", within_s=30)
        eventually(lambda: not box.status["refused"], "nothing refused any more", within_s=60)
        eventually(
            lambda: all(not one.open for one in box.recorded() if one.cause == "gateway_fault"),
            "the box is well",
            within_s=60,
        )
    causes = sorted(one.cause for one in box.recorded())
    assert causes == ["gateway_fault", "service_down"]
    assert "Traceback" not in box.log("run") + box.log("web")
    with closing(sqlite3.connect(box.card / "vigie.db")) as record:
        assert record.execute("SELECT count(*) FROM boot").fetchone() == (1,)
