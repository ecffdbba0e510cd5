"""Which part of a machine speaks, by the words of its name: what failed, and what only sums up the parts. Pure."""

from __future__ import annotations

import re

from gateway.core.incident import Cause

CAUSES: tuple[tuple[str, Cause | None], ...] = (
    ("raid battery", Cause.PART_FAILED),
    ("raid cache", Cause.PART_FAILED),
    ("controller overall", None),  # judged as what it is, a sum
    ("controller", Cause.PART_FAILED),
    ("backplane", Cause.PART_FAILED),
    ("enclosure", Cause.PART_FAILED),
    ("fan", Cause.FAN_FAILED),
    ("power supply", Cause.PSU_FAILED),
    ("power supplies", Cause.PSU_FAILED),
    ("powersupply", Cause.PSU_FAILED),
    ("psu", Cause.PSU_FAILED),
    ("raid", Cause.RAID_DEGRADED),
    ("array", Cause.RAID_DEGRADED),
    ("volume", Cause.RAID_DEGRADED),
    ("virtual disk", Cause.RAID_DEGRADED),
    ("logical drive", Cause.RAID_DEGRADED),
    ("pool", Cause.RAID_DEGRADED),
    ("disk", Cause.DISK_FAILING),
    ("drive", Cause.DISK_FAILING),
    ("temperature", Cause.OVERHEATING),
)
"""Word of the instance or label -> cause; the first that is found counts, ``None``: not judged. Of any device."""

OTHERS: tuple[tuple[str, Cause | None], ...] = (
    (" overall", None),
    ("memory", Cause.PART_FAILED),
    ("dimm", Cause.PART_FAILED),
    ("processor", Cause.PART_FAILED),
    ("battery", Cause.PART_FAILED),
    ("supervisor", Cause.PART_FAILED),
    ("line card", Cause.PART_FAILED),
    ("poe supply", Cause.PART_FAILED),
)
"""Parts that have no cause of their own. Not of power devices: there a battery is told by ``ups.status``."""

WHOLE: tuple[tuple[str, Cause | None], ...] = (
    ("intru", None),  # somebody opened the case: nothing failed
    ("cover", None),
    ("", Cause.PART_FAILED),
)
"""Whatever else a computer calls critical, its sum included."""

_SUM = re.compile(r"overall|system|storage|all parts|.* overall")
OF_PARTS = frozenset({Cause.PART_FAILED, Cause.RAID_DEGRADED})
"""Causes that a sum may have; of fans, supplies and heat the sum says what kind of part it is."""
HARDWARE = OF_PARTS | {Cause.FAN_FAILED, Cause.PSU_FAILED, Cause.DISK_FAILING, Cause.OVERHEATING}
"""Causes of which a machine's sum of its parts is a symptom."""


def sums_up(metric: str, instance: str) -> bool:
    """True for a state that only repeats what a part of the machine says ("overall", "memory overall"): with a part
    that failed it is a symptom of it, alone it is a fault."""
    return metric == "hw.status" and _SUM.fullmatch(instance.lower()) is not None
