"""All randomness of a run: pure functions of (seed, purpose, counters).

No generator's state is ever stored. Whoever needs a draw names what it is for and where it stands, and gets the same
draw in any process, in any order, before and after a crash (counter-based generators: Salmon et al., SC 2011).
"""

import hashlib

import numpy as np


def key(seed: int, purpose: str, *counters: int) -> int:
    """Return 128 bits that depend on all arguments and on nothing else.

    >>> key(42, "order", 0, 1) == key(42, "order", 0, 1) != key(42, "order", 1, 0)
    True
    """
    text = f"{seed}/{purpose}/{'/'.join(map(str, counters))}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def integer(seed: int, purpose: str, *counters: int) -> int:
    """Return a seed for another generator. Units: 0 up to 2^63."""
    return key(seed, purpose, *counters) & (2**63 - 1)


def stream(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """Return a generator of its own for one purpose at one place."""
    return np.random.Generator(np.random.Philox(key=key(seed, purpose, *counters)))
