"""What all of the project's own tests need."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Whoever starts a job in the background has it ignore Ctrl-C, and so would all processes that
    # tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
