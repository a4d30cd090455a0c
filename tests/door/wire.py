"""Walk through every page as one viewer over Streamlit's own socket and keep every byte that arrives.

Whatever a browser shows came over this socket or from an address that a message names; so it is all here, with what
a browser does not ask for: the files behind buttons that lie folded away. Nothing is drawn, which is most of a walk.
"""

import re
import urllib.request
from collections.abc import Iterator, Mapping
from urllib.error import HTTPError

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.door.walk import VISIT_PATHS, addresses
from words import read_texts

_PATIENCE_S = 120
_LARGEST_BYTES = 64 * 1024 * 1024
_PROOF = "_streamlit_xsrf"
_FILE = re.compile(rb"/?(?:app/static|media)/[\w./-]+")


def walk(url: str, viewer: str, others_site: str = "") -> str:
    """Open every page as a viewer, each in a tab of its own, with all its files; return what arrived."""
    arrived: list[bytes] = []
    files: set[str] = set()
    for path in addresses(viewer, others_site):
        with _connected(url) as connected:
            files |= _open(connected, url, path, arrived)
    arrived.extend(_get(f"{url}/{path.lstrip('/')}") for path in sorted(files | set(VISIT_PATHS)))
    return b"\n".join(arrived).decode("utf-8", "replace")


def look(url: str, path: str, cookies: Mapping[str, str] | None = None, **headers: str) -> str:
    """Open one address in a tab of a browser that holds these cookies; return what arrived."""
    arrived: list[bytes] = []
    kept = cookies or {}
    if kept:
        headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}
    with _connected(url, headers, kept.get(_PROOF, "")) as connected:
        list(_answer(connected, _asking(url, path), arrived))
    return b"\n".join(arrived).decode("utf-8", "replace")


def _connected(url: str, headers: Mapping[str, str] | None = None, proof: str = "") -> ClientConnection:
    """Connect as a page of the server does, which repeats a cookie as a proof that it is no other site's."""
    socket = url.replace("http", "ws", 1) + "/_stcore/stream"
    return connect(
        socket,
        subprotocols=["streamlit", *filter(None, [proof])],  # type: ignore[list-item]
        origin=url,  # type: ignore[arg-type]
        max_size=_LARGEST_BYTES,
        additional_headers=headers,
    )


def _asking(url: str, path: str) -> BackMsg:
    """Return what a browser says when it opens an address."""
    page, _, query = path.strip("/").partition("?")
    asked = BackMsg()
    asked.rerun_script.query_string = query
    asked.rerun_script.page_name = page
    asked.rerun_script.context_info.url = f"{url}/{page}"
    asked.rerun_script.context_info.locale = "nl-NL"
    asked.rerun_script.context_info.timezone = "Europe/Amsterdam"
    return asked


def _open(socket: ClientConnection, url: str, path: str, arrived: list[bytes]) -> set[str]:
    """Open an address, and its parts that run by themselves; return where the files lie that it names or offers."""
    asked = _asking(url, path)
    page = asked.rerun_script.page_name
    told = list(_answer(socket, asked, arrived))
    title = [one.page_config_changed.title for one in told if one.WhichOneof("type") == "page_config_changed"][-1]
    assert not page or title.startswith(f"{read_texts('nl')(f'page.{page}')} - "), f"{title} was drawn for {page}"
    for part in {one.auto_rerun.fragment_id for one in told if one.WhichOneof("type") == "auto_rerun"}:
        asked.rerun_script.fragment_id = part
        told += _answer(socket, asked, arrived)
    session = next(one.new_session.initialize.session_id for one in told if one.WhichOneof("type") == "new_session")
    files = {found.decode() for one in told for found in _FILE.findall(one.SerializeToString())}
    for button in (one.delta.new_element.download_button for one in told):
        if button.HasField("deferred_file_id") and not button.disabled:
            press = BackMsg()
            press.backend_operation_request.request_id = button.deferred_file_id
            press.backend_operation_request.session_id = session
            press.backend_operation_request.deferred_file.file_id = button.deferred_file_id
            *_, made = _answer(socket, press, arrived)
            assert not made.backend_operation_response.error_msg, (path, button.label)
            files.add(made.backend_operation_response.deferred_file.url)
    return files


def _answer(socket: ClientConnection, asked: BackMsg, arrived: list[bytes]) -> Iterator[ForwardMsg]:
    """Send a message and give those that come back, to the end of the run or of the work that it asks for."""
    socket.send(asked.SerializeToString())
    message = ForwardMsg()
    while not _is_last(message):
        content = socket.recv(_PATIENCE_S)
        assert isinstance(content, bytes)
        arrived.append(content)
        message = ForwardMsg.FromString(content)
        yield message


def _is_last(message: ForwardMsg) -> bool:
    kind = message.WhichOneof("type")
    if kind == "script_finished":
        return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    return kind == "backend_operation_response"


def _get(address: str) -> bytes:
    """Return the answer of the server, also one that refuses."""
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_S) as answer:  # noqa: S310 (our own server)
            return bytes(answer.read())
    except HTTPError as refused:
        return refused.read()
