"""What a change of sector costs the server's processor, beside an empty part of a page: a ratio that no machine moves.

    python bench/bench_processor.py [--changes 40]

One session speaks Streamlit's own socket; the processor's time of the server is what the kernel counted. The goal is
at most three times an empty part of a page, and five with an area chosen, whose reasons and visits stand there too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from functools import partial
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


async def sector_changes(address: str, process_id: int, number: int, unit: str = "") -> float:
    """Return the milliseconds of the processor per change of the sector on the operational picture."""
    async with await opened(address) as socket:
        session = Session(socket, address, "lotc", Times())
        session.query += f"&unit={unit}" if unit else ""
        await session.ask()
        codes = [code for code in SECTORS if code][:2]
        for code in codes * 2:  # warm
            await session.ask(code)
        began = seconds_of(process_id)
        for count in range(number):
            await session.ask(codes[count % 2])
        assert session.times.wrong_n == 0
        return 1000 * (seconds_of(process_id) - began) / number


async def run(socket: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    await socket.send(message.SerializeToString())
    found = []
    while True:
        content = await socket.recv()
        assert isinstance(content, bytes)
        found.append(ForwardMsg.FromString(content))
        if found[-1].WhichOneof("type") == "script_finished":
            return found


async def empty_runs(address: str, process_id: int, number: int) -> float:
    """Return the milliseconds of the processor per run of a part of a page that holds one switch."""
    async with await opened(address) as socket:
        first = BackMsg()
        first.rerun_script.query_string = ""
        told = await run(socket, first)
        switch = next(one for one in told if one.delta.new_element.WhichOneof("type") == "checkbox")
        began = 0.0
        for count in range(-4, number):
            began = seconds_of(process_id) if count == 0 else began
            again = BackMsg()
            again.rerun_script.fragment_id = switch.delta.fragment_id
            state = again.rerun_script.widget_states.widgets.add()
            state.id, state.bool_value = switch.delta.new_element.checkbox.id, count % 2 == 0
            await run(socket, again)
        return 1000 * (seconds_of(process_id) - began) / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=40)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY, "utf-8")
        data = {"RISICOBEELD_DATA": str(folder / "data"), "STREAMLIT_RUNNER_POST_SCRIPT_GC": "false"}
        subprocess.run([sys.executable, "-m", "risk", "prepare"], check=True, cwd=ROOT, env=os.environ | data)
        measured = {}
        for what, script, measure in (
            ("empty part", folder / "empty.py", empty_runs),
            ("change of sector", ROOT / "app.py", sector_changes),
            ("with an area chosen", ROOT / "app.py", partial(sector_changes, unit=AREA)),
        ):
            server, address = start_streamlit(script, folder / "server.log", **data)
            try:
                measured[what] = asyncio.run(measure(address, server.pid, asked.changes))
            finally:
                stop(server)
    print(f"{machine()}; {asked.changes} runs of each")
    print(f"{'':28s} {'processor (ms)':>15s} {'times empty':>12s} {'limit':>6s}")
    for what, spent in measured.items():
        ratio, limit = spent / measured["empty part"], GOALS.get(what)
        told = "" if limit is None else f"{limit:6.1f}  {'met' if ratio <= limit else 'NOT MET'}"
        print(f"{what:28s} {spent:15.1f} {ratio:12.2f} {told}")


if __name__ == "__main__":
    main()
