"""The real command in a real process."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def specc(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run specc; whatever happens, it shows no traceback and no fault of its own."""
    command = [sys.executable, "-m", "specc", *map(str, arguments)]
    result = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in result.stderr
    assert "internal error" not in result.stderr
    assert result.returncode != 70
    return result
