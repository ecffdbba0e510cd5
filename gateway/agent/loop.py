"""The agent: one asyncio loop that asks every device on its own schedule and writes down what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from gateway.agent.anomaly import AnomalyScores
from gateway.agent.aside import Aside, own_faults
from gateway.agent.commands import carry_out
from gateway.agent.disk_growth import DiskGrowth
from gateway.agent.foresight import Foresight
from gateway.agent.hourly import Hourly
from gateway.agent.keeping import Keeping
from gateway.agent.orders import Done, Obedience
from gateway.agent.parts import Parts
from gateway.agent.recall import Recall
from gateway.agent.rounds import Rounds
from gateway.agent.status import Latest, document, states, summary
from gateway.agent.stocktaking import Stocktaking, Taken
from gateway.agent.sweeping import Sweeping
from gateway.agent.unasked import Unasked
from gateway.alert import policy
from gateway.clock import stamp
from gateway.core.correlator import Outcome, Patience
from gateway.core.device import GATEWAY
from gateway.core.heard import witnesses
from gateway.core.incident import Transition, continued
from gateway.core.inventory import Entry
from gateway.core.reading import Poll, round_readings
from gateway.core.schedule import Schedule
from gateway.core.watch import Watch
from gateway.ports import Batch, Message, Signal
from gateway.wire import facts_body, inventory_body, results_body, steps_body, summary_body

TICK_S = 0.25
HEARTBEAT_S = 300.0  # each is a commit of the file system: at a minute they wore a card more than all readings
COMMANDS_S = 1.0
CLOCK_S = 1.0
INVENTORY_S = 86_400.0
_OFF_AFTER_S = 360.0
"""A start within this time of the last heartbeat, in the same boot, is a restart and not an outage of the box."""

_TOLD_CHANGES = 1000
"""Changes of incidents that no disk has taken yet are told to the page in the status document, the newest ones."""

_ANSWER_LANE, _EVT_LANE, _SUMMARY_LANE = 0, 1, 2

log = structlog.get_logger()


class Agent:
    """Watches one site until it is told to stop."""

    def __init__(self, parts: Parts, unwritten: Sequence[Batch] = ()) -> None:
        """``unwritten`` is what the agent before could not write down."""
        self.parts = parts
        poll = parts.settings.poll
        patience = Patience(2.5 * poll.every_s, min(300.0, 5.0 * poll.every_s), min(1800.0, 30.0 * poll.every_s))
        self._reopen_s = patience.reopen_s
        self.watch = Watch(parts.settings.site.id, parts.park, patience=patience, checks=parts.checks)
        self.latest = Latest()
        self.signal: Signal | None = None
        self._obedience = (
            Obedience(parts.desk, self.watch, parts.clock, self._health, parts.ledger.incident) if parts.desk else None
        )
        self._hourly = Hourly(told=parts.link is not None)
        self._scores = AnomalyScores(parts.detector) if parts.detector else None
        self._growth = DiskGrowth(parts.history)
        self._recall = Recall(parts.samples, parts.history, self.watch.recall)
        self._foresight = Foresight(parts.park, parts.clock, parts.history)
        self._rounds = Rounds(parts, self.take)
        self._chores = Schedule(
            {
                "commands": COMMANDS_S,
                "heartbeat": HEARTBEAT_S,
                "clock": CLOCK_S,
                "flush": parts.settings.keep.commit_s,
                "status": min(15.0, max(poll.every_s, 2.0)),
                "inventory": INVENTORY_S,
                "check": INVENTORY_S,
                "summary": parts.settings.uplink.summary_every_s if parts.settings.uplink else 300.0,
            },
            parts.clock.monotonic(),
        )
        self._unasked = Unasked(parts, self._rounds.schedule, self._rounds.asked, self.latest)
        self._stock = Stocktaking(parts.park, parts.ledger, parts.stock)
        age_s = None if self._stock.swept_at is None else parts.clock.wall() - self._stock.swept_at
        self._sweeping = Sweeping(parts.survey, self._stock.identified, self._swept, age_s)
        self._last_command = 0
        self._stepped_at = 0.0
        self._keeping = Keeping(parts.ledger, unwritten)
        self._kept = self._keeping.kept
        self._aside, self._care = Aside(self._done_aside), parts.storage.care if parts.storage else parts.samples.flush
        self.outdated = False
        """The record was moved in time, or a setting was changed: a new agent must take the record up."""

    @property
    def unwritten(self) -> list[Batch]:
        """What could not be written down yet, oldest first."""
        return self._keeping.unwritten

    async def run(self, stop: asyncio.Event) -> None:
        """Watches until ``stop`` is set or the record was moved in time; then finishes what runs, writes everything
        down and says goodbye."""
        self.start()
        try:
            while not stop.is_set():
                self.step()
                if self.outdated:
                    break
                try:
                    await asyncio.wait_for(stop.wait(), TICK_S)
                except TimeoutError:
                    continue
        finally:
            await self._rounds.close()
            self.finish()

    def start(self) -> None:
        """Takes up the record of the run before; the time in which the box did not watch becomes unknown."""
        self._keeping.write()
        parts, now, verdicts = self.parts, self.parts.clock.wall(), self.parts.ledger.verdicts()
        self.watch.resume(
            [
                Transition(*v.series, v.verdict, v.verdict, v.since, v.since, v.value, v.cause, v.label, v.check)
                for v in verdicts
            ]
            + self._keeping.transitions(),
            continued(parts.ledger.incidents(since=now - self._reopen_s), self._keeping.changes()),
        )
        self._last_command = parts.ledger.last_command()
        heartbeat = parts.board.read_heartbeat()
        if heartbeat:
            # what was concluded after the last beat was still watched
            before = min(max(float(heartbeat.get("at", now)), *(v.since for v in verdicts), 0.0), now)
            same_boot = heartbeat.get("boot_id") == parts.clock.boot_id()
            if same_boot:  # the wall clock may have been set in between: only what has passed counts
                before = now - (parts.clock.monotonic() - float(heartbeat.get("monotonic", 0.0)))
            if not same_boot or now - before > _OFF_AFTER_S:
                self._did_not_watch(before, now)
        if parts.link:
            parts.link.start()
            parts.link.set_states(states(self.watch, now))
        self._heartbeat()

    def _did_not_watch(self, since: float, at: float) -> None:
        self._record(self.watch.gateway_off(since, at))
        log.info("the box did not watch", since=since, seconds=round(at - since))

    def step(self) -> None:
        """Everything that is due now. Returns at once: polls run on as tasks."""
        now, wall = self.parts.clock.monotonic(), self.parts.clock.wall()
        before, self._stepped_at = self._stepped_at or now, now
        if now - before > _OFF_AFTER_S:  # the process was stopped and continued, or the machine slept
            self._did_not_watch(wall - (now - before), wall)
        for chore in self._chores.due(now):
            self._chore(chore)
            if self.outdated:
                return
        self._rounds.step(now)
        self._unasked.step(now)
        self._sweeping.step(now)
        if self.parts.link:
            self._kept("outbox", self.parts.link.step)
        self._show()

    def finish(self) -> None:
        """Writes down what is in memory and closes the link."""
        self._unasked.close()
        self._sweeping.close()
        self._keeping.write()
        self._kept("samples", self.parts.samples.flush)
        self._heartbeat()
        if self.parts.link:
            self._kept("outbox", self.parts.link.close)
        self.parts.panel.close()

    def take(self, subject: str, polls: list[Poll], at: float) -> None:
        """Keeps, judges and records one round."""
        readings = list(round_readings(subject, polls, at))
        if subject == GATEWAY:
            refused, linked = (
                {**self._keeping.refused, **self._unasked.faults, **self._sweeping.faults},
                self._linked() if self.parts.link else None,
            )
            readings.extend(own_faults(self.parts, self._rounds.faults, refused, linked, at))
        readings.extend(self._unasked.readings(subject, at))
        if self._scores:
            readings.extend(list(self._scores.of(readings)))
        readings.extend(self._growth.of(readings))
        self.latest.take(subject, polls, readings, at)
        readings.extend(list(self._foresight.readings(subject, self.latest.readings, at)))
        self._kept("readings", lambda: self.parts.samples.append(readings))
        self._recall.note((one.series, at) for one in readings)
        for message in self._hourly.take(readings):
            self._kept("outbox", lambda message=message: self.parts.outbox.put(message, stamp(self.parts.clock)))  # type: ignore[misc]
        outcome = self.watch.see(subject, readings, at)
        self._record(outcome, entries=self._stock.polled(subject, polls, at))
        self._rounds.hasten(outcome.suspects)

    # recording

    def _record(
        self,
        outcome: Outcome,
        command: int | None = None,
        result: str = "",
        *,
        order: Done | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        if not outcome and command is None and order is None and not entries:
            return
        messages = []
        if outcome or order:
            body = facts_body(outcome.transitions, outcome.changes)
            if order:
                body["results"] = results_body([order.result])
            if moves := self.parts.timeline.moves() if self.parts.timeline else 0:
                body["line"] = moves
            # facts keep their order among themselves: only an answer without any goes before them
            messages.append(Message("evt", _EVT_LANE if outcome else _ANSWER_LANE, body))
        kept = order.kept if order else None
        now, transitions, changes = stamp(self.parts.clock), outcome.transitions, outcome.changes
        heard = [line for change in changes for line in witnesses(change, self.latest.heard)]
        batch = Batch(now, transitions, changes, messages, command, result, kept, (*entries, *heard))
        self._keeping.write(batch)
        for change in outcome.changes:
            incident = change.incident
            log.info("incident", id=incident, kind=str(change.kind), cause=str(change.cause), root=change.root_device)
        self._show()
        if self.parts.link:
            self.parts.link.set_states(states(self.watch, batch.stamp.wall))

    def _done_aside(self, what: str, result: Callable[[], object]) -> None:
        self._kept(what, result)
        if self.parts.storage and self.parts.storage.broken():
            self.outdated = True

    # chores

    def _chore(self, name: str) -> None:
        match name:
            case "commands":
                self._take_commands()
                self._keeping.write()
            case "heartbeat":
                self._heartbeat()
            case "clock":
                self._look_at_clock()
            case "flush":
                self._aside.begin("samples", self._care)
            case "check" if self.parts.storage:
                self._aside.begin("check", self.parts.storage.check)
            case "status":
                self._tell_status()
            case "summary":
                self._kept("outbox", self._tell_summary)
            case "inventory":
                if not self._kept("outbox", self._tell_inventory):
                    self._chores.hasten([name], self.parts.clock.monotonic() + 60.0)

    def _take_commands(self) -> None:
        now = self.parts.clock.wall()
        for press in self.parts.panel.presses():
            outcome = Outcome()
            for change in policy.pressed(press, self.watch.incidents.values(), now):
                outcome.changes.extend(self.watch.person(change).changes)
            self._record(outcome)
        if not self._keeping.unwritten:  # while nothing can be written, commands wait in commands.db
            self._kept("commands", self._carry_out)

    def _obey(self) -> None:
        """Deals with what headquarters asked. An order that cannot be written down yet comes again."""
        orders = self.parts.link.orders() if self.parts.link else ()
        for done in self._obedience.carry_out(orders, self.parts.settings) if self._obedience else ():
            self._record(done.outcome, order=done)
            self._rounds.hasten(done.outcome.suspects)
            self.outdated |= done.settings_changed

    def _carry_out(self) -> None:
        self._obey()
        now = self.parts.clock.wall()
        for command in self.parts.commands.after(self._last_command):
            taken = self._stock.carry_out(command, now)
            past = self.parts.ledger.incident
            outcome, result = (Outcome(), taken.refusal) if taken else carry_out(self.watch, command, now, past)
            log.info("command", id=command.id, kind=command.kind, who=command.who, result=result)
            self._last_command = command.id
            self._record(outcome, command.id, result, entries=taken.entries if taken else ())
            self._rounds.hasten(outcome.suspects)
            if taken:
                self._took_stock(taken)
            if self.outdated:
                return  # the next agent knows the inventory as it is now

    def _took_stock(self, taken: Taken) -> None:
        if taken.sweep:
            self._sweeping.ask()
        self.outdated |= taken.changed
        self._tell_status()

    def _swept(self, document: Mapping[str, Any]) -> None:
        self._record(Outcome(), entries=self._stock.swept(document))
        self._tell_status()

    def _look_at_clock(self) -> None:
        """What waits to be written must be written first: it holds instants of the line as it is."""
        timeline, moved = self.parts.timeline, list[bool]()
        if timeline and not self._keeping.unwritten:
            self._kept("record", lambda: moved.append(timeline.look()))
        self.outdated |= any(moved)

    def _heartbeat(self) -> None:
        clock = self.parts.clock
        beat = {"at": clock.wall(), "boot_id": clock.boot_id(), "monotonic": clock.monotonic()}
        self._kept("record", lambda: self.parts.board.write_heartbeat(beat))

    def _tell_status(self) -> None:
        sweep = {"possible": self._sweeping.possible, "running": self._sweeping.running}
        extra = {**self._health(), **self._stock.told(), "sweep": sweep}
        self._kept("status", lambda: self.parts.board.write(document(self.watch, self.latest, extra)))

    def _health(self) -> dict[str, Any]:
        """How the box itself is doing."""
        parts = self.parts
        return {
            "at": parts.clock.wall(),
            "site": parts.settings.site.id,
            "boot_id": parts.clock.boot_id(),
            "clock_trusted": parts.clock.trusted(),
            "clock": dict(parts.timeline.status()) if parts.timeline else None,
            "link": dict(parts.link.status()) if parts.link else None,
            "panel": self._panel(),
            "model": parts.detector.version if parts.detector else None,
            "refused": {what: why for what, why in self._keeping.refused.items() if why},
            "unwritten": len(self._keeping.unwritten),
            "unwritten_changes": self._keeping.changes()[-_TOLD_CHANGES:],
            "forecasts": self._foresight.told(),
            "storage": dict(parts.storage.status()) if parts.storage else None,
            "version": parts.version,
        }

    def _tell_summary(self) -> None:
        body = summary_body(summary(self.watch, self.parts.clock.wall(), self.signal, self.parts.outbox))
        self.parts.outbox.put(Message("summary", _SUMMARY_LANE, body), stamp(self.parts.clock))
        if self._stock.news:
            self._tell_inventory()

    def _tell_inventory(self) -> None:
        settings, park = self.parts.settings, self._stock.identified()
        contact = (settings.contact_name, settings.contact_phone)
        body = inventory_body(settings.site, park, settings.service_levels, settings.calendar, contact)
        body |= {"steps": steps_body(self.parts.steps)} if self.parts.steps else {}
        self.parts.outbox.put(Message("rpt", _SUMMARY_LANE, body), stamp(self.parts.clock))
        self._stock.news = False

    # panel

    def _show(self) -> None:
        watch = self.watch
        self.signal = policy.signal(
            watch.incidents.values(),
            linked=self._linked(),
            now=self.parts.clock.wall(),
            unknown=watch.blind,
        )
        self.parts.panel.show(self.signal)

    def _linked(self) -> bool:
        """True while headquarters can be reached, or where none is set up."""
        return self.parts.link is None or bool(self.parts.link.status().get("connected"))

    def _panel(self) -> dict[str, str]:
        shown = self.signal
        return {"light": shown.light, "blink": shown.blink, "buzzer": shown.buzzer} if shown else {}
