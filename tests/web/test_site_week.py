"""The depot's own week: the same page as headquarters', from the depot's record alone."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("scene", ["ok", "down", "stale"])
def test_the_week_is_shown_in_every_language_and_stays_light(
    depot: Callable[..., Any], scene: str, language: str
) -> None:
    page = depot(scene)
    address = page.client.get("/week").location
    html = page.text(address, language)
    assert html.count("<h1") == 1
    assert "%(" not in html
    assert "{n}" not in html
    assert len(gzip.compress(html.encode(), 6)) <= 6 * 1024


def test_the_week_that_runs_says_so_and_needs_no_account(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    address = page.client.get("/week").location
    assert "ces chiffres bougent encore" in page.text(address)
    assert "Coûts" not in page.text(address), "costs are headquarters' business"


def test_the_week_before_is_a_link_away_and_next_week_is_not_there(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    address = page.client.get("/week").location
    year, _, number = address.rpartition("/")[2].partition("-W")
    earlier = f"/week/{year}-W{int(number) - 1:02}"
    assert earlier in page.text(address)
    assert page.client.get(earlier).status_code == 200
    for wrong in (f"{year}-W{int(number) + 1:02}", f"{year}-11", "nonsense"):
        assert page.client.get(f"/week/{wrong}").status_code == 404


@pytest.mark.parametrize("name", ["levels", "incidents", "services", "all-incidents"])
def test_every_table_of_the_week_comes_as_a_file(depot: Callable[..., Any], name: str) -> None:
    page = depot("down")
    answer = page.client.get(f"{page.client.get('/week').location}/{name}.csv")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert len({len(row) for row in rows}) == 1
    assert page.client.get(f"{page.client.get('/week').location}/nothing.csv").status_code == 404
