"""Backup jobs as people name them, and listings of shares."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.backups import (
    FAILED,
    GOOD,
    NEVER,
    Call,
    File,
    Job,
    Share,
    jobs,
    limits,
    listed,
    newest,
    place,
    size_of,
)
from gateway.core.device import Device, Limit

DAY_S = 86_400.0
LISTING = """\
  .                                   D        0  Mon Nov 23 09:09:35 2026
  ..                                  D        0  Mon Nov 23 09:09:35 2026
  a b.bak                             N        0  Mon Nov 23 07:07:28 2026
  é.bak                              N        6  Mon Nov 23 09:07:28 2026
  old                                DA        0  Tue Nov 24 09:07:28 2026
  a name that is longer than thirty bytes DIR 2026.bak    AHR 123456789012  Sun Nov  1 09:07:28 2026
  x;y$(z).bak                         A        2  Sun Feb 30 25:07:28 2026

\t\t264212084 blocks of size 1024. 80189756 blocks available
"""


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("erp", Job("erp")),
        ("erp@7d", Job("erp", period_s=7 * DAY_S)),
        ("erp=call", Job("erp", calls=True)),
        ("erp=call@12h", Job("erp", calls=True, period_s=DAY_S / 2)),
        ("erp=smb:Backups", Job("erp", Share("Backups"))),
        ("erp=smb:Backups/veeam/", Job("erp", Share("Backups", "veeam"))),
        ("erp=smb:D$/a/b/*.vbk@1d", Job("erp", Share("D$", "a/b", "*.vbk"), period_s=DAY_S)),
        ("erp=smb:Sauvegardes%20ERP/*.bak", Job("erp", Share("Sauvegardes ERP", "", "*.bak"))),
        ("erp=smb:a%40b/%C3%A9t%C3%A9/", Job("erp", Share("a@b", "été"))),
    ],
)
def test_a_job_reads_as_it_is_written(text: str, job: Job) -> None:
    assert Job.parse(text) == job


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no backup"),
        ("erp=", "no backup"),
        ("erp=ftp:x", "no backup"),
        ("erp=call:24h", "no backup"),
        ("erp=smb:", "no backup"),
        ("erp=smb:/folder/", "no place on a share"),
        ("erp=smb:a%0Ab", "no place on a share"),
        ("erp=smb:a\\b", "no place on a share"),
        ("erp=smb:a/../b/", "a folder in it has no name"),
        ("erp=smb:a//b/", "a folder in it has no name"),
        ('erp=smb:a/";!reboot"', "neither ; nor"),
        ("erp@daily", "no period"),
        ("erp@1s", "no period"),
        ("my erp", "no backup"),
    ],
)
def test_a_job_that_is_none_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Job.parse(text)


@given(st.text(max_size=40) | st.from_regex(r"\A[a-z]{1,5}=smb:[ -~]{1,30}\Z"))
def test_any_text_is_a_job_or_a_value_error_and_never_ends_a_word_of_smbclient(text: str) -> None:
    with suppress(ValueError):
        share = Job.parse(text).share
        if share:
            assert not set(share.pattern) & set(';"\n')
            assert place(share)


def test_how_often_a_job_runs_makes_its_limits() -> None:
    device = Device("srv", "Server", backups=("erp", "mail=call@7d"))
    assert [job.due_s for job in jobs(device)] == [DAY_S, 7 * DAY_S]
    assert list(limits(device)) == [Limit("backup.age", "mail", 8.75 * DAY_S, 15.75 * DAY_S)]


def test_a_listing_gives_its_files_with_time_in_utc_and_no_folders() -> None:
    files = list(listed(LISTING.encode()))
    assert [(one.name, one.size) for one in files] == [
        ("a b.bak", 0),
        ("é.bak", 6),
        ("a name that is longer than thirty bytes DIR 2026.bak", 123456789012),
    ]
    assert files[1].at == 1_795_424_848.0
    assert newest(files) == files[1]
    assert newest([]) is None


@given(st.binary(max_size=300))
def test_any_output_is_files_or_nothing(output: bytes) -> None:
    assert all(one.size >= 0 for one in listed(output))


NAME = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\"), min_size=1, max_size=60)


@given(NAME.filter(lambda name: name == name.strip()), st.integers(0, 10**15), st.integers(0, 4_000_000_000))
def test_a_file_of_any_name_comes_back(name: str, size: int, at: int) -> None:
    written = datetime.fromtimestamp(at, UTC).strftime("%a %b %e %H:%M:%S %Y").encode()
    line = b"  %-30b%7b %8d  %b" % (name.encode(), b"A", size, written)
    assert list(listed(line + b"\n")) == [File(name, float(at), float(size))]


@pytest.mark.parametrize(("text", "size"), [("", None), (" ", None), ("0", 0.0), ("1500", 1500.0)])
def test_a_size_is_bytes(text: str, size: float | None) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "nan", "9" * 400])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no size|invalid literal|Exceeds the limit"):
        size_of(text)


def test_the_word_of_a_job_and_how_late_it_is() -> None:
    job, call = Job("erp", calls=True), Call("srv", "erp", 0.0)
    assert (call.word(), call.overdue(job, 2 * DAY_S)) == (NEVER, 2.0)
    good = Call("srv", "erp", 0.0, 10 * DAY_S, good_at=10 * DAY_S)
    assert (good.word(), good.overdue(job, 11 * DAY_S)) == (GOOD, 1.0)
    failed = Call("srv", "erp", 0.0, 11 * DAY_S, ok=False, good_at=10 * DAY_S)
    assert (failed.word(), failed.overdue(job, 9 * DAY_S)) == (FAILED, 0.0)
