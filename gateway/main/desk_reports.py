"""The part of `vigie desk` that counts, prints and sends reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.core.agenda import Appointment, agenda
from gateway.core.errors import UnavailableError

if TYPE_CHECKING:
    from web.desk.counting import Office
    from web.desk.deliver import Attach
    from web.desk.feast_orders import FeastTeller
    from web.desk.ledger import Ledger
    from web.desk.notify import Notification
    from web.desk.orders import Commander
    from web.desk.reporter import Reporter
    from web.desk.settings import DeskSettings

_LOOK_S = 20.0


def make_office(settings: DeskSettings, ledger: Ledger) -> Office:
    """What headquarters counts with."""
    from web.desk.counting import Office
    from web.desk.register import RegisterFile

    return Office(ledger, ledger.book, RegisterFile(settings.register), settings.rhythm)


def attachment(settings: DeskSettings, ledger: Ledger) -> Attach:
    """The PDF that goes with a report, printed as it was counted; nothing with other messages. Raises VigieError where
    it cannot be printed: the message then waits and says why."""
    from web.desk.decisions import REPORT
    from web.desk.notify import NoticeKind
    from web.desk.paper import file_name, sheet
    from web.desk.printing import to_pdf
    from web.desk.reporter import issues

    def attach(message: Notification) -> tuple[str, bytes] | None:
        if message.kind is not NoticeKind.REPORT:
            return None
        sent = next((one for one in issues(ledger.book.entries(REPORT)) if one.key == message.incident), None)
        if sent is None:
            return None
        report = sent.reports[message.language]
        return file_name(report), to_pdf(sheet(report, settings.name))

    return attach


def make_reporter(settings: DeskSettings, ledger: Ledger, url: str) -> Reporter:
    """What makes reports when they are due."""
    from web.desk.reporter import Reporter

    return Reporter(make_office(settings, ledger), ledger, settings.people, url)


def make_teller(ledger: Ledger, commander: Commander) -> FeastTeller:
    """What tells the boxes which day a moving feast is on."""
    from web.desk.feast_orders import FeastTeller

    return FeastTeller(ledger, ledger.book, commander)


def make_agenda(settings: DeskSettings) -> Callable[[date], Sequence[Appointment]]:
    """What falls due on a day, from the register as it stands then."""
    from web.desk.register import RegisterFile

    file = RegisterFile(settings.register)

    def on(day: date) -> Sequence[Appointment]:
        register = file.read()
        return agenda(register.duties, register.contracts, day)

    return on


def keep_reporting(
    reporter: Reporter, teller: FeastTeller, clock: Clock, stopping: threading.Event, log: Callable[[str], None]
) -> None:
    """Makes reports and tells boxes of feasts until told to stop; a database that cannot be used now is tried again."""
    said = ""
    while not stopping.wait(_LOOK_S):
        try:
            asked = teller.step(clock.wall())
            made = reporter.step(clock.wall())
        except UnavailableError as error:
            if str(error) != said:
                log(str(error))
            said = str(error)
            continue
        said = ""
        if asked:
            log(f"{asked} order(s) about feasts")
        if made:
            log(f"{made} report(s) to be sent")
