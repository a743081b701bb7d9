"""specc compiles training protocols to frozen, hashed plans, and runs them.

The names here load no torch: a spec is checked, compared and explained in the time of a breath.
"""

from specc.errors import SpeccError
from specc.version import VERSION

__all__ = ["SpeccError", "__version__"]

__version__ = VERSION
