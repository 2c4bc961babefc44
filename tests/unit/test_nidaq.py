"""Whatever NI's driver or its server say, a user gets an error of the bench with the code."""

import socket
import warnings

import grpc
import pytest
from nidaqmx.errors import DaqError, DaqReadError, DaqWarning, RpcError

from bench.errors import DigitizerError
from bench.instruments.digitizer import SamplesLostError, TriggerMissingError
from bench.instruments.nidaq import NiDaq, driver_errors


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (DaqReadError("Some samples are missing.", -200284, 0), TriggerMissingError, -200284),
        (DaqReadError("Overwritten.", -200279, 12), SamplesLostError, -200279),
        (DaqError("Overflow.", -200361), SamplesLostError, -200361),
        (DaqError("ADC overrun.", -200019), SamplesLostError, -200019),
        (DaqError("Reserved.\n\nTask: x", -50103), DigitizerError, -50103),
        (RpcError(grpc.StatusCode.UNAVAILABLE.value[0], "gone"), DigitizerError, None),
    ],
)
def test_an_error_of_the_driver_keeps_its_code(
    raised: Exception, kind: type[DigitizerError], code: int | None
) -> None:
    with pytest.raises(DigitizerError, match=r"^Dev1") as caught, driver_errors("Dev1"):
        raise raised
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_what_is_no_error_of_the_driver_passes() -> None:
    with pytest.raises(ZeroDivisionError), driver_errors("Dev1"):
        _ = 1 / 0
    with pytest.warns(DaqWarning), driver_errors("Dev1"):
        warnings.warn(DaqWarning("stopped early", 200010), stacklevel=1)


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DigitizerError, match=rf"no gRPC device server at {address}: start it"):
        NiDaq("Dev1", server=address, timeout=0.2)
