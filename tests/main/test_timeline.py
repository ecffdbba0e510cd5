"""A clock that is wrong in every way a box without a battery knows: what record and headquarters say afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.core.inventory import Entry, EntryKind
from gateway.core.retiming import line_of, moves_of, retimed
from gateway.main.timeline import Timeline, timeline
from gateway.ports import Batch, Message
from gateway.store.boots import SqliteBoots
from gateway.store.db import Database, open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.wire import changes_of, facts_body, transitions_of

TRUTH = 1_780_000_000.0
YEAR_S = 365 * 86_400.0


@dataclass
class Box:
    """A box whose true time is known to the test. The subject of a transition is the true instant of its writing."""

    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(TRUTH))
    error: float = 0.0
    _beat: dict[str, object] | None = None

    def __post_init__(self) -> None:
        self.database: Database = open_database(self.folder / "vigie.db")
        self.ledger, self.outbox = SqliteLedger(self.database), SqliteOutbox(self.database)
        self.start()

    def start(self) -> None:
        self.timeline = Timeline(self.clock, self.database, self._beat)
        self.beat()

    def beat(self) -> None:
        clock, line = self.timeline.clock, self.timeline
        now = clock.monotonic()
        self._beat = {
            "at": clock.wall(),
            "boot_id": clock.boot_id(),
            "monotonic": now,
            "moves": line.moves(),
        }

    @property
    def truth(self) -> float:
        return self.clock.wall() - self.error

    def live(self, seconds: float) -> None:
        """Time passes; the agent looks at its clock, and left a heartbeat a while ago."""
        self.clock.advance(seconds / 2)
        self.timeline.look()
        self.beat()
        self.clock.advance(seconds / 2)
        self.timeline.look()

    def cut(self, off_s: float, *, wakes_at: float | None = None, trusted: bool = False) -> None:
        """The power fails for a while; the clock then says ``wakes_at``, or goes on where it stopped."""
        stopped = self.clock.wall()
        self.clock.reboot(off_s=off_s)
        self.clock.is_trusted = trusted
        self.set(stopped if wakes_at is None else wakes_at)
        self.start()

    def set(self, wall: float) -> None:
        """The wall clock is set."""
        self.error += wall - self.clock.wall()
        self.clock.step(wall - self.clock.wall())

    def learn(self) -> None:
        """A time service is reached."""
        self.set(self.truth)
        self.clock.is_trusted = True
        self.timeline.look()
        self.beat()

    def write(self, incident: str = "", kind: ChangeKind = ChangeKind.OPENED) -> float:
        """One fact that happens now; returns the instant written."""
        at, truth = self.timeline.clock.wall(), f"{self.truth:.3f}"
        transitions = [Transition(truth, "reach.up", "", Verdict.OK, Verdict.CRITICAL, at, at)]
        changes = [Change(incident, kind, at, at, cause="power_lost")] if incident else []
        body = facts_body(transitions, changes) | {"line": self.timeline.moves()}
        self.ledger.record(Batch(stamp(self.timeline.clock), transitions, changes, [Message("evt", 1, body)]))
        return at

    def errors(self) -> list[float]:
        """How far every transition on record lies from the truth."""
        return [round(fact.at - float(fact.subject), 3) for fact in self.ledger.transitions(-1e12, 1e12)]

    def at_headquarters(self) -> list[Transition | Change]:
        """Every fact as headquarters corrects it, from the messages alone; they may come in any order."""
        rows = self.outbox.take(100_000)
        moves = dict(told for row in rows if (told := moves_of(msgspec.json.decode(row.body))))
        facts: list[Transition | Change] = []
        for row in sorted(rows, key=lambda row: row.seq):
            body = msgspec.json.decode(row.body)
            later = moves.get(row.boot_id, [])[line_of(body) :]
            facts += [retimed(fact, later) for fact in transitions_of(body)]
            facts += [retimed(fact, later) for fact in changes_of(body)]
        return facts


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_boot_that_learns_the_time_late_is_put_right(box: Box) -> None:
    box.write()
    box.cut(3 * 3600.0)
    for _ in range(5):
        box.live(60)
        box.write()
    assert max(abs(error) for error in box.errors()) > 10_000
    box.learn()
    box.live(60)
    box.write()
    assert max(abs(error) for error in box.errors()) < 0.6


@pytest.mark.parametrize("wakes_at", [0.0, 1000.0, TRUTH - 9 * YEAR_S, TRUTH + 9 * YEAR_S])
def test_year_1970_and_a_clock_that_is_years_off_are_put_right(box: Box, wakes_at: float) -> None:
    box.live(600)
    box.write("incident-a")
    box.cut(1800.0, wakes_at=wakes_at)
    box.live(60)
    box.write()
    box.learn()
    box.live(60)
    box.write("incident-a", ChangeKind.RESTORED)
    assert max(abs(error) for error in box.errors()) < 1.1
    (incident,) = box.ledger.incidents()
    assert incident.restored_at is not None
    assert incident.restored_at - incident.opened_at == pytest.approx(1920, abs=1.1)


def test_clock_that_lost_the_time_is_never_believed_to_be_before_the_last_boot(box: Box) -> None:
    box.live(600)
    box.write()
    last = box.timeline.clock.wall()
    box.cut(1800.0, wakes_at=0.0)
    assert last < box.timeline.clock.wall() < last + 2
    assert box.timeline.clock.trusted() is False


def test_outage_across_a_step_lasts_as_long_as_it_lasted(box: Box) -> None:
    box.cut(600.0, wakes_at=TRUTH - 15_000)
    box.live(1620)
    opened = box.write("incident-b")
    box.live(180)
    box.learn()
    box.live(240)
    box.write("incident-b", ChangeKind.RESTORED)
    (incident,) = box.ledger.incidents()
    assert incident.restored_at is not None
    assert incident.restored_at - incident.opened_at == pytest.approx(420, abs=0.001)
    assert incident.opened_at != opened


def test_what_devices_said_before_the_time_was_known_moves_with_the_rest(box: Box) -> None:
    box.cut(600.0, wakes_at=TRUTH - 15_000)
    at = box.timeline.clock.wall()
    entry = Entry(EntryKind.SAID, "ups-1", at, body={"serial": "AS1"})
    box.ledger.record(Batch(stamp(box.timeline.clock), entries=[entry]))
    truth = box.truth
    box.live(60)
    box.learn()
    (moved,) = box.ledger.entries()
    assert moved.at == pytest.approx(truth, abs=1.1)
    assert moved == Entry(EntryKind.SAID, "ups-1", moved.at, body={"serial": "AS1"})


def test_hand_that_sets_a_clock_which_is_vouched_for_changes_nothing(box: Box) -> None:
    box.live(60)
    before = box.timeline.clock.wall()
    box.clock.is_trusted = False
    box.set(TRUTH + 7200)
    box.live(60)
    assert box.timeline.clock.wall() == pytest.approx(before + 60, abs=0.01)


def test_hand_that_sets_a_clock_nobody_vouches_for_is_followed(box: Box) -> None:
    box.cut(600.0, wakes_at=0.0)
    box.write()
    box.set(box.truth + 20)
    box.live(60)
    assert box.errors() == [pytest.approx(20, abs=1.1)]
    assert box.timeline.clock.trusted() is False


def test_small_correction_is_led_in_slowly_and_moves_nothing(box: Box) -> None:
    box.write()
    told = [box.timeline.clock.wall()]
    box.set(box.clock.wall() - 20)  # a time service corrects a clock that was fast
    for _ in range(2500):
        box.live(1)
        told.append(box.timeline.clock.wall())
    assert all(0.98 < later - earlier < 1.02 for earlier, later in pairwise(told))
    assert told[-1] == pytest.approx(box.clock.wall(), abs=0.01)
    assert (box.timeline.moves(), box.errors()) == (0, [0.0])


def test_restart_of_the_agent_does_not_go_back_even_while_the_line_is_led(box: Box) -> None:
    box.set(box.clock.wall() + 30)
    for _ in range(60):
        box.live(1)
    before = box.timeline.clock.wall()
    box.start()
    assert before <= box.timeline.clock.wall() <= box.clock.wall()
    assert box.timeline.clock.trusted()


def test_boots_that_never_learnt_the_time_end_before_the_one_that_did_and_carry_bounds(box: Box) -> None:
    box.live(600)
    box.beat()
    known_until = box.timeline.clock.wall()
    box.cut(600.0, wakes_at=TRUTH + 9 * YEAR_S)
    box.write()
    box.live(3600)
    box.beat()
    box.cut(600.0)
    box.learn()
    boots = SqliteBoots(box.database)
    first, second, third = boots.boots()
    assert (first.line.known, second.line.known, third.line.known) == (True, False, True)
    bounds = boots.bounds(second.number)
    assert bounds.earliest == pytest.approx(known_until, abs=0.01)
    assert bounds.latest == third.line.start
    assert second.end == pytest.approx(third.line.start, abs=0.001)
    assert box.errors() == [pytest.approx(600, abs=2)]  # off by the time it was off, and within the bounds
    status = box.timeline.status()
    (told,) = status.pop("unknown")
    assert status == {"known": True, "boot": 3, "earliest": None}
    assert (told["number"], told["earliest"], told["latest"]) == (2, bounds.earliest, bounds.latest)
    assert told["earliest"] <= told["start"] <= told["end"] <= told["latest"] + 0.001


def test_process_stopped_between_two_looks_at_the_clock_is_no_step(box: Box) -> None:
    class Stopped(FakeClock):
        def wall(self) -> float:
            self.advance(100)
            return super().wall()

    box.clock.is_trusted = True
    stopped = Stopped(box.clock.wall(), monotonic=box.clock.monotonic(), boot_id=box.clock.boot_id())
    timeline = Timeline(stopped, box.database, None)
    assert timeline.look() is False
    assert timeline.moves() == 0


def test_record_that_cannot_be_written_is_not_moved_and_the_clock_neither(box: Box) -> None:
    box.cut(600.0, wakes_at=0.0)
    before = box.timeline.clock.wall()
    box.database.execute("PRAGMA query_only = 1")
    box.set(box.truth)
    box.clock.is_trusted = True
    with pytest.raises(Exception, match="cannot be written"):
        box.timeline.look()
    assert box.timeline.clock.wall() == before
    box.database.execute("PRAGMA query_only = 0")
    assert box.timeline.look() is True


_ACTS = st.one_of(
    st.tuples(st.just("live"), st.floats(1, 4000)),
    st.tuples(st.just("cut"), st.floats(1, 100_000)),
    st.tuples(st.just("cut_lost"), st.sampled_from([0.0, TRUTH - YEAR_S, TRUTH + YEAR_S])),
    st.tuples(st.just("set"), st.floats(-100_000, 100_000)),
    st.tuples(st.just("learn"), st.just(0.0)),
    st.tuples(st.just("unlearn"), st.just(0.0)),
    st.tuples(st.just("restart"), st.just(0.0)),
)


@given(st.lists(_ACTS, max_size=14))
def test_no_history_of_clocks_gives_a_negative_duration_or_facts_out_of_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, float]]
) -> None:
    box = Box(tmp_path_factory.mktemp("box"))
    box.write("incident-0")
    for number, (act, amount) in enumerate(acts, 1):
        if act == "live":
            box.live(amount)
        elif act == "cut":
            box.cut(amount)
        elif act == "cut_lost":
            box.cut(600.0, wakes_at=amount)
        elif act == "set":
            box.set(box.clock.wall() + amount)
            box.live(1)
        elif act == "learn":
            box.learn()
        elif act == "unlearn":
            box.clock.is_trusted = False
        else:
            box.start()
        box.write(f"incident-{number - 1}", ChangeKind.RESTORED)
        box.write(f"incident-{number}")
    facts = box.ledger.transitions(-1e12, 1e12)
    instants = [fact.at for fact in facts]
    assert instants == sorted(instants)
    for incident in box.ledger.incidents():
        assert incident.restored_at is None or incident.restored_at >= incident.opened_at
    told = [fact.at for fact in box.at_headquarters() if isinstance(fact, Transition)]
    assert told == pytest.approx(instants, abs=0.02)
    box.database.close()


def test_command_tells_every_start_and_marks_what_is_an_estimate(
    box: Box, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box.live(600)
    box.beat()
    box.cut(600.0, wakes_at=TRUTH + 9 * YEAR_S)
    box.live(3600)
    box.beat()
    box.cut(600.0)
    box.learn()
    data = box.database.path.parent
    (tmp_path / "site.toml").write_text(f'[site]\nid = "depot"\nname = "D"\n[data]\npath = "{data}"\n')
    timeline.main(["--config", str(tmp_path / "site.toml")], standalone_mode=False)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "1"
    assert first.endswith("known")
    assert "ESTIMATED after 20" in second
    assert " and before 20" in second
    assert "now or unknown" in third
    timeline.main(["--config", str(tmp_path / "site.toml"), "--json"], standalone_mode=False)
    assert [one["known"] for one in json.loads(capsys.readouterr().out)] == [True, False, True]
