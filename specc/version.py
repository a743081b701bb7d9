"""The numbers that name what wrote a file."""

from typing import Final

VERSION: Final = "0.1.0"
"""Version of the package."""

LANGUAGE: Final = 1
"""Version of the spec language: the number behind `specc =`."""

PLAN_FORMAT: Final = 1
"""Version of the plan's JSON. A reader refuses any other."""

CHECKPOINT_FORMAT: Final = 1
"""Version of the metadata in a checkpoint's header. A reader refuses any other."""
