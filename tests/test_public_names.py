"""Names and numbers that others build on."""

import importlib

import pytest

import specc
from specc import errors
from specc.cli.main import COMMANDS
from specc.diagnostics.model import SpecError


def test_the_names_of_the_package():
    assert specc.__all__ == ["SpeccError", "__version__"]
    assert all(hasattr(specc, name) for name in specc.__all__)


def test_the_exit_code_of_each_exception():
    assert {
        error.__name__: error.exit_code for error in (SpecError, *vars(errors).values()) if hasattr(error, "exit_code")
    } == {
        "SpeccError": 1,
        "UsageError": 2,
        "InputError": 1,
        "SpecError": 1,
        "DataError": 1,
        "MissingData": 1,
        "FileFormatError": 1,
        "GateMissed": 3,
        "RunFailed": 4,
        "Interrupted": 1,
    }


@pytest.mark.parametrize(("signal_number", "code"), [(2, 130), (15, 143)])
def test_an_interruption_exits_as_shells_have_it(signal_number, code):
    assert errors.Interrupted("saved", signal_number).code == code


def test_the_commands():
    looking = ["validate", "plan", "compile", "preview"]
    running = ["run", "verify-resume", "store", "eval", "inspect"]
    assert list(COMMANDS) == ["new", *looking, *running, "diff", "log", "compare", "explain", "fmt", "schema"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_file_of_its_name(name):
    module = importlib.import_module(f"specc.cli.{name.replace('-', '_')}")
    assert callable(module.configure)
    assert callable(module.run)
