"""Pages that stay open: ETag, the part that is swapped, what is kept and what is not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

PART = {"X-Part": "main"}


def test_unchanged_page_costs_no_body_even_for_another_session(depot: Callable[..., Any]) -> None:
    page = depot()
    tag = page.client.get("/").headers["ETag"]
    again = page.client.get("/", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    stranger = page.app.test_client().get("/", headers={"If-None-Match": tag})
    assert stranger.status_code == 304


def test_poll_gets_the_inside_of_main_with_a_tag_of_its_own(depot: Callable[..., Any]) -> None:
    page = depot()
    whole, part = page.client.get("/"), page.client.get("/", headers=PART)
    assert "<html" not in part.text
    assert 'id="h"' in part.text
    assert whole.headers["ETag"] != part.headers["ETag"]
    assert "X-Part" in whole.headers["Vary"]
    assert page.client.get("/", headers={**PART, "If-None-Match": part.headers["ETag"]}).status_code == 304


def test_time_of_the_last_check_moves_on_without_a_new_body(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    first = page.client.get("/", headers=PART)
    page.clock.advance(12)
    page.example.checked_at += 12
    again = page.client.get("/", headers={**PART, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert (first.headers["X-Checked"], again.headers["X-Checked"]) == ("10:20:08", "10:20:20")


def test_new_facts_change_the_page_and_its_title(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    first = page.client.get("/", headers=PART)
    page.example.scene = "down"
    again = page.client.get("/", headers={**PART, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "La caisse est arr" in again.text
    assert again.headers["X-Title"] != first.headers["X-Title"]


def test_old_facts_are_found_out_though_nothing_was_written(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    assert "Tout fonctionne" in page.text("/")
    page.clock.advance(71)
    assert "La surveillance est arrêtée" in page.text("/")
    assert "Tout fonctionne" not in page.text("/")


def test_every_session_gets_its_own_token_out_of_the_same_rendered_page(depot: Callable[..., Any]) -> None:
    page = depot("power")
    token = page.text("/").partition('name="csrf_token" value="')[2].partition('"')[0]
    assert page.client.post("/silence", data={"csrf_token": token}).status_code == 303
    stranger = page.app.test_client()
    stranger.get("/")
    assert stranger.post("/silence", data={"csrf_token": token}).status_code == 400


def test_language_is_chosen_by_link_and_kept_and_each_has_its_own_tag(depot: Callable[..., Any]) -> None:
    page = depot()
    french = page.client.get("/")
    answer = page.client.get("/devices/ups-1?metric=ups.load/&lang=ar")
    assert (answer.status_code, answer.location) == (303, "/devices/ups-1?metric=ups.load%2F")
    arabic = page.client.get("/")
    assert '<html lang="ar" dir="rtl">' in arabic.text
    assert french.headers["ETag"] != arabic.headers["ETag"]
    assert '<html lang="fr" dir="ltr">' in french.text


def test_site_decides_the_language_of_who_has_not_chosen(depot: Callable[..., Any]) -> None:
    page = depot()
    assert '<html lang="fr"' in page.client.get("/", headers={"Accept-Language": "en-US"}).text


def test_answers_are_compressed_for_who_can_read_it(depot: Callable[..., Any]) -> None:
    page = depot()
    packed = page.client.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b"<!doctype html>" in gzip.decompress(packed.data)
    assert "Content-Encoding" not in page.client.get("/").headers


def test_unknown_addresses_and_foreign_names_are_told_politely(depot: Callable[..., Any]) -> None:
    page = depot()
    lost = page.client.get("/nowhere")
    assert (lost.status_code, "Cette page n’existe pas" in lost.text) == (404, True)
    assert page.client.get("/api/v1/nowhere").json == {"error": "Cette page n’existe pas."}
    assert page.client.get("/", headers={"Host": "evil.example"}).status_code == 421
    for host in ("192.168.10.5:8080", "gateway.local", "localhost:8080", "[::1]:8080"):
        assert page.client.get("/", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_strict_policy(depot: Callable[..., Any]) -> None:
    page = depot()
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    for path in ("/", "/nowhere", "/static/app.css", "/api/v1/status", "/metrics", "/sign-in"):
        answer = page.client.get(path)
        assert answer.headers["Content-Security-Policy"] == policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer.headers
