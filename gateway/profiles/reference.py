"""The second half of `docs/reference/profiles.md`, generated from the profiles that are shipped."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.profiles.model import Match, Profile
from gateway.profiles.recording import dotted


def reference(profiles: Iterable[Profile]) -> str:
    """Which profiles there are, when each applies and what it reads."""
    ordered = sorted(profiles, key=lambda profile: (-profile.rank, profile.id))
    lines = ["| profile | kind | what | rank |", "|---|---|---|---|"]
    lines += [f"| [`{p.id}`](#{p.id}) | {p.kind or ''} | {p.title} | {p.rank} |" for p in ordered]
    for profile in ordered:
        lines += ["", *_section(profile)]
    return "\n".join(lines) + "\n"


def _section(profile: Profile) -> list[str]:
    lines = [f"### {profile.id}", "", f"{profile.title}. Source: {profile.source}.", ""]
    lines += [f"Applies where {_condition(match)}." for match in profile.match]
    if profile.replaces:
        lines.append(f"Replaces {', '.join(f'`{other}`' for other in profile.replaces)}.")
    metrics = {quantity.metric for quantity in profile.reading}
    metrics |= {quantity.metric for table in profile.table for quantity in table.reading}
    metrics |= {quantity.rate for table in profile.table for quantity in table.reading if quantity.rate}
    if metrics:
        lines += ["", f"Reads {', '.join(f'`{metric}`' for metric in sorted(metrics))}."]
    return lines


def _condition(match: Match) -> str:
    parts = []
    if match.sys_object_id:
        parts.append(f"sysObjectID begins with {_either(dotted(prefix) for prefix in match.sys_object_id)}")
    if match.sys_descr:
        shown = match.sys_descr.pattern.replace("|", "\\|")
        parts.append(f"sysDescr matches `{shown}`")
    if match.has:
        parts.append(f"there is a value below {_either(dotted(prefix) for prefix in match.has)}")
    return " and ".join(parts)


def _either(texts: Iterable[str]) -> str:
    return " or ".join(f"`{text}`" for text in texts)
