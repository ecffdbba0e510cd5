"""`create_base_app`: a Flask application with everything that the depot's page and headquarters have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, Response, g, jsonify, redirect, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from gateway.clock import Clock
from gateway.core.errors import VigieError
from web.common import charts
from web.common.accounts import Accounts, Brake
from web.common.formats import Formats, iso
from web.common.guard import HostList, harden
from web.common.language import CODES, COMMON_TRANSLATIONS, NAMES, languages
from web.common.pages import CSRF_MARK, PageCache, plain_page, read_assets, serve_assets
from web.common.signin import current_account, sign_in

_HERE = Path(__file__).parent
_MAX_BODY = 64 * 1024
_SESSION = timedelta(days=30)
_COOKIE_S = 400 * 86400


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu: an endpoint and its French text (a msgid of the application's catalogue)."""

    endpoint: str
    text: str


@dataclass(frozen=True, slots=True)
class BaseOptions:
    """What an application brings along.

    ``folder`` holds its ``templates`` (named ``site/…`` or ``desk/…``), ``translations`` (`ar.po`, `en.po`) and
    ``static``. ``brand`` is the name in the header, ``subtitle`` a msgid under it. ``secret_key`` signs sessions.
    ``secure`` marks cookies for HTTPS only.
    """

    folder: Path
    brand: str
    subtitle: str
    nav: tuple[NavItem, ...]
    accounts: Accounts
    clock: Clock
    secret_key: bytes
    timezone: str = "Africa/Algiers"
    language: str = "fr"
    host_names: tuple[str, ...] = ()
    secure: bool = False


def create_base_app(options: BaseOptions) -> Flask:
    """The application without its own pages. See `web/common/__init__.py` for what a page may use."""
    app = Flask(options.folder.name, root_path=str(options.folder), static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=options.secret_key,
        MAX_CONTENT_LENGTH=_MAX_BODY,
        PERMANENT_SESSION_LIFETIME=_SESSION,
        SESSION_COOKIE_NAME="vigie",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=options.secure,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["vigie.pages"] = PageCache()
    app.extensions["vigie.accounts"] = options.accounts
    app.extensions["vigie.brake"] = Brake()
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(options.folder / "templates"), FileSystemLoader(_HERE / "templates")]
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    CSRFProtect(app)
    app.register_blueprint(sign_in)
    _before_each(app, options)
    app.after_request(harden)
    _templates(app, options)
    _errors(app)
    serve_assets(app, read_assets(_HERE / "static", options.folder / "static"))
    return app


def _before_each(app: Flask, options: BaseOptions) -> None:
    hosts = HostList(options.host_names)
    zone = ZoneInfo(options.timezone)
    by_code = languages((COMMON_TRANSLATIONS, options.folder / "translations"))
    speaks: Mapping[str, Formats] = {code: Formats(language, zone) for code, language in by_code.items()}

    def prepare() -> AnyResponse | None:
        g.now = options.clock.wall()
        code = request.cookies.get("lang", "")
        g.formats = speaks.get(code) or speaks[options.language]
        g.language = g.formats.language
        g.account = None
        hosts.check()
        g.account = current_account(options.accounts)
        asked = request.args.get("lang", "")
        return _switch(asked, secure=options.secure) if asked in CODES and request.method == "GET" else None

    # before CSRFProtect's own check, so that its error page has a language
    app.before_request_funcs.setdefault(None, []).insert(0, prepare)


def _switch(code: str, *, secure: bool) -> AnyResponse:
    """Remembers the language and shows the same page without the word in its address."""
    rest = urlencode([(key, value) for key, value in request.args.items(multi=True) if key != "lang"])
    response = redirect(request.path + (f"?{rest}" if rest else ""), 303)
    response.set_cookie("lang", code, max_age=_COOKIE_S, samesite="Lax", httponly=True, secure=secure)
    return response


def _templates(app: Flask, options: BaseOptions) -> None:
    def gettext(message: str, **values: object) -> Markup:
        return escape(g.language.gettext(message)) % values if values else escape(g.language.gettext(message))

    def ngettext(one: str, many: str, n: int, **values: object) -> Markup:
        return escape(g.language.plural(one, many, n)) % {"n": n, **values}

    app.jinja_env.filters["iso"] = iso
    app.jinja_env.globals.update(
        _=gettext,
        ngettext=ngettext,
        csrf=lambda: Markup('<input type="hidden" name="csrf_token" value="%s">') % CSRF_MARK,
        bar=charts.strip,
        gauge=charts.gauge,
    )

    @app.context_processor
    def variables() -> dict[str, object]:
        rest = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
        return {
            "brand": options.brand,
            "subtitle": options.subtitle,
            "nav": options.nav,
            "language": g.language,
            "f": g.formats,
            "now": g.now,
            "account": g.account,
            "language_links": [(code, *NAMES[code], "?" + urlencode([*rest, ("lang", code)])) for code in CODES],
        }


def _errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> AnyResponse:
        if isinstance(error, CSRFError):
            return _fail(400, g.language.gettext("Cette page était restée ouverte trop longtemps. Rechargez-la."))
        code = error.code or 500
        return _fail(code, _explanation(code))

    @app.errorhandler(VigieError)
    def known_error(error: VigieError) -> AnyResponse:
        app.logger.error("%s", error)
        return _fail(503, g.language.gettext("Les données de la surveillance ne peuvent pas être lues en ce moment."))


def _explanation(code: int) -> str:
    say = g.language
    texts = {
        400: say.gettext("La demande n’est pas complète."),
        401: say.gettext("Identifiez-vous d’abord."),
        403: say.gettext("Vous n’avez pas le droit de faire cela."),
        404: say.gettext("Cette page n’existe pas."),
        405: say.gettext("Cette adresse ne se demande pas ainsi."),
        413: say.gettext("Le texte envoyé est trop long."),
        421: say.gettext("Cette page ne s’ouvre pas sous ce nom. Utilisez l’adresse écrite sur le boîtier."),
    }
    return str(texts.get(code) or say.gettext("La page n’a pas pu être préparée. Réessayez."))


def _fail(code: int, text: str) -> Response:
    """An error for people, or for programs under `/api/`."""
    if request.path.startswith("/api/"):
        response = jsonify({"error": text})
        response.status_code = code
        return response
    return plain_page("common/error.html", code, text=text)
