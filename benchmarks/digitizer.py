"""How fast the twin's digitizer delivers samples to an unmodified NI-DAQmx client.

    python -m benchmarks.digitizer [--address HOST:PORT] [--seconds 2]

Without an address a twin of its own is started, in another process, at the virtual pace.
"""

import argparse
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import grpc
import nidaqmx
import numpy as np
from nidaqmx.constants import AcquisitionType, TerminalConfiguration
from nidaqmx.stream_readers import AnalogMultiChannelReader

from bench.twin.card import Card
from bench.twin.daq.digitizer import Digitizer
from bench.twin.daq.service import DigitizerServer
from bench.twin.world import World

RATE = 100e3
"""Samples per second of each channel, as a station measures."""
CHANNELS = 3
READS = (100, 1_000, 10_000, 100_000)
"""Samples of each channel in one read."""


def serve(pipe: Connection) -> None:
    """Serve a card in a world whose device works in steps of a millisecond."""
    world = World()
    server = DigitizerServer(Digitizer(world, Card(1)))
    world.connect(3.3)
    world.run([(0.028, 1e-3), (0.042, 1e-3)], repeat=1000)
    pipe.send(server.address)
    pipe.recv()
    server.close()


@contextmanager
def twin() -> Iterator[str]:
    """The address of a twin that lives as long as it is needed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    yield ours.recv()
    ours.send(None)
    process.join()


def delivered(channel: grpc.Channel, count: int, seconds: float) -> float:
    """Samples per second of wall time, with reads of `count` of each channel."""
    options = nidaqmx.GrpcSessionOptions(channel, "")
    with nidaqmx.Task(grpc_options=options) as task:
        task.ai_channels.add_ai_voltage_chan(
            f"Dev1/ai0:{CHANNELS - 1}",
            terminal_config=TerminalConfiguration.DIFF,
            min_val=-5.0,
            max_val=5.0,
        )
        task.timing.cfg_samp_clk_timing(RATE, sample_mode=AcquisitionType.CONTINUOUS)
        task.start()
        reader = AnalogMultiChannelReader(task.in_stream)
        samples = np.empty((CHANNELS, count))
        reader.read_many_sample(samples, count)
        reads, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            reader.read_many_sample(samples, count)
            reads += 1
        return reads * samples.size / (time.perf_counter() - begun)


def measure(address: str, seconds: float) -> None:
    with grpc.insecure_channel(
        address, options=[("grpc.max_receive_message_length", -1)]
    ) as channel:
        for count in READS:
            rate = delivered(channel, count, seconds)
            print(
                f"reads of {count:7,} x {CHANNELS}: {rate / 1e6:6.2f} million samples/s, "
                f"{rate / CHANNELS / RATE:6.1f} times as fast as the card"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="of a served twin, as it prints it under grpc")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each size of reads")
    options = parser.parse_args()
    if options.address:
        measure(options.address, options.seconds)
        return
    with twin() as address:
        measure(address, options.seconds)


if __name__ == "__main__":
    main()
