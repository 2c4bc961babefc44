"""What importing the bench does not bring with it."""

import json
import subprocess
import sys

IMPORT_ALL = """
import importlib, json, pkgutil, sys
import bench

posix_only = ("bench.twin",) if sys.platform == "win32" else ()
for module in pkgutil.walk_packages(bench.__path__, "bench."):
    if not module.name.startswith(("bench.__main__", *posix_only)):
        importlib.import_module(module.name)
print(json.dumps(sorted(sys.modules)))
"""


def test_the_bench_never_imports_tensorflow() -> None:
    program = [sys.executable, "-W", "ignore", "-c", IMPORT_ALL]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout))
    assert {"bench.run.campaign", "bench.device.console", "models.pipeline"} <= modules
    assert not modules & {"tensorflow", "keras", "ai_edge_litert", "tflite_micro", "esptool"}
