"""The `vigie` command: one lazy group, so that `vigie --help` loads no broker, model or browser library."""

from __future__ import annotations

import importlib
import sys

import click

from gateway.core.errors import InputError, VigieError

_COMMANDS = {
    "check": "gateway.main.check:check",
    "demo": "gateway.main.demo:demo",
    "desk": "gateway.main.desk:desk",
    "discover": "gateway.main.discover:discover",
    "doctor": "gateway.main.doctor:doctor",
    "export": "gateway.main.inventory:export",
    "import": "gateway.main.inventory:import_",
    "probe": "gateway.main.probe:probe",
    "profiles": "gateway.main.probe:profiles",
    "record": "gateway.main.probe:record",
    "replay": "gateway.main.replay:replay",
    "run": "gateway.main.run:run",
    "simulate": "gateway.main.simulate:simulate",
    "sla": "gateway.main.sla:sla",
    "timeline": "gateway.main.timeline:timeline",
    "web": "gateway.main.web:web",
}


class _LazyGroup(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a fault of this table, not of the user
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vigie")
def cli() -> None:
    """Vigie watches the machines of a depot, explains what fails and reports to headquarters."""


def main() -> None:
    """Entry point: bad input ends with one line per fault on stderr and exit code 2, never with a traceback."""
    try:
        code = cli.main(standalone_mode=False)
    except InputError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(2)
    except VigieError as error:
        click.echo(f"vigie: {error}", err=True)
        sys.exit(1 if error.retry else 2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)
