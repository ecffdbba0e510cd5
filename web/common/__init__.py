"""What the depot's page and headquarters share: layout, languages, sign-in, security, charts.

How an application is made (see `web/site/app.py` for one)::

    app = create_base_app(BaseOptions(
        folder=Path(__file__).parent,            # with templates/desk/*.html, translations/{ar,en}.po, static/
        brand="Siège · Sahel Distribution", subtitle=msgid("Tous les sites"),
        nav=(NavItem("fleet", msgid("Sites")), NavItem("incidents", msgid("Incidents"))),   # endpoint, French text
        accounts=ledger,                         # web.common.accounts.Accounts
        clock=clock, secret_key=read_secret_key(data / "desk.key"),
        timezone="Africa/Algiers", language="fr", host_names=("desk.example",)))

    @app.get("/")
    def fleet() -> Response:
        return live_page("desk/fleet.html", lambda: {"tiles": ..., "favicon": "down"},
                         version=ledger_version, checked_at=g.now)

    @app.post("/incidents/<id>/take")
    @needs_sign_in                               # g.account.name is who
    def take(id: str) -> AnyResponse: ...; return redirect(url_for("incident", id=id, done="taken"), 303)

* A template extends ``common/base.html`` (blocks: title, main, subtitle, width, foot, stale_advice) and may use the
  macros ``m.badge(state)``, ``m.level(criticality)``, ``m.time(at)``, ``m.when(at)``, ``m.icon(name)``,
  ``m.post(action, text, ...)``, ``m.call(phone)``, ``m.ltr(text)``; ``bar(states, label)`` and
  ``gauge(fraction, state, label=..., limit=...)``; ``f`` (`Formats`), ``now``, ``account``, ``language``.
* Text is French in ``_("…")`` or ``ngettext("…", "…", n)``; in Python ``g.language.gettext``. `scripts/translations`
  writes new messages into the `.po` files; a test counts those without a translation.
* Every form carries ``{{ csrf() }}`` (``m.post`` does). A form in a live page is fine.
* ``version`` is any text that changes when the facts do. ``live_page`` answers polls with 304 until the page changes.
* `issue_code(accounts, now)` gives the one-time code to print while ``accounts.accounts()`` is empty.
* `web.common.causes` says what is wrong, in business words; `web.common.states.state_of(verdict)` what badge it gets.
"""

from web.common.accounts import Accounts, MemoryAccounts, hash_secret, issue_code
from web.common.app import BaseOptions, NavItem, create_base_app
from web.common.formats import Formats, iso
from web.common.language import Language, msgid
from web.common.pages import live_page, plain_page
from web.common.secret import read_secret_key
from web.common.signin import needs_sign_in
from web.common.states import State, state_of, worst_state

__all__ = [
    "Accounts",
    "BaseOptions",
    "Formats",
    "Language",
    "MemoryAccounts",
    "NavItem",
    "State",
    "create_base_app",
    "hash_secret",
    "iso",
    "issue_code",
    "live_page",
    "msgid",
    "needs_sign_in",
    "plain_page",
    "read_secret_key",
    "state_of",
    "worst_state",
]
