"""HL7 v2 messages acknowledged after Kafka: rate, acknowledgement time, the server's CPU and memory.

The listener is the process that an installation runs, Kafka and the schema registry are the local ones, and
the sender has 1, 8 and 50 connections with one message in flight on each. `paced` is a sender that sends half
of the goal of 3,000 messages per second on 50 connections, whatever the answers do, beside 200 idle ones;
`half_load` is the same with half of what the 50 connections reached. Their acknowledgement times count from
when a message was due. `--memory N` sends N messages instead, and prints how the server's memory grew.

The peer is python-hl7's own MLLP server, which parses, answers and keeps nothing: it shows what the protocol
alone costs there.

CPU is the server process's, Kafka's not counted. Sender, broker and server share the machine's cores, so on a
small machine the rate is limited by all of them together; CPU per message is the figure that carries over.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks.harness import Options, Result, option_parser, options_of, progress, report
from benchmarks.hl7_servers import Server, our_server, python_hl7_server
from benchmarks.mllp_load import Load, Sent, send

CONNECTIONS = (1, 8, 50)
GOAL_PER_S = 3_000
IDLE = 200
_LONG_RUN_MESSAGES = 200_000


def measure_load(server: Server, load: Load, name: str) -> dict[str, float]:
    """Figures of one load; the server is warmed before."""
    before_s = server.cpu_s()
    sent = send(load, sample=server.sample_memory)
    cpu_s = server.cpu_s() - before_s
    count = len(sent.ack_ms)
    if sent.refused or not count:
        raise RuntimeError(f"{sent.refused} of {count} messages were not accepted")
    progress(f"  {name}: {count / sent.seconds:,.0f} messages/s, {1000 * cpu_s / count:.3f} ms CPU each")
    return {
        f"messages_per_s_{name}": round(count / sent.seconds, 1),
        f"ack_ms_p50_{name}": round(sent.percentile_ms(0.5), 2),
        f"ack_ms_p99_{name}": round(sent.percentile_ms(0.99), 2),
        f"cpu_ms_per_message_{name}": round(1000 * cpu_s / count, 4),
        f"messages_per_core_s_{name}": round(count / cpu_s, 1),
    }


def measure_server(server: Server, seconds: float, *, with_paced: bool) -> dict[str, float]:
    """Every load."""
    send(Load(port=server.port, connections=8, seconds=min(seconds, 3.0)))
    figures: dict[str, float] = {}
    for connections in CONNECTIONS:
        load = Load(port=server.port, connections=connections, seconds=seconds)
        figures |= measure_load(server, load, str(connections))
    if with_paced:
        paced_rates = {"half_load": figures["messages_per_s_50"] / 2, "paced": GOAL_PER_S / 2}
        for name, rate_per_s in paced_rates.items():
            load = Load(port=server.port, connections=50, seconds=seconds, rate_per_s=rate_per_s, idle=IDLE)
            figures |= measure_load(server, load, name)
    return figures


def measure_memory(server: Server, messages: int) -> dict[str, float]:
    """Resident memory after the run and after each quarter of it, and how it grew over the last one."""
    progress(f"{messages:,} messages for the memory's sake")
    server.memory_mb.clear()
    sent: Sent = send(
        Load(port=server.port, connections=50, seconds=7200, messages=messages), sample=server.sample_memory
    )
    samples, count = [mb for _, mb in server.memory_mb], len(sent.ack_ms)
    quarters = [samples[max(len(samples) * quarter // 4 - 1, 0)] for quarter in (1, 2, 3, 4)]
    return {
        "memory_run_messages": float(count),
        **{f"memory_mb_after_{quarter}_of_4": round(mb, 1) for quarter, mb in enumerate(quarters, 1)},
        "memory_kb_per_1000_messages": round(1024 * (quarters[3] - quarters[2]) / (count / 4) * 1000, 1),
    }


async def measure_ours(options: Options, seconds: float, memory_messages: int | None) -> dict[str, float]:
    """All of our figures, or those of memory alone."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        async with our_server(Path(directory)) as server:
            if memory_messages is not None:
                return await asyncio.to_thread(measure_memory, server, memory_messages)
            figures = await asyncio.to_thread(measure_server, server, seconds, with_paced=True)
            if not options.quick:
                figures |= await asyncio.to_thread(measure_memory, server, _LONG_RUN_MESSAGES)
            return figures


def measure(options: Options, memory_messages: int | None = None) -> Result:
    """Ours, and the peer."""
    seconds = 4.0 if options.quick else 20.0
    ours = asyncio.run(measure_ours(options, seconds, memory_messages))
    peers: dict[str, dict[str, float]] = {}
    if memory_messages is None:
        progress("python-hl7's server, without a store behind it")
        with python_hl7_server() as server:
            peers["python-hl7 server, nothing kept"] = measure_server(server, seconds, with_paced=False)
    return Result(
        benchmark="hl7_ingest",
        ours=ours,
        peers=peers,
        notes=("every message is answered AA after Kafka has its events (acks=all); the peer keeps nothing",),
    )


if __name__ == "__main__":
    parser = option_parser(__doc__)
    parser.add_argument("--memory", type=int, metavar="N", help="only send N messages and watch the memory")
    given = parser.parse_args()
    chosen = options_of(given)
    report(measure(chosen, given.memory), chosen)
