"""What holds where a spec is silent and its models have no default."""

from typing import Final

DEFAULT_BATCH: Final = 64
DEFAULT_OPTIMIZER: Final = "adamw()"
