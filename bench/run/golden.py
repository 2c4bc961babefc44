"""The golden outputs: does the device compute what the model's own runtime computed?"""

from dataclasses import replace

from bench.device.console import DeviceConsole
from bench.device.deployability import Step, check_outputs
from bench.errors import DeviceError
from bench.run.subject import Subject
from models.flatbuffer import read
from models.tolerance import output_tolerance


class UnsteadyOutputsError(DeviceError):
    """The same inputs gave other outputs when they were repeated."""


def check_golden(subject: Subject, console: DeviceConsole, timeout: float) -> Step:
    """Infer the golden windows, each within `timeout` s, and compare.

    Wrong outputs are the variant's fault only if they come again: what a spoilt line makes of a
    right answer must not count against it.

    Raises:
        UnsteadyOutputsError: A repeat gave other outputs; the message has both.
    """
    outputs, step = _compare(subject, console, timeout)
    if step.kept:
        return step
    repeated, repeat = _compare(subject, console, timeout)
    if repr(repeated) != repr(outputs):  # by their text: a NaN is the same NaN
        raise UnsteadyOutputsError(
            f"device: the golden windows gave other outputs when repeated ({step}; then {repeat}), "
            "wanted the same: check the serial line and its ground, and that the firmware begins "
            "each inference afresh"
        )
    return replace(step, note=f"{step.note}; a repeat gave the same outputs")


def _compare(
    subject: Subject, console: DeviceConsole, timeout: float
) -> tuple[list[tuple[float, ...]], Step]:
    outputs = []
    for content in subject.inputs:
        console.load(content)
        outputs.append(console.infer(1, 0, timeout).outputs)
    model = read(subject.image.model)
    return outputs, check_outputs(model.output, subject.expected, outputs, output_tolerance(model))
