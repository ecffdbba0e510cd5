"""`vigie check` reads the site's own patterns of syslog."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.main.cli import cli


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[pattern]]\nevent = 'till'\nmatch = ['drawer (']\n", "patterns.toml:3"),
        ("[[pattern]]\nevent = 'till'\nmatch = ['drawer']\n", "in order"),
        (None, "patterns.toml is not there"),
    ],
)
def test_faults_of_own_patterns_are_told(tmp_path: Path, text: str | None, said: str) -> None:
    (tmp_path / "site.toml").write_text('[site]\nid = "d"\n[syslog]\npatterns = "patterns.toml"\n')
    if text is not None:
        (tmp_path / "patterns.toml").write_text(text)
    command = ["check", "--config", str(tmp_path / "site.toml")]
    done = CliRunner().invoke(cli, command, standalone_mode=False)
    assert said in done.output
    assert done.return_value == (0 if said == "in order" else 2)
