"""How smartctl's JSON looks, for the tables of disk families: written from manuals and smartctl's own database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

P = "hw.physical_disk."
S = P + "smart."


def ata(model: str, attributes: dict[int, tuple[str, int, int]], **more: Any) -> dict[str, Any]:
    """An ATA answer; attributes by number: (name, normalised, raw)."""
    rows = [
        {"id": number, "name": name, "value": value, "worst": value, "thresh": 0, "raw": {"value": raw}}
        for number, (name, value, raw) in attributes.items()
    ]
    return {
        "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"},
        "model_name": model,
        "serial_number": "MADE-UP-1",
        "smart_status": {"passed": True},
        "ata_smart_attributes": {"table": rows},
        **more,
    }


@dataclass(frozen=True)
class Case:
    """One family: what smartctl says, what must be read, what must not be there."""

    family: str
    answer: dict[str, Any]
    reads: dict[str, float | str]
    absent: tuple[str, ...] = field(default=())


def nvme(model: str, log: dict[str, int], **more: Any) -> dict[str, Any]:
    """An NVMe answer with its health log."""
    return {
        "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
        "model_name": model,
        "serial_number": "MADE-UP-2",
        "smart_status": {"passed": log.get("critical_warning", 0) == 0},
        "nvme_smart_health_information_log": log,
        **more,
    }


def scsi(vendor: str, model: str, **more: Any) -> dict[str, Any]:
    """A SAS or SCSI answer."""
    return {
        "device": {"name": "/dev/sdb", "type": "scsi", "protocol": "SCSI"},
        "scsi_vendor": vendor,
        "scsi_model_name": model,
        "serial_number": "MADE-UP-3",
        "smart_status": {"passed": True},
        **more,
    }
