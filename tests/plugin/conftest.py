"""What tests that run pytest within pytest need.

Such a run forgets the modules that it was the first to import (`pytester` restores `sys.modules`),
and the extension modules of the runtimes cannot be loaded twice in one process. So they are loaded
here, before the first such run.
"""

import contextlib

with contextlib.suppress(ImportError):  # where the extra `models` is not installed
    import tflite_micro  # noqa: F401
with contextlib.suppress(ImportError):
    import ai_edge_litert.interpreter  # noqa: F401
