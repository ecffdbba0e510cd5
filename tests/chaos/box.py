"""A box without devices: writes facts as fast as it is told to and sends them, until it is killed. Started by
`test_kills.py` as a process of its own, again and again on the same files."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from gateway import wire
from gateway.clock import SystemClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.ports import Batch, Message
from gateway.settings import UplinkSettings
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender

TURN_S = 0.01


def main(folder: Path, url: str, *files: str) -> None:
    """Every fact goes into `promised` only after the record said that it is durable."""
    clock, names = SystemClock(), wire.Names("org", "depot", "0")
    database = open_database(folder / "vigie.db")
    outbox, record = SqliteOutbox(database), SqliteLedger(database)
    settings = UplinkSettings(url, *(Path(file) for file in files), keepalive_s=10)
    sender = Sender(outbox, MqttUplink(settings, names, clock), clock, names, Pace(resend_min_s=2.0))
    sender.start()
    n = outbox.newest()
    pause = threading.Event()
    with (folder / "promised").open("a", encoding="ascii") as promised:
        while not pause.wait(TURN_S):
            if not (folder / "enough").exists():
                n += 1
                before, after = (Verdict.OK, Verdict.CRITICAL) if n % 2 else (Verdict.CRITICAL, Verdict.OK)
                fact = Transition("sw-1", "reach.up", "", before, after, float(n), float(n), 0.0)
                message = Message("evt", 1, wire.facts_body([fact]))
                record.record(Batch(stamp(clock), [fact], (), [message]))
                promised.write(f"{n}\n")
                promised.flush()
            sender.step()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
