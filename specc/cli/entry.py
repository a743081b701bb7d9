"""Where the process begins: at a remembered verdict, or else at the command line."""

import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from specc.cli.verdict import Memory


def entry() -> None:
    """Run the command line of this process; a stream that was closed before it began swallows what it is told."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    words = sys.argv[1:]
    memory = Memory(words) if words[:1] == ["validate"] else None
    said = memory.recall() if memory else None
    if said is not None:
        with suppress(OSError, UnicodeError):
            sys.stdout.write(said)
            sys.stdout.flush()
            sys.exit(0)
    gc.disable()
    try:
        from specc.cli.main import main

        code = main(words, memory)
    except KeyboardInterrupt:  # while modules are being imported; `main` tells of later ones
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # there is nothing left to do but to leave
    sys.exit(code)
