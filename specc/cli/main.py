"""The command line: picks a command, and turns what goes wrong into a message and an exit code."""

import argparse
import gc
import importlib
import os
import sys
from types import ModuleType
from typing import Final, NoReturn

from specc.cli.output import print_diagnostics, say_error
from specc.cli.verdict import Memory
from specc.diagnostics.model import SpecError
from specc.errors import Interrupted, SpeccError
from specc.memory import memory_told
from specc.version import VERSION

COMMANDS: Final[dict[str, str]] = {
    "new": "write a first spec from a look at the data",
    "validate": "check a spec, and its data where it is there",
    "plan": "print the protocol with every number resolved",
    "compile": "write the plan of a spec",
    "preview": "draw what the model will see",
    "run": "do what is left to do of a spec",
    "verify-resume": "kill a run, continue it, and compare every byte",
    "store": "list, shrink or check the results of stages",
    "eval": "measure the weights of a checkpoint",
    "inspect": "say what a checkpoint is, and how good",
    "diff": "say what a change to a spec will do",
    "log": "show what a run did, epoch by epoch",
    "compare": "show runs side by side: what differs, and what came of it",
    "explain": "say who set a value, or what a diagnostic means",
    "fmt": "format a spec, or convert it to the other notation",
    "schema": "print the JSON Schema of specs",
}
"""Every command, each in a file of its name."""

INTERNAL_ERROR: Final = 70
"""Exit code of a fault of specc's own (EX_SOFTWARE of sysexits.h)."""

DESCRIPTION: Final = """Compile and run training protocols. The paths in a spec start in the working directory, or in
the folder of --root; `extends` starts in the folder of its file."""

EPILOG: Final = """exit codes: 0 fine, 1 the spec or its data is wrong, 2 wrong usage, 3 a target was missed,
4 the run failed and can be resumed, 129, 130 or 143 interrupted and saved, 70 a fault of specc itself"""


def main(arguments: list[str], memory: Memory | None = None) -> int:
    """Run one command and return its exit code; what may be remembered of it goes into `memory`."""
    style = "full"
    try:
        module, parsed = _parse(arguments)
        parsed.memory = memory
        _look_for_garbage()
        style = getattr(parsed, "format", style)
        with memory_told():
            code: int = module.run(parsed)
        sys.stdout.flush()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 2
    except SpecError as error:
        print_diagnostics(error.diagnostics, style, sys.stderr)
        return error.exit_code
    except Interrupted as error:
        say_error(error.message)
        return error.code
    except SpeccError as error:
        say_error(error.message, error.help)
        return error.exit_code
    except KeyboardInterrupt:
        say_error("interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if os.environ.get("SPECC_TRACEBACK"):
            raise
        text = str(error).strip().splitlines()
        say_error(
            f"internal error: {type(error).__name__}: {text[0] if text else ''}",
            "this is a fault of specc; SPECC_TRACEBACK=1 shows where",
        )
        return INTERNAL_ERROR
    return code


def _parse(arguments: list[str]) -> tuple[ModuleType, argparse.Namespace]:
    """Read the arguments; only the module of the command that is asked for is imported."""
    if not arguments or arguments[0] not in COMMANDS:
        _overview(arguments)
    name, *rest = arguments
    module = importlib.import_module(f"specc.cli.{name.replace('-', '_')}")
    summary = COMMANDS[name]
    parser = argparse.ArgumentParser(f"specc {name}", description=f"{summary[0].upper()}{summary[1:]}.")
    module.configure(parser)
    return module, parser.parse_intermixed_args(rest)


def _overview(arguments: list[str]) -> NoReturn:
    """Show what commands there are, or the version, or say that there is no such command."""
    parser = argparse.ArgumentParser("specc", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"specc {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary)
    parser.parse_args(arguments)
    parser.error("the command comes first")


def _look_for_garbage() -> None:
    """Look for it from here on, where `entry` has stopped that; what modules are made of is none."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
