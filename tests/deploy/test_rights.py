"""Agent and page as two users, as the units run them: the page can neither alter the record, nor read a secret, nor
stop the agent from writing; what it asks for arrives all the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AGENT, PAGE, GROUP = 64301, 64302, 64301  # users need no entry in /etc/passwd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes as other users")

# The interpreter may lie where other users cannot start it: each process imports first (what is imported late
# included) and drops its rights then.
DROP = """
import importlib.readers
import os
os.umask(0o027)
os.setgroups([])
os.setresgid({group}, {group}, {group})
os.setresuid({user}, {user}, {user})
"""

WRITE = """
import sys
from pathlib import Path
from gateway.clock import FakeClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.ports import Batch
from gateway.store.commands import CommandReader
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
#drop
data = Path(sys.argv[1])
ledger = SqliteLedger(open_database(data / "vigie.db"))

def record(at):
    change = Transition("srv-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, at, at)
    ledger.record(Batch(stamp(FakeClock()), transitions=[change]))

record(1.0)
print("recorded", flush=True)
sys.stdin.readline()
record(2.0)
print([command.kind for command in CommandReader(data / "page" / "commands.db").after(0)], flush=True)
"""

PAGE_ACTS = """
import json, sys
from pathlib import Path
from gateway.clock import FakeClock
from gateway.core.errors import VigieError
from gateway.store.commands import CommandQueue
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
#drop
data, secret = Path(sys.argv[1]), Path(sys.argv[2])
said = {}

def attempt(name, act):
    try:
        said[name] = act()
    except (OSError, VigieError) as error:
        said[name] = type(error).__name__

attempt("read", lambda: len(SqliteLedger(open_database(data / "vigie.db", read_only=True)).transitions(0.0, 9.0)))
attempt("write", lambda: open_database(data / "vigie.db").execute("DELETE FROM transition").rowcount)
attempt("append", lambda: (data / "vigie.db").open("ab").close())
attempt("remove", lambda: (data / "vigie.db").unlink())
attempt("rename", lambda: (data / "vigie.db").rename(data / "page" / "old.db"))
attempt("secret", secret.read_text)
attempt("ask", lambda: CommandQueue(data / "page" / "commands.db", FakeClock()).put("acknowledge", "Amel", {}))
print(json.dumps(said))
"""


@dataclass
class Box:
    """The directories of a box, with the owners and modes that deploy/systemd/vigie.tmpfiles.conf gives them."""

    data: Path
    secret: Path


@pytest.fixture
def box() -> Iterator[Box]:
    # not tmp_path: its parents are closed to other users
    top = Path(tempfile.mkdtemp(prefix="vigie-rights-"))
    top.chmod(0o755)
    data, secrets = top / "data", top / "secrets"
    for folder, owner, mode in ((data, AGENT, 0o750), (data / "page", PAGE, 0o750), (secrets, AGENT, 0o700)):
        folder.mkdir()
        os.chown(folder, owner, GROUP)
        folder.chmod(mode)
    secret = secrets / "community"
    secret.write_text("s3cret")
    os.chown(secret, AGENT, GROUP)
    yield Box(data, secret)
    shutil.rmtree(top)


def started(script: str, user: int, *arguments: Path) -> subprocess.Popen[str]:
    if not (ROOT / "gateway").stat().st_mode & 0o005 or not reachable(ROOT):
        pytest.skip("this checkout lies where other users cannot read its schema files")
    program = script.replace("#drop", DROP.format(user=user, group=GROUP))
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip


def reachable(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in (folder, *folder.parents))


def test_the_page_reads_asks_and_can_do_nothing_else(box: Box) -> None:
    agent = started(WRITE, AGENT, box.data)
    assert agent.stdout is not None
    assert agent.stdout.readline() == "recorded\n"
    page = started(PAGE_ACTS, PAGE, box.data, box.secret)
    said = json.loads(page.communicate(timeout=60)[0])
    rest = agent.communicate("go on\n", timeout=60)[0]
    assert said == {
        "read": 1,
        "write": "UnavailableError",
        "append": "PermissionError",
        "remove": "PermissionError",
        "rename": "PermissionError",
        "secret": "PermissionError",
        "ask": 1,
    }
    assert rest == "['acknowledge']\n"
    assert agent.returncode == 0


def test_the_page_still_reads_after_the_agent_has_stopped(box: Box) -> None:
    agent = started(WRITE, AGENT, box.data)
    agent.communicate("go on\n", timeout=60)
    page = started(PAGE_ACTS, PAGE, box.data, box.secret)
    assert json.loads(page.communicate(timeout=60)[0])["read"] == 2
