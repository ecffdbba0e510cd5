"""Signing in and out, and the first account by a one-time code. ``needs_sign_in`` guards a view."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from web.common.accounts import (
    MIN_SECRET,
    RESPONDER,
    AccountRow,
    Accounts,
    Brake,
    code_matches,
    hash_secret,
    secret_matches,
)
from web.common.pages import plain_page

P = ParamSpec("P")
sign_in = Blueprint("sign_in", __name__)
_NAME_LENGTH = 60


def needs_sign_in(view: Callable[P, AnyResponse]) -> Callable[P, AnyResponse]:
    """Lets only signed-in people through: others are sent to the sign-in page, and back afterwards. API: 401."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> AnyResponse:
        if g.account:
            return view(*args, **kwargs)
        if request.path.startswith("/api/"):
            raise Unauthorized
        back = request.path if request.method == "GET" else urlsplit(request.referrer or "/").path
        return redirect(url_for("sign_in.show", next=back), 303)

    return guarded


def current_account(accounts: Accounts) -> AccountRow | None:
    """The person of this request's session. A changed password ends every session made with the old one."""
    name = session.get("name")
    row = accounts.account(name) if isinstance(name, str) else None
    return row if row and session.get("key") == _key(row) else None


@sign_in.get("/sign-in")
def show() -> Response:
    """The form: name and password, or the one-time code where nobody has an account yet."""
    if not _accounts().accounts():
        return _form(code=True)
    return _form(code=False)


@sign_in.get("/sign-in/code")
def show_code() -> Response:
    """The form for the one-time code that the command printed."""
    return _form(code=True)


@sign_in.post("/sign-in")
def enter() -> AnyResponse:
    """Checks name and password."""
    refused = _braked()
    if refused:
        return refused
    row = _accounts().account(request.form.get("name", "").strip())
    if not secret_matches(row.secret_hash if row else None, request.form.get("secret", "")) or row is None:
        _brake().failed(_client(), g.now)
        return _form(code=False, fault=g.language.gettext("Nom ou mot de passe inconnu. Réessayez."), status=403)
    _brake().succeeded(_client())
    return _welcome(row)


@sign_in.post("/sign-in/code")
def create() -> AnyResponse:
    """Makes an account with the one-time code, which is used up by it."""
    refused = _braked()
    if refused:
        return refused
    name, secret = request.form.get("name", "").strip(), request.form.get("secret", "")
    accounts = _accounts()
    fault = _fault(name, secret)
    if fault:
        return _form(code=True, fault=fault, status=400)
    if not (code_matches(accounts, request.form.get("code", ""), g.now) and accounts.burn_code()):
        _brake().failed(_client(), g.now)
        text = g.language.gettext("Code inconnu ou périmé. Un nouveau code s’affiche au démarrage du boîtier.")
        return _form(code=True, fault=text, status=403)
    accounts.add(name, RESPONDER, hash_secret(secret))
    row = accounts.account(name)
    if row is None:
        raise Forbidden
    return _welcome(row)


@sign_in.post("/sign-out")
def leave() -> AnyResponse:
    """Ends the session."""
    session.clear()
    return redirect("/", 303)


def _fault(name: str, secret: str) -> str:
    say = g.language
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        return str(say.gettext("Écrivez votre nom (60 caractères au plus)."))
    if _accounts().account(name):
        return str(say.gettext("Ce nom est déjà pris. Choisissez-en un autre."))
    if len(secret) < MIN_SECRET:
        return str(say.gettext("Mot de passe trop court : au moins %(n)s caractères.", n=MIN_SECRET))
    if secret != request.form.get("again", ""):
        return str(say.gettext("Les deux mots de passe sont différents."))
    return ""


def _form(*, code: bool, fault: str = "", status: int = 200) -> Response:
    return plain_page(
        "common/sign-in.html",
        status,
        code=code,
        fault=fault,
        first=not _accounts().accounts(),
        minimum=MIN_SECRET,
        name=request.form.get("name", ""),
        next=_next(),
    )


def _welcome(row: AccountRow) -> AnyResponse:
    target = _next()
    session.clear()
    session.permanent = True
    session["name"] = row.name
    session["key"] = _key(row)
    return redirect(target, 303)


def _next() -> str:
    """Where to go afterwards: a path of this page, nothing else."""
    target = request.values.get("next", "/")
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe else "/"


def _key(row: AccountRow) -> str:
    return hashlib.blake2s(row.secret_hash.encode(), digest_size=8).hexdigest()


def _braked() -> Response | None:
    wait = _brake().wait_s(_client(), g.now)
    if wait <= 0:
        return None
    minutes = math.ceil(wait / 60)
    text = g.language.ngettext(
        "Trop d’essais. Réessayez dans %(n)s minute.", "Trop d’essais. Réessayez dans %(n)s minutes.", minutes
    )
    response = _form(code=request.path.endswith("code"), fault=text, status=429)
    response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def _client() -> str:
    return request.remote_addr or ""


def _accounts() -> Accounts:
    accounts: Accounts = current_app.extensions["vigie.accounts"]
    return accounts


def _brake() -> Brake:
    brake: Brake = current_app.extensions["vigie.brake"]
    return brake
