"""A small depot in virtual time, polled once a step: what the tests of judging and explaining share."""

from __future__ import annotations

import pytest

from gateway.core.correlator import Outcome, Patience
from gateway.core.device import GATEWAY, Criticality, Device, Kind, Park, Service
from gateway.core.incident import Change, Incident, fold
from gateway.core.reading import Failure, FailureKind, Poll, Reading, round_readings
from gateway.core.watch import Watch

STEP = 30.0
QUICK = Patience(2.5 * STEP, 2.0 * STEP)


def depot() -> Park:
    critical, important = Criticality.CRITICAL, Criticality.IMPORTANT
    return Park(
        [
            Device("ups-1", "Onduleur", Kind.UPS, criticality=critical, parent="sw-core"),
            Device("sw-core", "Switch", Kind.SWITCH, criticality=critical, power="ups-1"),
            Device("srv-1", "Serveur", Kind.SERVER, criticality=critical, parent="sw-core", power="ups-1"),
            Device("sw-2", "Switch 2", Kind.SWITCH, criticality=important, parent="sw-core"),
            Device("srv-2", "Serveur 2", Kind.SERVER, criticality=important, parent="sw-2", power="ups-1"),
            Device("prn-1", "Imprimante", Kind.PRINTER, parent="sw-2"),
        ],
        [
            Service("erp", "ERP", critical, ("srv-1",)),
            Service("mail", "Messagerie", important, ("srv-2",)),
        ],
    )


class Depot:
    """Polls everything once per step; what is silent, and extra readings, are set by the test."""

    def __init__(self, park: Park | None = None, patience: Patience = QUICK) -> None:
        self.park = park or depot()
        self.watch = Watch("site", self.park, patience=patience)
        self.now = 1000.0
        self.silent: set[str] = set()
        self.down: set[str] = set()
        self.values: dict[tuple[str, str, str], float | str] = {("ups-1", "ups.status", ""): "OL"}
        self.changes: list[Change] = []
        self.outcomes: list[Outcome] = []

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            for number, subject in enumerate([GATEWAY, *self.order()]):
                self.see(subject, self.now + 0.1 * number)
            self.now += STEP

    def order(self) -> list[str]:
        # the worst order: what is furthest from the gateway is asked first
        return [*reversed([d for d in self.park.devices if d != GATEWAY]), *self.park.services]

    def see(self, subject: str, at: float) -> None:
        failure = Failure(FailureKind.TIMEOUT, "poll") if subject in self.silent | self.down else None
        readings = tuple(
            Reading(device, metric, value, at, instance)
            for (device, metric, instance), value in self.values.items()
            if device == subject and not failure
        )
        outcome = self.watch.see(
            subject, round_readings(subject, [Poll(subject, "snmp", at, readings, failure)], at), at
        )
        self.outcomes.append(outcome)
        self.changes.extend(outcome.changes)

    def incidents(self) -> list[Incident]:
        return [incident for incident in fold(self.changes).values() if not incident.merged_into]

    def only(self) -> Incident:
        (incident,) = self.incidents()
        return incident


@pytest.fixture
def make_depot() -> type[Depot]:
    """``make_depot(park, patience)``."""
    return Depot


@pytest.fixture
def site() -> Depot:
    """The depot after three quiet rounds."""
    site = Depot()
    site.step(3)
    assert not site.changes
    return site
