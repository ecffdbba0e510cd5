"""What a site has decided: `site.toml`, validated whole, every fault told at once with line and remedy."""

from gateway.settings.common import reveal
from gateway.settings.model import (
    CalendarSettings,
    Credential,
    DetectSettings,
    DiscoverySettings,
    KeepSettings,
    NotifySettings,
    PageSettings,
    PanelSettings,
    PollSettings,
    Secret,
    Settings,
    SyslogSettings,
    Target,
    TrapSettings,
    UplinkSettings,
)
from gateway.settings.read import load, parse

__all__ = [
    "CalendarSettings",
    "Credential",
    "DetectSettings",
    "DiscoverySettings",
    "KeepSettings",
    "NotifySettings",
    "PageSettings",
    "PanelSettings",
    "PollSettings",
    "Secret",
    "Settings",
    "SyslogSettings",
    "Target",
    "TrapSettings",
    "UplinkSettings",
    "load",
    "parse",
    "reveal",
]
