"""A device's page at headquarters: hourly figures as charts, in three languages, with the same in numbers."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from web.common import MemoryAccounts
from web.common.accounts import RESPONDER, hash_secret
from web.desk.app import DeskOptions, create_app
from web.desk.device import thinned
from web.desk.facts import Hour

NAME, SECRET = "Nadia Haddad", "un long mot de passe"
HASH = hash_secret(SECRET)
PAGE = "/sites/rouiba/devices/srv-1"


@pytest.fixture
def client(sahel: ModuleType) -> FlaskClient:
    accounts = MemoryAccounts()
    accounts.add(NAME, RESPONDER, HASH)
    client = create_app(sahel.fleet(), DeskOptions("Sahel", accounts, b"k" * 32), FakeClock(sahel.NOW)).test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"name": NAME, "secret": SECRET, "csrf_token": token[1]})
    return client


@pytest.mark.parametrize(
    ("language", "name", "mean"),
    [("fr", "Processeur", "Moyenne 39"), ("en", "Processor", "Mean 39"), ("ar", "المعالج", "المتوسط 39")],
)
def test_a_page_draws_what_the_box_sent_by_the_hour(client: FlaskClient, language: str, name: str, mean: str) -> None:
    client.set_cookie("lang", language)
    page = client.get(PAGE).text
    assert page.count('class="chart"') == 4
    assert page.count('class="c-band"') >= 4
    assert f'<h2 id="c1">{name}</h2>' in page
    assert mean in page
    assert 'dir="rtl"' in page or language != "ar"
    assert "%(" not in page


def test_the_names_of_the_device_lead_to_it_from_its_site(client: FlaskClient) -> None:
    assert f'href="{PAGE}"' in client.get("/sites/rouiba").text


def test_any_series_and_span_can_be_asked_for(client: FlaskClient) -> None:
    asked = client.get(f"{PAGE}?series=reach.duration/&days=1").text
    assert '<h2 id="c1">Temps de réponse</h2>' in asked
    assert '<option value="1" selected>1 jour</option>' in asked
    assert client.get(f"{PAGE}?series=nonsense&days=900").status_code == 200


def test_a_gap_breaks_the_band(client: FlaskClient) -> None:
    """Half a night is missing, more than a week ago: two stretches in each of four charts."""
    assert client.get(f"{PAGE}?days=30").text.count('class="c-band"') == 8
    assert client.get(f"{PAGE}?days=7").text.count('class="c-band"') == 4


def test_a_device_without_figures_says_so(client: FlaskClient) -> None:
    assert "n’a pas encore envoyé de chiffres" in client.get("/sites/rouiba/devices/sw-1").text


@pytest.mark.parametrize("path", ["/sites/rouiba/devices/none", "/sites/none/devices/srv-1"])
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_nobody_sees_it_without_signing_in(client: FlaskClient) -> None:
    assert client.application.test_client().get(PAGE).location.startswith("/sign-in")


HOURS = st.lists(st.tuples(st.integers(0, 900), st.floats(-1e6, 1e6)), unique_by=lambda one: one[0], max_size=200)


@given(HOURS, st.integers(1, 100))
def test_thinning_loses_no_peak_and_keeps_to_its_number(told: list[tuple[int, float]], most: int) -> None:
    hours = [Hour(at * 3600.0, value - 1, value, value + 2) for at, value in sorted(told)]
    kept = thinned(hours, most)
    assert len(kept) <= most
    assert [one.at for one in kept] == sorted(one.at for one in kept)
    if hours:
        assert min(one.lowest for one in kept) == min(one.lowest for one in hours)
        assert max(one.highest for one in kept) == max(one.highest for one in hours)
    else:
        assert kept == []
