"""What a message says, in the words and the language of the person who gets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import ModuleType

import pytest

from gateway.core.agenda import Appointment
from gateway.core.incident import Incident
from gateway.core.upkeep import DutyKind
from web.common.language import COMMON_TRANSLATIONS, languages
from web.desk.letters import DESK_TRANSLATIONS, Letters
from web.desk.notify import NoticeKind, Notification, SiteIncident

LANGUAGES = languages((COMMON_TRANSLATIONS, DESK_TRANSLATIONS))


def letter(sahel: ModuleType, fault: Incident, **more: object) -> tuple[str, str]:
    rouiba = sahel.site("rouiba", "Rouiba", fault, *more.pop("others", ()))  # type: ignore[misc]
    draft = Notification(
        "k", NoticeKind.OPENED, "rouiba", fault.id, fault.priority, "Nadia", "mail", "n@x", "fr", sahel.NOW
    )
    letters = Letters(lambda site: rouiba if site == "rouiba" else None, LANGUAGES, "https://desk.example/")
    return letters.write(replace(draft, **more), fault)  # type: ignore[arg-type]


def test_a_message_says_where_what_since_when_what_is_hit_and_whom_to_call(sahel: ModuleType):
    untaken = replace(sahel.TILL, acknowledged_at=None)
    subject, text = letter(sahel, untaken)
    assert subject == "Urgent · Rouiba : Serveur de caisse ne répond plus"
    assert text == (
        "Rouiba : Serveur de caisse ne répond plus.\n"
        "Depuis 09:42 (38 minutes).\n"
        "Ce qui est touché : Caisse et facturation (La vente au comptoir s’arrête).\n"
        "Personne ne s’en occupe. Prise en charge due à 10:13 : dépassée.\n"
        "Appeler Atlas Maintenance (021\u00a000\u00a000\u00a000).\n"
        "Contrat : AT-2026-118\n"
        "https://desk.example/incidents/rouiba/c0ffee000147\n"
    )


def test_a_message_says_who_is_on_it(sahel: ModuleType):
    assert "Karim Benali s’en occupe.\n" in letter(sahel, sahel.TILL)[1]


def test_the_end_is_told_with_its_length_and_without_a_number_to_call(sahel: ModuleType):
    subject, text = letter(sahel, sahel.OLD, kind=NoticeKind.RESTORED)
    assert subject == "Rétabli · Rouiba : Serveur de caisse ne répond plus"
    assert "De 19/11 10:20 à 19/11 11:12, en tout 52 minutes.\n" in text
    assert "Appeler" not in text


def test_a_change_of_priority_is_in_the_subject(sahel: ModuleType):
    assert letter(sahel, sahel.TILL, kind=NoticeKind.CHANGED)[0].startswith("Devient : Urgent · ")


def test_a_message_answers_for_those_that_it_explains(sahel: ModuleType):
    child = replace(sahel.PRINTER, merged_into=sahel.TILL.id)
    assert "Explique aussi : Imprimante étiquettes quai 2 ne répond plus.\n" in letter(
        sahel, sahel.TILL, others=(child,)
    )[1]  # fmt: skip


def test_a_site_nobody_knows_more_of_is_named_by_its_id(sahel: ModuleType):
    subject, text = letter(sahel, sahel.TILL, site="tipaza")
    assert subject == "Urgent · tipaza : srv-1 ne répond plus"
    assert "Joindre le dépôt ; aucun numéro n’est noté." in text


@pytest.mark.parametrize(("language", "word"), [("ar", "عاجل"), ("en", "Urgent")])
def test_a_message_is_in_the_language_of_its_reader(sahel: ModuleType, language: str, word: str):
    untaken = replace(sahel.TILL, acknowledged_at=None)
    subject, text = letter(sahel, untaken, language=language)
    assert subject.startswith(word)
    french = letter(sahel, untaken)[1].splitlines()
    for line, other in zip(text.splitlines()[:-1], french, strict=False):
        assert line != other


def test_a_reminder_says_which_promise_is_about_to_break(sahel: ModuleType):
    untaken = replace(sahel.TILL, acknowledged_at=None)
    subject, text = letter(sahel, untaken, kind=NoticeKind.WARNED, about="restore")
    assert subject == "Rappel (Urgent) · Rouiba : Serveur de caisse ne répond plus"
    assert "Remise en service due à 13:43.\n" in text
    assert "Remise en service" not in letter(sahel, untaken, kind=NoticeKind.WARNED, about="response")[1]


@pytest.mark.parametrize(("about", "words"), [("response", "Personne n’a répondu"), ("restore", "Délai dépassé")])
def test_the_next_person_reads_why_they_are_told(sahel: ModuleType, about: str, words: str):
    subject, text = letter(sahel, sahel.TILL, kind=NoticeKind.ESCALATED, about=about)
    assert subject == f"{words} (Urgent) · Rouiba : Serveur de caisse ne répond plus"
    late = sahel.NOW + 10 * sahel.HOUR
    text = letter(sahel, sahel.TILL, kind=NoticeKind.ESCALATED, about="restore", created_at=late)[1]
    assert "Remise en service due à 13:43 : dépassée.\n" in text


def gathered(sahel: ModuleType, kind: NoticeKind, *faults: Incident, language: str = "fr") -> tuple[str, str]:
    rouiba = sahel.site("rouiba", "Rouiba", *faults)
    mail = Notification("k", kind, "", "", "", "Nadia", "mail", "n@x", language, sahel.NOW)
    letters = Letters(lambda site: rouiba if site == "rouiba" else None, LANGUAGES, "https://desk.example/")
    return letters.gather(mail, [SiteIncident("rouiba", one) for one in faults])


def test_the_mail_of_the_day_tells_advice_and_the_night_apart(sahel: ModuleType):
    advice = replace(sahel.PRINTER, priority="P4")
    subject, text = gathered(sahel, NoticeKind.DIGEST, advice, sahel.OLD)
    assert subject == "Courrier du jour · 2 points sans urgence"
    first, second = text.split("\n\n")[:2]
    assert first.startswith("Conseils, à regarder cette semaine :\n- Rouiba : Imprimante étiquettes quai 2")
    assert second == (
        "Arrivé et terminé pendant vos heures calmes :\n"
        "- Rouiba : Serveur de caisse ne répond plus. De 19/11 10:20 à 19/11 11:12, en tout 52 minutes."
    )
    assert text.endswith("https://desk.example/incidents\n")


@pytest.mark.parametrize(
    ("language", "heading", "drill"),
    [
        ("fr", "À faire bientôt :", "- Test de restauration : ERP, Rouiba, Nadia, 02/12/2026."),
        ("en", "Due soon:", "- Restore drill: ERP, Rouiba, Nadia, 02/12/2026."),
        ("ar", "للإنجاز قريبًا:", "- تجربة الاسترجاع: "),
    ],
)
def test_the_mail_of_the_day_tells_what_falls_due(sahel: ModuleType, language: str, heading: str, drill: str):
    mail = Notification("k", NoticeKind.DIGEST, "", "", "", "Nadia", "mail", "n@x", language, sahel.NOW)
    letters = Letters(lambda site: sahel.site(site, "Rouiba"), LANGUAGES, "https://desk.example/")
    due = [Appointment(DutyKind.RESTORE_DRILL, "ERP", "rouiba", who="Nadia", on=date(2026, 12, 2))]
    subject, text = letters.gather(mail, [], due)
    assert "1" in subject or language == "ar"
    assert text.startswith(f"{heading}\n{drill}")
    assert text.endswith("\nhttps://desk.example/upkeep\n")


@pytest.mark.parametrize(("language", "word"), [("fr", "Essai"), ("ar", "تجربة"), ("en", "Test")])
def test_the_test_of_the_month_says_that_nothing_is_broken(sahel: ModuleType, language: str, word: str):
    subject, text = gathered(sahel, NoticeKind.TEST, language=language)
    assert subject.startswith(word)
    assert len(text.splitlines()) == 3
