"""What a change of sector costs the server's processor, beside an empty part of a page: a ratio that no machine moves.

    python bench/bench_processor.py [--turns 9] [--changes 20]

Sessions speak Streamlit's own socket; the processor's time of the server is what the kernel counted. They take turns,
so that what else the machine does falls on all of them alike. The goal is at most three times an empty part of a page,
and five with an area chosen, whose reasons and visits stand there too.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.bench_sessions import LARGEST_BYTES, SECTORS, Session, Times
from bench.goals import machine
from tests.browser.fixtures import start_streamlit, stop

AREA = "VR06"
GOALS = {"change of sector": 3.0, "with an area chosen": 5.0}
EMPTY = """
import streamlit as st

@st.fragment
def part():
    st.toggle("again", key="again")

part()
"""


def seconds_of(process_id: int) -> float:
    spent = psutil.Process(process_id).cpu_times()
    return float(spent.user + spent.system)


async def opened(address: str) -> ClientConnection:
    socket = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    return await connect(socket, subprotocols=["streamlit"], origin=address, max_size=LARGEST_BYTES)


class Change:
    """A session on the operational picture that changes the sector."""

    def __init__(self, socket: ClientConnection, address: str, unit: str = "") -> None:
        self.session = Session(socket, address, "lotc", Times())
        self.session.query += f"&unit={unit}" if unit else ""
        self.codes = [code for code in SECTORS if code][:2]

    async def warm(self) -> None:
        """Open the page and run it a few times."""
        await self.session.ask()
        await self.runs(4)

    async def runs(self, number: int) -> None:
        """Let the part run so many times."""
        for count in range(number):
            await self.session.ask(self.codes[count % 2])
        assert self.session.times.wrong_n == 0


async def run(socket: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    await socket.send(message.SerializeToString())
    found = []
    while True:
        content = await socket.recv()
        assert isinstance(content, bytes)
        found.append(ForwardMsg.FromString(content))
        if found[-1].WhichOneof("type") == "script_finished":
            return found


class Empty:
    """A session on a page with a part that holds one switch."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.again = socket, BackMsg()

    async def warm(self) -> None:
        """Open the page and run it a few times."""
        first = BackMsg()
        first.rerun_script.query_string = ""
        told = await run(self.socket, first)
        switch = next(one for one in told if one.delta.new_element.WhichOneof("type") == "checkbox")
        self.again.rerun_script.fragment_id = switch.delta.fragment_id
        self.again.rerun_script.widget_states.widgets.add().id = switch.delta.new_element.checkbox.id
        await self.runs(4)

    async def runs(self, number: int) -> None:
        """Let the part run so many times."""
        for count in range(number):
            self.again.rerun_script.widget_states.widgets[0].bool_value = count % 2 == 0
            await run(self.socket, self.again)


async def in_turns(product: tuple[str, int], empty: tuple[str, int], turns: int, number: int) -> dict[str, list[float]]:
    """Return the milliseconds of the processor per run, one figure for each turn: what else the machine does hits all.

    Parameters
    ----------
    product, empty
        Address and process of a server: of the product, and of the page with an empty part.
    """
    async with await opened(empty[0]) as first, await opened(product[0]) as second, await opened(product[0]) as third:
        asked = {
            "empty part": (empty[1], Empty(first)),
            "change of sector": (product[1], Change(second, product[0])),
            "with an area chosen": (product[1], Change(third, product[0], AREA)),
        }
        for _, one in asked.values():
            await one.warm()
        measured: dict[str, list[float]] = {what: [] for what in asked}
        for _ in range(turns):
            for what, (process_id, one) in asked.items():
                began = seconds_of(process_id)
                await one.runs(number)
                measured[what].append(1000 * (seconds_of(process_id) - began) / number)
        return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--changes", type=int, default=20, help="of each in a turn")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY, "utf-8")
        data = {"RISICOBEELD_DATA": str(folder / "data"), "STREAMLIT_RUNNER_POST_SCRIPT_GC": "false"}
        subprocess.run([sys.executable, "-m", "risk", "prepare"], check=True, cwd=ROOT, env=os.environ | data)
        started = []
        for script in (ROOT / "app.py", folder / "empty.py"):
            server, address = start_streamlit(script, folder / f"{script.stem}.log", **data)
            stack.callback(stop, server)
            started.append((address, server.pid))
        measured = asyncio.run(in_turns(started[0], started[1], asked.turns, asked.changes))
    print(f"{machine()}; {asked.turns} turns of {asked.changes} runs of each, the median turn")
    print(f"{'':28s} {'processor (ms)':>15s} {'times empty':>12s} {'limit':>6s}")
    for what, spent in measured.items():
        ratio, limit = statistics.median(spent) / statistics.median(measured["empty part"]), GOALS.get(what)
        told = "" if limit is None else f"{limit:6.1f}  {'met' if ratio <= limit else 'NOT MET'}"
        print(f"{what:28s} {statistics.median(spent):15.1f} {ratio:12.2f} {told}")


if __name__ == "__main__":
    main()
