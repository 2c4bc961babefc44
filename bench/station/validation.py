"""What is wrong with a file, a line for each key."""

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails


def explained(error: ValidationError, origin: str) -> str:
    """A line for each mistake: `origin`, the key, and what to do."""
    return "\n".join(f"{origin}: {_describe(detail)}" for detail in error.errors())


def _describe(detail: ErrorDetails) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    message = re.sub(r"^Value error, ", "", detail["msg"])
    if detail["type"] == "extra_forbidden":
        message = "unknown key: remove it or correct its spelling"
    elif detail["type"] == "missing":
        message = "missing key: add it"
    elif detail["type"] != "value_error":
        message = f"{message}, not {detail['input']!r}"
    return f"{key}: {message}" if key else message
