"""Who sends a visit: the provider's session, as Streamlit keeps it, held at every request against the pages' own rules.

A form has no tab of Streamlit, so its cookie is read here with Streamlit's own functions, and `access.admission`
decides as it does for a page. A feed token is never looked at.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from streamlit.auth_util import get_origin_from_redirect_uri
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette import starlette_app_utils, starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from access import admission
from access.admission import Admission
from dashboard.shell import signin
from geodata import settings

_TOKEN: Final = "risicobeeld_visit"  # noqa: S105 - what the token is for, not the token
_TOKEN_DAYS: Final = admission.LONGEST_SESSION_S / 86_400


@dataclass(frozen=True)
class Sender:
    """Somebody with a session of the provider; whether they may enter is in ``admission``.

    Attributes
    ----------
    person
        A digest of the account: it tells one person's queue on a phone from another's, and names nobody.
    session
        What `access.admission.session_id` calls this sign-in.
    """

    admission: Admission
    person: str
    session: str

    def token(self) -> str:
        """Return what only a page of this server can read and send back: signed, for this sign-in alone."""
        return starlette_app_utils.create_signed_value(get_cookie_secret(), _TOKEN, self.session).decode("ascii")

    def owns(self, token: str) -> bool:
        """Tell whether a token was given to this sign-in."""
        told = starlette_app_utils.decode_signed_value(get_cookie_secret(), _TOKEN, token, _TOKEN_DAYS)
        return told is not None and hmac.compare_digest(told, self.session.encode())


def is_open() -> bool:
    """Tell whether this server takes visits at all: people sign in, and nothing else lets them in."""
    return settings.has_sign_in() and settings.takes_visits() and not signin.has_other_ways_in()


def sender(request: Request) -> Sender | None:
    """Return who asks; None without a cookie that this server signed for its own address."""
    claims = _claims(request.cookies)
    if not claims.get("is_logged_in"):
        return None
    return Sender(admission.admit(claims), person_of(claims), admission.session_id(claims))


def person_of(claims: Mapping[str, Any]) -> str:
    """Return the digest of an account by which a phone tells whose a visit is."""
    account = f"{claims.get('iss', '')}|{claims.get('sub', '')}"
    return hashlib.sha256(f"visit|{account}".encode()).hexdigest()[:32]


def _claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """Return what the provider told at sign-in, read as Streamlit reads it for a page."""
    # Streamlit offers no public way outside a page; a test signs in at a real provider and comes by here.
    kept = starlette_websocket._get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)  # noqa: SLF001
    origin = own_origin()
    if not kept or not origin:
        return {}
    return starlette_websocket._parse_decoded_user_cookie(kept, origin)  # noqa: SLF001


def own_origin() -> str:
    """Return the address at which this server is reached, as the sign-in is set up; '' without one."""
    return get_origin_from_redirect_uri() or ""
