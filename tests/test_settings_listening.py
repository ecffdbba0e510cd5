"""The tables [traps] and [syslog] of site.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.errors import InputError
from gateway.settings import SyslogSettings, TrapSettings, parse

SITE = '[site]\nid = "d"\n'


def test_nothing_listens_unless_asked(tmp_path: Path) -> None:
    settings = parse(SITE, tmp_path / "site.toml")
    assert (settings.traps, settings.syslog) == (None, None)


def test_bare_tables_mean_the_usual_ports(tmp_path: Path) -> None:
    settings = parse(SITE + "[traps]\n[syslog]\n", tmp_path / "site.toml")
    assert (settings.traps, settings.syslog) == (TrapSettings("0.0.0.0", 162), SyslogSettings("0.0.0.0", 514, 514))


def test_other_ports_and_patterns_of_the_site(tmp_path: Path) -> None:
    text = '[traps]\nport = 1162\n[syslog]\nhost = "127.0.0.1"\ntcp = 0\nudp = 1514\npatterns = "p.toml"\n'
    settings = parse(SITE + text, tmp_path / "site.toml")
    assert settings.traps == TrapSettings(port=1162)
    assert settings.syslog == SyslogSettings("127.0.0.1", 1514, 0, tmp_path / "p.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[traps]\nport = 0\n", "traps.port is 0"),
        ("[syslog]\nudp = 0\ntcp = 0\n", "neither udp nor tcp"),
        ("[syslog]\nports = 514\n", 'unknown key "syslog.ports"'),
    ],
)
def test_faults_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(SITE + text, tmp_path / "site.toml")
