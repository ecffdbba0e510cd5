"""A site that says nothing is an incident: seen from here, since nobody at the site may be able to tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.incident import Cause, Change, ChangeKind, Incident, Priority, incident_id

DESK = "desk"


@dataclass(frozen=True, slots=True)
class Listening:
    """Since when headquarters itself could hear (``None``: it cannot), and how long a site may be silent (s)."""

    since: float | None
    after_s: float


def silence_changes(
    heard: Mapping[str, float], open_silences: Mapping[str, Incident], now: float, listening: Listening
) -> list[tuple[str, Change]]:
    """(site, change) for every site that fell silent or speaks again. ``heard`` is when each site last spoke (or was
    first expected), ``open_silences`` the incident that lasts, by site.

    Silence counts only while headquarters could hear: its own outage accuses nobody.
    """
    changes = []
    for site, heard_at in heard.items():
        lasting = open_silences.get(site)
        if lasting is not None:
            if heard_at > lasting.opened_at:
                changes.append((site, Change(lasting.id, ChangeKind.RESTORED, heard_at, now, DESK)))
        elif listening.since is not None and now - max(heard_at, listening.since) >= listening.after_s:
            changes.append((site, _opened(site, heard_at, now)))
    return changes


def _opened(site: str, heard_at: float, now: float) -> Change:
    return Change(
        incident_id(site, Cause.SITE_SILENT, None, heard_at),
        ChangeKind.OPENED,
        heard_at,
        now,
        DESK,
        cause=Cause.SITE_SILENT,
        priority=Priority.P2,
        value=round(now - heard_at, 1),
    )


def silences(incidents: Iterable[tuple[str, Incident]]) -> dict[str, Incident]:
    """The lasting silence of each site, from all (site, incident)."""
    return {site: one for site, one in incidents if one.open and one.cause == Cause.SITE_SILENT}
