"""The twin's digitizer as an unmodified NI-DAQmx client sees it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import nidaqmx
import numpy as np
import pytest
from nidaqmx.constants import READ_ALL_AVAILABLE, AcquisitionType, Edge, TaskMode
from nidaqmx.constants import TerminalConfiguration as Terminals
from nidaqmx.error_codes import DAQmxErrors
from nidaqmx.errors import DaqError, DaqReadError
from nidaqmx.stream_readers import AnalogMultiChannelReader, AnalogSingleChannelReader
from nidaqmx.system.device import Device

from bench.twin.card import Card
from bench.twin.circuit import Floats
from bench.twin.daq.digitizer import Digitizer, DigitizerFault
from bench.twin.daq.service import DigitizerServer
from bench.twin.world import World

IDLE, BUSY = 28e-3, 42e-3
RATE = 100e3
PATIENCE = 120.0
"""s after which a test gives up waiting; no test waits so long unless it fails."""


@dataclass(frozen=True)
class Lab:
    """A device that is powered and idle, and a client's channel to the card's service."""

    world: World
    channel: grpc.Channel

    @property
    def options(self) -> Any:
        return nidaqmx.GrpcSessionOptions(self.channel, "")

    def task(self, inputs: str = "ai0:2", span: float = 5.0) -> Any:
        task = nidaqmx.Task(grpc_options=self.options)
        add(task, inputs, span)
        return task

    def infer(self, seconds: float) -> None:
        """What the device does in a window: settle, marker up, work, marker down, settle."""
        with self.world.lock:
            self.world.run([(BUSY, 20e-3)])
            self.world.mark(True)
            self.world.run([(BUSY, seconds)])
            self.world.mark(False)
            self.world.run([(BUSY, 1e-3), (IDLE, 1e-6)])

    def soon(self, seconds: float) -> threading.Thread:
        """A device that infers while the client waits."""
        thread = threading.Thread(target=self.infer, args=(seconds,))
        thread.start()
        return thread


def add(task: Any, inputs: str, span: float = 5.0, **more: Any) -> Any:
    mode = more.pop("terminal_config", Terminals.DIFF)
    return task.ai_channels.add_ai_voltage_chan(
        f"Dev1/{inputs}", min_val=-span, max_val=span, terminal_config=mode, **more
    )


def finite(task: Any, samples: int, rate: float = RATE) -> None:
    task.timing.cfg_samp_clk_timing(
        rate, sample_mode=AcquisitionType.FINITE, samps_per_chan=samples
    )


def continuous(task: Any, rate: float = RATE, samples: int = 1000) -> None:
    task.timing.cfg_samp_clk_timing(
        rate, sample_mode=AcquisitionType.CONTINUOUS, samps_per_chan=samples
    )


def read(task: Any, samples: int, timeout: float = PATIENCE, channels: int = 3) -> Floats:
    values = np.full((channels, samples), np.nan)
    AnalogMultiChannelReader(task.in_stream).read_many_sample(values, samples, timeout)
    return values


@pytest.fixture
def lab() -> Iterator[Lab]:
    with served() as lab:
        yield lab


@contextmanager
def served(*faults: DigitizerFault) -> Iterator[Lab]:
    world = World()
    world.connect(3.3)
    world.draw(IDLE)
    world.advance(0.1)
    server = DigitizerServer(Digitizer(world, Card(7), faults))
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options) as channel:
        yield Lab(world, channel)
    server.close()


def test_a_finite_task_delivers_its_samples_and_is_done(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 1000)
        task.start()
        before = lab.world.now
        values = np.array(task.read(READ_ALL_AVAILABLE))
        assert values.shape == (3, 1000)
        assert lab.world.now - before == pytest.approx(10e-3, rel=0.01)
        assert task.is_task_done()
        expected = [3.3, IDLE * lab.world.parts.shunt, 0.0]
        np.testing.assert_allclose(values.mean(axis=1), expected, atol=2e-3)


def test_the_scripts_of_the_manual_work_without_start(lab: Lab) -> None:
    with lab.task("ai0") as task:
        assert task.read() == pytest.approx(3.3, abs=3e-3)
        assert np.shape(task.read(5)) == (5,)
        finite(task, 100)
        assert np.shape(task.read(READ_ALL_AVAILABLE)) == (100,)
        assert np.shape(task.read(100)) == (100,)  # started and stopped by the read, so again
        single = AnalogSingleChannelReader(task.in_stream)
        assert single.read_one_sample() == pytest.approx(3.3, abs=3e-3)


def test_a_continuous_task_goes_on_and_loses_nothing(lab: Lab) -> None:
    with lab.task() as task:
        continuous(task)
        task.start()
        lab.infer(50e-3)
        pieces = [read(task, 7000) for _ in range(3)]
        task.stop()
        marker = np.concatenate(pieces, axis=1)[2] > 1.6
        assert np.count_nonzero(marker) == pytest.approx(5000, abs=2)
        assert np.count_nonzero(np.diff(marker)) == 2


def test_a_start_trigger_waits_for_the_marker(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 2000)
        task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI0")
        task.start()
        device = lab.soon(10e-3)
        values = read(task, 2000)
        device.join()
        assert np.all(values[2, :999] > 1.6)
        assert np.all(values[2, 1002:] < 1.6)


def test_a_falling_edge_can_be_the_trigger(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 50)
        task.triggers.start_trigger.cfg_dig_edge_start_trig("PFI0", trigger_edge=Edge.FALLING)
        task.start()
        lab.infer(10e-3)
        assert np.all(read(task, 50)[2, 1:] < 1.6)


def test_a_reference_trigger_keeps_what_was_before_it(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 3000)
        task.triggers.reference_trigger.cfg_dig_edge_ref_trig("/Dev1/PFI0", 1000)
        task.start()
        device = lab.soon(10e-3)
        task.wait_until_done(timeout=PATIENCE)
        values = read(task, 3000)
        device.join()
        high = np.flatnonzero(values[2] > 1.6)
        assert high[0] in (999, 1000)  # the marker is converted last, after the trigger's tick
        assert len(high) == pytest.approx(1000, abs=2)
        assert np.all(np.diff(high) == 1)


def test_a_trigger_before_the_pretrigger_samples_is_not_recognised(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 4000)
        task.triggers.reference_trigger.cfg_dig_edge_ref_trig("/Dev1/PFI0", 3000)
        task.start()
        lab.infer(5e-3)  # after 20 ms
        with pytest.raises(DaqReadError):
            read(task, 4000, timeout=0.0)
        lab.infer(5e-3)  # after more than 30 ms
        values = read(task, 4000)
        assert np.flatnonzero(values[2, 2990:] > 1.6)[0] == pytest.approx(10, abs=1)


def test_windows_of_the_same_power_cycle_have_the_same_samples_whatever_else_was_read(
    lab: Lab,
) -> None:
    def window(reads: int) -> Floats:
        world = lab.world
        world.disconnect()
        world.begin()
        world.connect(3.3)
        world.draw(IDLE)
        world.advance(0.25)
        with lab.task() as task:
            finite(task, 3000)
            task.triggers.reference_trigger.cfg_dig_edge_ref_trig("/Dev1/PFI0", 500)
            for _ in range(reads):
                task.is_task_done()  # takes time
            task.start()
            lab.infer(10e-3)
            return np.concatenate([read(task, 3000 // reads) for _ in range(reads)], axis=1)

    np.testing.assert_array_equal(window(1), window(5))


def test_a_read_past_its_time_out_gives_what_there_is(lab: Lab) -> None:
    with lab.task() as task:
        continuous(task)
        task.start()
        before = lab.world.now
        values = np.full((3, 10_000), np.nan)
        with pytest.raises(DaqReadError) as caught:
            AnalogMultiChannelReader(task.in_stream).read_many_sample(values, 10_000, timeout=0.04)
        assert caught.value.error_code == DAQmxErrors.SAMPLES_NOT_YET_AVAILABLE
        assert caught.value.samps_per_chan_read == pytest.approx(4000, abs=2)
        assert lab.world.now - before == pytest.approx(0.04)
        got = caught.value.samps_per_chan_read
        expected = [3.3, IDLE * lab.world.parts.shunt, 0.0]
        np.testing.assert_allclose(values[:, :got].mean(axis=1), expected, atol=2e-3)


def test_a_trigger_that_does_not_come_ends_in_a_time_out_without_samples(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 1000)
        task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI1")  # nothing on it
        task.start()
        lab.infer(10e-3)
        with pytest.raises(DaqReadError) as caught:
            task.read(1000, timeout=0.05)
        assert caught.value.error_code == DAQmxErrors.SAMPLES_NOT_YET_AVAILABLE
        assert caught.value.samps_per_chan_read == 0
        with pytest.raises(DaqError) as waited:
            task.wait_until_done(timeout=0.05)
        assert waited.value.error_code == DAQmxErrors.WAIT_UNTIL_DONE_DOES_NOT_INDICATE_DONE


def test_reading_past_the_end_of_a_finite_task_is_an_error(lab: Lab) -> None:
    with lab.task() as task:
        finite(task, 100)
        task.start()
        assert np.shape(task.read(150)) == (3, 100)
        with pytest.raises(DaqReadError) as caught:
            task.read(1)
        assert caught.value.error_code == DAQmxErrors.SAMPLES_WILL_NEVER_BE_AVAILABLE


@pytest.mark.parametrize(
    ("inputs", "rate", "code"),
    [
        ("ai0", 1.25e6, None),
        ("ai0", 1.26e6, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
        ("ai0:1", 0.5e6, None),
        ("ai0:1", 0.51e6, DAQmxErrors.SAMPLE_RATE_NUM_CHANS_CONVERT_PERIOD_COMBO),
        ("ai0:2", 0.34e6, DAQmxErrors.SAMPLE_RATE_NUM_CHANS_CONVERT_PERIOD_COMBO),
        ("ai0", 1e-4, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
        ("ai0", 0.0, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
    ],
)
def test_rates_that_the_card_cannot_do_are_rejected(
    lab: Lab, inputs: str, rate: float, code: DAQmxErrors | None
) -> None:
    def configure_and_start() -> None:
        finite(task, 1000, rate)
        task.start()

    with lab.task(inputs) as task:
        if code is None:
            configure_and_start()
            return
        with pytest.raises(DaqError) as caught:
            configure_and_start()
        assert caught.value.error_code == code


@pytest.mark.parametrize(
    ("inputs", "span", "terminals", "code"),
    [
        ("ai16", 5.0, Terminals.RSE, DAQmxErrors.PHYSICAL_CHAN_DOES_NOT_EXIST),
        ("ao0", 5.0, Terminals.RSE, DAQmxErrors.PHYSICAL_CHAN_DOES_NOT_EXIST),
        ("ai0:x", 5.0, Terminals.DIFF, DAQmxErrors.INVALID_RANGE_OF_OBJECTS_SYNTAX_IN_STRING),
        ("ai0", 10.5, Terminals.DIFF, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
        ("ai0", -5.0, Terminals.DIFF, DAQmxErrors.MIN_NOT_LESS_THAN_MAX),
        ("ai8", 5.0, Terminals.DIFF, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
        ("ai0", 5.0, Terminals.PSEUDO_DIFF, DAQmxErrors.INVALID_ATTRIBUTE_VALUE),
        ("ai1, ai1", 5.0, Terminals.DIFF, DAQmxErrors.INVALID_DEVICE_ID),
    ],
)
def test_channels_that_the_card_does_not_have_are_rejected(
    lab: Lab, inputs: str, span: float, terminals: Terminals, code: DAQmxErrors
) -> None:
    with nidaqmx.Task(grpc_options=lab.options) as task:
        with pytest.raises(DaqError) as caught:
            add(task, inputs, span, terminal_config=terminals)
        assert caught.value.error_code == code
        assert not isinstance(caught.value, DaqReadError)


def test_other_devices_terminals_and_doubled_channels_are_rejected(lab: Lab) -> None:
    with lab.task("ai0") as task:
        with pytest.raises(DaqError) as caught:
            task.ai_channels.add_ai_voltage_chan("Dev2/ai0")
        assert caught.value.error_code == DAQmxErrors.INVALID_DEVICE_ID
        with pytest.raises(DaqError) as caught:
            add(task, "ai0")
        assert caught.value.error_code == DAQmxErrors.CHAN_ALREADY_IN_TASK
        with pytest.raises(DaqError) as caught:
            task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI16")
        code = DAQmxErrors.INVALID_ROUTING_SOURCE_TERMINAL_NAME_ROUTING
        assert caught.value.error_code == code
        with pytest.raises(DaqError) as caught:
            task.timing.cfg_samp_clk_timing(1000.0, source="/Dev1/PFI1")
        assert caught.value.error_code == DAQmxErrors.INVALID_SAMP_CLK_SRC


@pytest.mark.parametrize(("pretrigger", "samples"), [(1, 1000), (999, 1000), (100, 100)])
def test_a_reference_trigger_needs_two_samples_on_either_side(
    lab: Lab, pretrigger: int, samples: int
) -> None:
    with lab.task() as task:
        finite(task, samples)
        task.triggers.reference_trigger.cfg_dig_edge_ref_trig("/Dev1/PFI0", pretrigger)
        with pytest.raises(DaqError) as caught:
            task.control(TaskMode.TASK_VERIFY)
        assert caught.value.error_code == DAQmxErrors.INVALID_ATTRIBUTE_VALUE


def test_only_one_task_has_the_card(lab: Lab) -> None:
    with lab.task() as task, lab.task() as other:
        continuous(task)
        continuous(other)
        task.start()
        with pytest.raises(DaqError) as caught:
            other.start()
        assert caught.value.error_code == DAQmxErrors.PAL_RESOURCE_RESERVED
        task.stop()
        other.start()
        Device("Dev1", grpc_options=lab.options).reset_device()
        task.start()


def test_a_running_task_keeps_its_settings(lab: Lab) -> None:
    with lab.task() as task:
        continuous(task)
        task.start()
        with pytest.raises(DaqError) as caught:
            continuous(task, rate=1000.0)
        assert caught.value.error_code == DAQmxErrors.CAN_NOT_PERFORM_OP_WHILE_TASK_RUNNING


def test_properties_say_what_was_configured(lab: Lab) -> None:
    with nidaqmx.Task(grpc_options=lab.options) as task:
        shunt = add(task, "ai1", 0.8, name_to_assign_to_channel="shunt")
        add(task, "ai2", 5.0)
        continuous(task, rate=30e3, samples=5000)
        task.triggers.reference_trigger.cfg_dig_edge_ref_trig("/Dev1/pfi0", 77)
        assert task.channel_names == ["shunt", "Dev1/ai2"]
        assert [device.name for device in task.devices] == ["Dev1"]
        assert shunt.physical_channel.name == "Dev1/ai1"
        assert (shunt.ai_max, shunt.ai_rng_high, shunt.ai_rng_low) == (0.8, 1.0, -1.0)
        assert shunt.ai_term_cfg is Terminals.DIFF
        assert task.timing.samp_clk_rate == pytest.approx(20e6 / 666)
        assert task.timing.samp_quant_samp_mode is AcquisitionType.CONTINUOUS
        assert task.timing.samp_clk_max_rate == 500e3
        assert task.in_stream.input_buf_size == 100_000
        assert task.triggers.reference_trigger.dig_edge_src == "/Dev1/PFI0"
        assert task.triggers.reference_trigger.pretrig_samples == 77
        with pytest.raises(DaqError) as caught:
            _ = task.timing.ref_clk_rate
        code = DAQmxErrors.ATTRIBUTE_NOT_SUPPORTED_IN_TASK_CONTEXT
        assert caught.value.error_code == code


def test_the_device_says_what_it_is(lab: Lab) -> None:
    device = Device("Dev1", grpc_options=lab.options)
    assert device.product_type == "PCI-6251"
    assert device.is_simulated
    assert len(device.ai_physical_chans.channel_names) == 16
    assert device.ai_max_single_chan_rate == 1.25e6
    assert device.ai_max_multi_chan_rate == 1e6
    assert max(device.ai_voltage_rngs) == 10.0


def test_an_event_comes_for_every_n_samples_and_holds_time_back_until_they_are_read(
    lab: Lab,
) -> None:
    read_all = threading.Event()
    shapes: list[tuple[int, ...]] = []
    unread: list[int] = []

    def samples_there(_: object, __: object, count: int, ___: object) -> int:
        unread.append(task.in_stream.avail_samp_per_chan)
        shapes.append(np.shape(task.read(count)))
        if len(shapes) == 4:
            read_all.set()
        return 0

    with lab.task() as task:
        finite(task, 2000)
        task.register_every_n_samples_acquired_into_buffer_event(500, samples_there)
        task.start()
        assert read_all.wait(PATIENCE)
        task.register_every_n_samples_acquired_into_buffer_event(500, None)
        assert shapes == [(3, 500)] * 4
        assert max(unread) < 1000


def test_an_event_tells_that_a_finite_task_is_done(lab: Lab) -> None:
    done = threading.Event()

    def is_done(_: object, status: int, __: object) -> int:
        assert status == 0
        done.set()
        return 0

    with lab.task() as task:
        finite(task, 5000)
        task.register_done_event(is_done)
        task.start()
        assert done.wait(PATIENCE)
        task.register_done_event(None)
        assert np.shape(task.read(READ_ALL_AVAILABLE)) == (3, 5000)


def test_sessions_are_made_and_shared_as_the_client_asks(lab: Lab) -> None:
    named = nidaqmx.GrpcSessionOptions(lab.channel, "mine")
    with nidaqmx.Task("mine", grpc_options=named) as task:
        add(task, "ai0")
        with nidaqmx.Task("mine", grpc_options=named) as same:
            assert same.channel_names == ["Dev1/ai0"]
        new = nidaqmx.grpc_session_options.SessionInitializationBehavior.INITIALIZE_SERVER_SESSION
        wants_new = nidaqmx.GrpcSessionOptions(lab.channel, "mine", initialization_behavior=new)
        with pytest.raises(nidaqmx.errors.RpcError):
            nidaqmx.Task("mine", grpc_options=wants_new)


def test_a_stopped_task_ends_the_read_that_waits_for_its_trigger(lab: Lab) -> None:
    caught: list[DaqError] = []

    def wait() -> None:
        try:
            task.read(1000, timeout=-1)
        except DaqError as error:
            caught.append(error)

    with lab.task() as task:
        finite(task, 1000)
        task.triggers.start_trigger.cfg_dig_edge_start_trig("/Dev1/PFI0")
        task.start()
        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive():  # a stop before the read began would only make it start again
            task.stop()
            waiting.join(0.05)
    assert [error.error_code for error in caught] == [DAQmxErrors.OPERATION_ABORTED]


def test_at_the_wall_pace_an_unread_buffer_is_overwritten(lab: Lab) -> None:
    lab.world.pace = "wall"
    with lab.task() as task:
        continuous(task)
        task.start()
        lab.world._origin -= 3.0  # as if seconds had gone by; the buffer holds one
        with pytest.raises(DaqReadError) as caught:
            task.read(1000)
        assert caught.value.error_code == DAQmxErrors.SAMPLES_NO_LONGER_AVAILABLE


def test_at_the_wall_pace_samples_come_when_their_time_has_come(lab: Lab) -> None:
    lab.world.pace = "wall"
    with lab.task() as task:
        continuous(task, rate=10.0, samples=10_000)
        task.start()
        with pytest.raises(DaqReadError) as caught:
            task.read(1000, timeout=0.0)
        assert caught.value.error_code == DAQmxErrors.SAMPLES_NOT_YET_AVAILABLE
        lab.world._origin -= 200.0  # the last of them is due after 100 s by the card's own clock
        assert np.shape(task.read(1000, timeout=0.0)) == (3, 1000)


def test_a_world_that_begins_anew_does_not_disturb_a_running_task(lab: Lab) -> None:
    with lab.task() as task:
        continuous(task)
        task.start()
        read(task, 5000)
        lab.world.disconnect()
        lab.world.begin()
        values = read(task, 1000)
        assert np.all(np.abs(values[1]) < 2e-3)
        assert lab.world.now == pytest.approx(10e-3, rel=0.01)
        assert task.in_stream.curr_read_pos == 6000


def test_a_card_that_is_missing_is_nowhere_to_be_found() -> None:
    with served(DigitizerFault.MISSING) as lab:
        with pytest.raises(DaqError) as caught:
            _ = Device("Dev1", grpc_options=lab.options).product_type
        assert caught.value.error_code == DAQmxErrors.INVALID_DEVICE_ID
        with pytest.raises(DaqError) as caught:
            lab.task()
        assert caught.value.error_code == DAQmxErrors.INVALID_DEVICE_ID


def test_a_card_that_loses_samples_gives_none() -> None:
    with served(DigitizerFault.SAMPLES_LOST) as lab, lab.task() as task:
        finite(task, 100)
        with pytest.raises(DaqReadError) as caught:
            task.read(100)
        assert caught.value.error_code == DAQmxErrors.INPUT_FIFO_OVERFLOW_2
