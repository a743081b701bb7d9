"""What all tests of the runtime share."""

import pytest
import torch

from specc.plan.model import Plan
from tests.runtime.helpers import compiled


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Keep a busy machine from making every step wait for a second thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("specc.runtime.begin.available_threads", lambda: 1)
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(before)


@pytest.fixture(scope="session")
def plan(tmp_path_factory) -> Plan:
    """Return the plan of `helpers.SPEC`."""
    return compiled(tmp_path_factory.mktemp("spec"))
