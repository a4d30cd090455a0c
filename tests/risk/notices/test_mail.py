"""Notices by e-mail, to a real mail server on this machine: what a letter holds, who gets it, and how it ends."""

import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from streamlit.testing.v1 import AppTest

from access import audit, people, told
from access.viewer import Viewer, parse_viewer
from commands.scores import main
from dashboard.server import feed
from geodata import settings
from geodata.errors import InputError, RegisterError
from register import record as write
from risk.notices import mail as sending
from risk.notices.notices import rules
from tests.browser.fixtures import free_port

pytestmark = pytest.mark.usefixtures("scored", "few_rebuilds")
LOTC = Viewer("lotc", person="lotc@example.org")
WRITTEN = "gezien-in-de-nacht"
TODAY = "2020-11-30"
PASSWORD = "only-for-this-test"  # noqa: S105


class Mailbox:
    """Keeps what was delivered, as any mail program reads it."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - its name
        content: bytes = envelope.content  # type: ignore[attr-defined]
        self.raw.append(content)
        self.letters.append(BytesParser(EmailMessage, policy=default).parsebytes(content))
        return "250 OK"


class Server(Controller):
    """A mail server that takes letters only over TLS, from who proves who they are."""

    certificate: ssl.SSLContext

    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            tls_context=self.certificate,
            require_starttls=True,
            auth_required=True,
            authenticator=check,
        )


def check(_server: object, _session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
    return AuthResult(success=isinstance(given, LoginPassword) and given.password == PASSWORD.encode())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for ``localhost`` with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> pytest.MonkeyPatch:
    for name, value in {
        "SMTP_USER": "risicobeeld",
        "SMTP_PASSWORD": PASSWORD,
        "MAIL_FROM": "Risicobeeld <risicobeeld@example.org>",
        "SITE": "https://risicobeeld.example.org/",
    }.items():
        monkeypatch.setenv(f"RISICOBEELD_{name}", value)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return monkeypatch


@pytest.fixture
def mailbox(configured: pytest.MonkeyPatch, certificate: Path) -> Iterator[Mailbox]:
    """Start the mail server."""
    kept = Mailbox()
    port = free_port()
    server = Server(kept, hostname="127.0.0.1", port=port)
    server.certificate = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.certificate.load_cert_chain(certificate)
    server.start()
    configured.setenv("RISICOBEELD_SMTP", f"localhost:{port}")
    yield kept
    server.stop()


def subscribe(sub: str, role: str, *wanted: str, quiet: bool = False, language: str = "nl") -> Viewer:
    email = f"{sub}@example.org"
    people.add(LOTC, email, parse_viewer(role), first=date(2020, 1, 1))
    one = Viewer(parse_viewer(role).role, parse_viewer(role).vr_codes, person=email)
    told.keep_wish(one, told.Wish(wanted or tuple(rules()["rule"]), quiet, language))
    return one


def signal(vr_code: str, day: str = "2020-11-27") -> None:
    fields = {"event_date": day, "origin": "own", "theme": "wonen", "text": WRITTEN, "vr_code": vr_code}
    write.record(LOTC, "signal", fields)


def mail(today: str = TODAY) -> int:
    return main(["digest", "--mail", "--today", today])


def body(letter: EmailMessage) -> str:
    return str(letter.get_content())


def test_a_letter_says_how_many_and_where_to_look_and_nothing_else(mailbox: Mailbox) -> None:
    subscribe("a", "region:VR06")
    subscribe("b", "region:VR20", language="en")
    for vr_code in ("VR06", "VR06", "VR20"):
        signal(vr_code)
    assert mail() == 0
    mine, other = mailbox.letters
    assert (mine["To"], other["To"]) == ("a@example.org", "b@example.org")
    assert mine["Subject"].endswith("Risicobeeld: nieuwe signalen, Noord- en Oost-Gelderland")
    assert mine["Subject"].startswith("VOORBEELD"), "invented figures are called so"
    assert "2 nieuwe signalen" in body(mine)
    assert "https://risicobeeld.example.org/register?as=region%3AVR06&lang=nl" in body(mine)
    assert "A new signal" in body(other)
    for letter in mailbox.letters:
        assert WRITTEN not in letter.as_string()
        assert letter["Auto-Submitted"] == "auto-generated"


def test_who_was_told_is_not_told_again_within_a_week_and_then_in_the_same_thread(
    mailbox: Mailbox,
) -> None:
    one = subscribe("a", "region:VR06", "signal")
    signal("VR06")
    assert mail() == 0
    assert mail() == 0
    assert len(mailbox.letters) == 1
    # Of the example the last day never moves: the day of which they were told is put back by hand.
    told.note_mailed(told.subscribers(LOTC)[0].person_id, date(2020, 11, 23))
    signal("VR06", "2020-11-28")
    assert mail() == 0
    first, second = mailbox.letters
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert first["Subject"] == second["Subject"], "programs that thread by subject thread it too"
    assert re.search(r"[1-9] nieuwe signalen", body(second))
    told.keep_wish(one, told.Wish(("visit",)))
    told.note_mailed(told.subscribers(LOTC)[0].person_id, date(2020, 11, 16))
    assert mail() == 0
    assert len(mailbox.letters) == 2, "signals are not asked for any more"


def test_a_letter_by_a_clock_that_was_ahead_does_not_end_the_later_ones(mailbox: Mailbox) -> None:
    subscribe("a", "region:VR06", "signal")
    signal("VR06")
    told.note_mailed(told.subscribers(LOTC)[0].person_id, date(2040, 1, 1))
    assert mail() == 0
    assert mail() == 0
    assert len(mailbox.letters) == 1


def test_many_events_come_in_one_letter(mailbox: Mailbox) -> None:
    subscribe("a", "lotc", "signal")
    for number in range(1, rules()["mail"]["letters_n"] + 2):
        signal(f"VR{number:02d}")
    assert mail() == 0
    (letter,) = mailbox.letters
    assert letter["Subject"].endswith("Risicobeeld: wat er nieuw is")
    assert body(letter).count("Een nieuw signaal") == rules()["mail"]["letters_n"] + 1


def test_a_quiet_week_is_told_to_who_wants_that_alone(mailbox: Mailbox) -> None:
    subscribe("a", "region:VR19", "signal")
    subscribe("b", "region:VR19", "signal", quiet=True)
    assert mail() == 0
    (letter,) = mailbox.letters
    assert letter["To"] == "b@example.org"
    assert "Niets nieuws in deze periode" in body(letter)


def test_who_may_not_enter_any_more_gets_nothing(mailbox: Mailbox) -> None:
    for sub in ("a", "b", "c"):
        subscribe(sub, "region:VR06", "signal", quiet=True)
    people.revoke(LOTC, "a@example.org")
    people.forget(LOTC, "b@example.org")
    assert mail() == 0
    assert [letter["To"] for letter in mailbox.letters] == ["c@example.org"]


def test_nobody_is_told_before_they_ask_and_only_lotc_sends(
    mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    people.add(LOTC, "a@example.org", parse_viewer("region:VR06"), first=date(2020, 1, 1))
    signal("VR06")
    assert mail() == 0
    assert mailbox.letters == []
    assert main(["digest", "--mail", "--as", "region:VR06"]) == 2
    assert "LOT-C" in capsys.readouterr().err


def test_a_server_that_is_away_is_noted_ends_with_3_and_is_tried_again(
    configured: pytest.MonkeyPatch, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    subscribe("a", "region:VR06", "signal")
    signal("VR06")
    works = settings.mail_server().port
    configured.setenv("RISICOBEELD_SMTP", "localhost:1")
    assert mail() == 3
    assert "1 people could not be mailed (ConnectionRefusedError)" in capsys.readouterr().err
    configured.setenv("RISICOBEELD_SMTP", f"localhost:{works}")
    configured.setenv("RISICOBEELD_SMTP_PASSWORD", "wrong")
    with configured.context() as patch:  # this server may leave the line open and say nothing: that is a no as well
        patch.setattr(sending, "_PATIENCE_S", 2)
        assert mail() == 3
    said = capsys.readouterr()
    assert re.search("SMTPAuthenticationError|SMTPServerDisconnected", said.err), "how it says no is the server's"
    assert "wrong" not in said.err + said.out
    configured.setenv("RISICOBEELD_SMTP_PASSWORD", PASSWORD)
    assert mail() == 0
    assert len(mailbox.letters) == 1
    assert audit.read()["what"].tolist().count("mail failed") == 2


def test_what_fails_for_one_person_before_the_letter_ends_the_round_for_nobody(
    mailbox: Mailbox, configured: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for sub in ("a", "b"):
        subscribe(sub, "region:VR06", "signal", quiet=True)
    real = sending.letters

    def letters(stores, one, until, server):
        if one.email.startswith("a@"):
            raise RegisterError(f"a row of {one.email} cannot be read")
        return real(stores, one, until, server)

    configured.setattr(sending, "letters", letters)
    assert mail() == 3
    assert [letter["To"] for letter in mailbox.letters] == ["b@example.org"]
    said = capsys.readouterr()
    assert "1 people could not be mailed (RegisterError)" in said.err
    assert "a@example.org" not in said.err + said.out
    failed = audit.read()[lambda lines: lines["what"] == "mail failed"]
    assert failed["table"].tolist() == ["a@example.org"], "whose it was stands in the trail"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"SMTP": "nowhere"}, "RISICOBEELD_SMTP"),
        ({"MAIL_FROM": "nobody"}, "RISICOBEELD_MAIL_FROM"),
        ({"MAIL_FROM": "a@example.org\r\nBcc: b@example.org"}, "RISICOBEELD_MAIL_FROM"),
        ({"SITE": "risicobeeld"}, "RISICOBEELD_SITE"),
        ({"SMTP": "mail.example.org:25", "SMTP_TLS": "none"}, "unencrypted"),
        ({"SMTP_PASSWORD_FILE": "/nowhere"}, "/nowhere"),
    ],
)
def test_half_a_configuration_is_refused_in_one_sentence(
    configured: pytest.MonkeyPatch, changed: dict[str, str], why: str
) -> None:
    configured.setenv("RISICOBEELD_SMTP", "localhost:587")
    for name, value in changed.items():
        configured.setenv(f"RISICOBEELD_{name}", value)
    with pytest.raises(InputError, match=why):
        settings.mail_server()


def test_the_password_may_stand_in_a_file_and_is_never_printed(configured: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n", "utf-8")
    configured.setenv("RISICOBEELD_SMTP", "localhost:587")
    configured.setenv("RISICOBEELD_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    assert settings.mail_server().password == PASSWORD
    assert PASSWORD not in repr(settings.mail_server())


def test_one_click_ends_it_and_a_link_alone_does_not(mailbox: Mailbox) -> None:
    one = subscribe("a", "region:VR06", "signal", quiet=True)
    other = subscribe("b", "region:VR06", "signal")
    assert mail() == 0
    (letter,) = mailbox.letters
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert b"\nList-Unsubscribe: <https://risicobeeld.example.org/feed/unsubscribe?" in mailbox.raw[0], (
        "whole, on a line"
    )
    link = str(letter["List-Unsubscribe"]).strip("<>").replace("https://risicobeeld.example.org/feed", "")
    assert link in body(letter)
    assert "a@example.org" not in link
    with feed.serve(0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        with urllib.request.urlopen(address + link) as page:  # noqa: S310 - our own server
            assert "Wilt u geen e-mail" in page.read().decode()
        assert told.wish(one).rules == ("signal",), "a program that follows links ends nothing"
        person_id = told.person_of(link.split("token=")[1].split("&")[0])
        forged = link.replace(person_id, told.subscribers(LOTC)[1].person_id)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address + forged, data=b"List-Unsubscribe=One-Click")  # noqa: S310 - idem
        with urllib.request.urlopen(address + link, data=b"List-Unsubscribe=One-Click") as page:  # noqa: S310 - idem
            assert "geen e-mail van Risicobeeld meer" in page.read().decode()
        server.shutdown()
    assert told.wish(one) == told.Wish()
    assert told.wish(other).rules == ("signal",)


def menu() -> None:
    """Draw the part of the menu as a page of its own."""
    import os  # noqa: PLC0415 - the script of a page stands alone

    from access.viewer import Viewer  # noqa: PLC0415
    from dashboard.shell import signin  # noqa: PLC0415
    from words import read_texts  # noqa: PLC0415

    signin.draw_mail_wish(read_texts("en"), Viewer("region", ("VR06",), person=os.environ["PERSON"]))


def test_a_person_asks_for_it_and_ends_it_under_their_name(configured: pytest.MonkeyPatch) -> None:
    people.add(LOTC, "a@example.org", parse_viewer("region:VR06"), first=date(2020, 1, 1))
    one = Viewer("region", ("VR06",), person="a@example.org")
    configured.setenv("PERSON", one.person)
    page = AppTest.from_function(menu).run()
    assert not page.multiselect, "without a mail server nothing is offered"
    configured.setenv("RISICOBEELD_SMTP", "localhost:587")
    page = AppTest.from_function(menu).run()
    assert "sources that cannot be read" not in page.multiselect[0].options, "of which a contact is never told"
    page.multiselect[0].select("signal").select("visit")
    page.checkbox[0].check()
    page.button[0].click().run()
    assert told.wish(one) == told.Wish(("signal", "visit"), wants_quiet=True, language="en")
    assert not page.exception
    page = AppTest.from_function(menu).run()
    assert page.multiselect[0].value == ["signal", "visit"]
    page.multiselect[0].set_value([])
    page.button[0].click().run()
    assert told.subscribers(LOTC) == []
