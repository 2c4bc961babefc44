"""NI-DAQmx's error codes, as far as the twin's card has reason to give them."""

from enum import IntEnum


class Code(IntEnum):
    """The driver's own numbers (`nidaqmx.error_codes.DAQmxErrors`)."""

    SAMPLES_NOT_YET_AVAILABLE = -200284
    SAMPLES_NO_LONGER_AVAILABLE = -200279
    SAMPLES_WILL_NEVER_BE_AVAILABLE = -200278
    INPUT_FIFO_OVERFLOW_2 = -200361
    WAIT_UNTIL_DONE_DOES_NOT_INDICATE_DONE = -200560
    INVALID_TASK = -200088
    INVALID_ATTRIBUTE_VALUE = -200077
    SAMPLE_RATE_NUM_CHANS_CONVERT_PERIOD_COMBO = -200081
    MIN_NOT_LESS_THAN_MAX = -200082
    PHYSICAL_CHAN_DOES_NOT_EXIST = -200170
    INVALID_DEVICE_ID = -200220
    READ_BUFFER_TOO_SMALL = -200229
    INVALID_SAMP_CLK_SRC = -200414
    INVALID_ROUTING_SOURCE_TERMINAL_NAME_ROUTING = -89120
    ATTRIBUTE_NOT_SUPPORTED_IN_TASK_CONTEXT = -200452
    INVALID_TIMEOUT_VAL = -200453
    CANNOT_READ_WHEN_AUTO_START_FALSE_AND_TASK_NOT_RUNNING_OR_COMMITTED = -200473
    CAN_NOT_PERFORM_OP_WHEN_NO_CHANS_IN_TASK = -200478
    CAN_NOT_PERFORM_OP_WHILE_TASK_RUNNING = -200479
    CHAN_NOT_IN_TASK = -200486
    CHAN_ALREADY_IN_TASK = -200489
    INVALID_RANGE_OF_OBJECTS_SYNTAX_IN_STRING = -200498
    OPERATION_ABORTED = -201452
    PAL_RESOURCE_RESERVED = -50103


TEXTS = {
    Code.SAMPLES_NOT_YET_AVAILABLE: "Some or all of the samples requested have not yet been "
    "acquired. Wait longer, or make sure that the clock runs and the trigger occurs.",
    Code.SAMPLES_NO_LONGER_AVAILABLE: "The samples requested have been overwritten before they "
    "were read. Read more often, or enlarge the buffer.",
    Code.SAMPLES_WILL_NEVER_BE_AVAILABLE: "Attempted to read a sample beyond the final sample "
    "acquired. The acquisition has stopped.",
    Code.INPUT_FIFO_OVERFLOW_2: "Onboard device memory overflow. The bus did not take the samples "
    "as fast as they came.",
    Code.WAIT_UNTIL_DONE_DOES_NOT_INDICATE_DONE: "The task was not done within the time to wait.",
    Code.INVALID_TASK: "Task specified is invalid or does not exist.",
    Code.INVALID_ATTRIBUTE_VALUE: "Requested value is not a supported value for this property.",
    Code.SAMPLE_RATE_NUM_CHANS_CONVERT_PERIOD_COMBO: "Sample rate exceeds the maximum for the "
    "number of channels. Reduce the rate or the number of channels.",
    Code.MIN_NOT_LESS_THAN_MAX: "Minimum is not less than the maximum.",
    Code.PHYSICAL_CHAN_DOES_NOT_EXIST: "Physical channel specified does not exist on this device.",
    Code.INVALID_DEVICE_ID: "Device identifier is invalid.",
    Code.READ_BUFFER_TOO_SMALL: "Buffer is too small to fit the samples read.",
    Code.INVALID_SAMP_CLK_SRC: "Source specified for the sample clock is invalid.",
    Code.INVALID_ROUTING_SOURCE_TERMINAL_NAME_ROUTING: "Source terminal to be routed could not be "
    "found on the device.",
    Code.ATTRIBUTE_NOT_SUPPORTED_IN_TASK_CONTEXT: "Specified property is not supported by the "
    "device or is not applicable to the task.",
    Code.INVALID_TIMEOUT_VAL: "Timeout is invalid; it is seconds, or -1 for ever.",
    Code.CANNOT_READ_WHEN_AUTO_START_FALSE_AND_TASK_NOT_RUNNING_OR_COMMITTED: "Read cannot be "
    "performed when Auto Start is false and the task is not running.",
    Code.CAN_NOT_PERFORM_OP_WHEN_NO_CHANS_IN_TASK: "Specified operation cannot be performed when "
    "there are no channels in the task.",
    Code.CAN_NOT_PERFORM_OP_WHILE_TASK_RUNNING: "Specified operation cannot be performed while "
    "the task is running.",
    Code.CHAN_NOT_IN_TASK: "Channel specified is not in the task.",
    Code.CHAN_ALREADY_IN_TASK: "A channel of this name is already in the task.",
    Code.INVALID_RANGE_OF_OBJECTS_SYNTAX_IN_STRING: "Syntax for a range of objects in the input "
    "string is invalid.",
    Code.OPERATION_ABORTED: "The operation was aborted: the task was stopped or cleared.",
    Code.PAL_RESOURCE_RESERVED: "The specified resource is reserved by another task.",
}


class DaqError(Exception):
    """What the driver would report: its `code` and a text, with what was asked for if it helps."""

    def __init__(self, code: Code, details: str = "") -> None:
        super().__init__(f"{TEXTS[code]}\n\n{details}" if details else TEXTS[code])
        self.code = code
