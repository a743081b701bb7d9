"""What the tests of crashes share with those of runs."""

from tests.runtime.conftest import _one_thread  # noqa: F401  (a fixture)
