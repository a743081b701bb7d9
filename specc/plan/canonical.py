"""Canonical JSON and the digests over it."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Print a JSON value the one way that equal values share (after RFC 8785: sorted keys, no spaces).

    >>> canonical_json({"b": 1.0, "a": [1e-4, None]})
    '{"a":[0.0001,null],"b":1.0}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value's canonical text, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
