"""Settings that headquarters may change from afar, within limits: nothing that could cut the box off or blind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from gateway.settings.model import Settings

LIMITS: Mapping[str, tuple[float, float]] = {
    "poll.every": (15.0, 900.0),
    "poll.timeout": (0.5, 10.0),
    "poll.retries": (0.0, 3.0),
    "uplink.summary_every": (60.0, 600.0),
    "detect.enabled": (0.0, 1.0),
}
"""Lowest and highest value of each; durations in s, 0 and 1 for off and on. A summary later than every ten minutes
would make the site look silent."""
SHIFT_DAYS = 1
"""A moving feast is on the day that was announced, or at most so many days from it: the moon is seen or it is not."""
_FEAST = re.compile(r"feast\.([A-Z]{2})\.(\d{4}-\d{2}-\d{2})")


def feast_setting(country: str, on: date) -> str:
    """The setting that says by how many days the feast announced for a date has moved: feast.DZ.2027-03-10."""
    return f"feast.{country}.{on.isoformat()}"


def feast_of(name: str) -> tuple[str, date] | None:
    """Country and announced date of such a setting; ``None`` for any other name."""
    match = _FEAST.fullmatch(name)
    try:
        return (match[1], date.fromisoformat(match[2])) if match else None
    except ValueError:
        return None


def moves(changes: Mapping[str, float]) -> dict[str, dict[date, date]]:
    """Moving feasts as headquarters decided, by country: announced date -> the real one."""
    found: dict[str, dict[date, date]] = {}
    for name, days in changes.items():
        feast = feast_of(name)
        if feast and not refused(name, days):
            found.setdefault(feast[0], {})[feast[1]] = feast[1] + timedelta(days=days)
    return found


def refused(name: str, value: object) -> str:
    """Why a setting may not have this value; empty if it may."""
    feast = feast_of(name) is not None
    if name not in LIMITS and not feast:
        return f"{name!r} cannot be changed from headquarters: {', '.join(LIMITS)} can"
    low, high = (-SHIFT_DAYS, SHIFT_DAYS) if feast else LIMITS[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return f"{name} = {value!r} is out of its limits: {low:g} to {high:g}"
    if (feast or name in ("poll.retries", "detect.enabled")) and value != int(value):
        return f"{name} = {value!r} is no whole number"
    return ""


def adjusted(settings: Settings, changes: Mapping[str, float]) -> Settings:
    """The settings with what headquarters changed; what is not (or no longer) allowed is left as the file says."""
    allowed = {name: value for name, value in changes.items() if not refused(name, value)}
    poll = replace(
        settings.poll,
        every_s=allowed.get("poll.every", settings.poll.every_s),
        timeout_s=allowed.get("poll.timeout", settings.poll.timeout_s),
        retries=round(allowed.get("poll.retries", settings.poll.retries)),
    )
    detect = replace(settings.detect, enabled=bool(allowed.get("detect.enabled", settings.detect.enabled)))
    uplink = settings.uplink
    if uplink:
        uplink = replace(uplink, summary_every_s=allowed.get("uplink.summary_every", uplink.summary_every_s))
    calendar = settings.calendar
    if isinstance(calendar.holidays, str):
        calendar = replace(calendar, moves=moves(changes).get(calendar.holidays, {}))
    return replace(settings, poll=poll, detect=detect, uplink=uplink, calendar=calendar)


def readable(settings: Settings) -> dict[str, Any]:
    """What headquarters may read: neither secrets nor where they lie, nor addresses of devices."""
    poll, uplink = settings.poll, settings.uplink
    return {
        "poll.every": poll.every_s,
        "poll.timeout": poll.timeout_s,
        "poll.retries": poll.retries,
        "poll.concurrency": poll.concurrency,
        "uplink.summary_every": uplink.summary_every_s if uplink else None,
        "uplink.keepalive": uplink.keepalive_s if uplink else None,
        "detect.enabled": settings.detect.enabled,
        "keep.commit": settings.keep.commit_s,
        "keep.raw": settings.keep.raw_s,
        "keep.rollup": settings.keep.rollup_s,
        "panel.enabled": settings.panel.enabled,
        "site.timezone": settings.site.timezone,
        "site.language": settings.site.language,
    }
