"""The JSON schema of a report, for programs that read one without this package."""

import json
from importlib import resources

from bench.report.record import Report

FILE = "report.schema.json"


def report_schema() -> str:
    """The schema (JSON Schema 2020-12) of `bench.report.record.Report`, as text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Report.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def shipped_schema() -> str:
    """The schema that is shipped with this package."""
    return resources.files("bench.report").joinpath(FILE).read_text(encoding="utf-8")
