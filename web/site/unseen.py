"""What nobody may believe to be watched: where a machine tells little, its page says what stays unseen."""

from __future__ import annotations

from web.common import Language
from web.site.facts import Facts

_HARDWARE = ("hw.temperature", "hw.fan.speed", "hw.fan.speed_ratio")
_DISKS = ("hw.physical_disk.status", "hw.status")


def unseen(facts: Facts, device: str, say: Language) -> list[str]:
    """Things that are not watched on a machine that answers by Windows' own SNMP service; empty for others."""
    profile = str((facts.entry(device).get("identity") or {}).get("profile", ""))
    if "windows" not in profile:
        return []
    known = facts.park.devices[device]
    told = {row.metric for row in facts.latest(device)}
    found = []
    if not told & set(_HARDWARE):
        found.append(say.gettext("Températures, ventilateurs et alimentations : à lire sur la carte de gestion."))
    if not told & set(_DISKS):
        found.append(say.gettext("Santé des disques et du RAID : à lire sur la carte de gestion."))
    if "syslog" not in known.collect:
        found.append(say.gettext("Journal des événements de Windows."))
    if not known.backups:
        found.append(say.gettext("Sauvegardes."))
    found.append(say.gettext("Services de Windows, mises à jour, machines virtuelles."))
    return [str(text) for text in found]
