"""A run that is killed where it hurts goes on and ends in the same bytes, whatever the number of workers."""

import signal
from pathlib import Path

import pytest

from specc.cli.verify_resume import digests, leftovers
from tests.kill.child import finish, start, told
from tests.kill.points import POINTS
from tests.kill.specs import FEATURES, written
from tests.kill.trials import KINDS, Trials


@pytest.fixture(scope="module")
def spec(tmp_path_factory) -> Path:
    """Return a spec with every feature on, save the one that could end it early."""
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    path.write_text(written(0, frozenset(FEATURES) - {"early stopping", "batch size"}))
    return path


@pytest.fixture(scope="module")
def expected(spec, tmp_path_factory) -> dict[str, str]:
    """Return the digests of a run that nothing disturbs."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    finish(spec, out, 1)
    return digests(out / "cover0")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("point", list(POINTS))
def test_a_run_killed_at_a_point_ends_in_the_same_bytes(spec, expected, tmp_path, point: str, workers: int):
    out = tmp_path / "out"
    child = start(spec, out, workers, POINTS[point])
    child.join()
    assert child.exitcode == -signal.SIGKILL, told(out)
    finish(spec, out, 2 - workers)
    assert digests(out / "cover0") == expected
    assert not leftovers(out)


@pytest.fixture(scope="module")
def trials(spec, tmp_path_factory) -> Trials:
    """Return trials whose moments are always the same."""
    return Trials.of(spec, tmp_path_factory.mktemp("trials"), seed=1)


@pytest.mark.parametrize("kind", list(KINDS))
def test_whatever_happens_beside_a_run_it_goes_on(trials, kind: str):
    for _ in range(2):
        assert not list(KINDS[kind](trials))
