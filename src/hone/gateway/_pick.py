"""Which variant a call gets: by the shares of the release, and the same one for all calls of a session."""

import hashlib
import math
import random
from collections.abc import Mapping

_RANDOM = random.SystemRandom()  # two workers that were forked must not draw the same numbers


def pick(weights: Mapping[str, float], key: str | None) -> str:
    """One of the variants in `weights`, with the probability of its share; always the same one for the same `key`.

    Every variant draws a number from (key, variant), and the largest w / -ln(u) wins: weighted rendezvous hashing
    (Schindelhauer and Schomaker 2005). A share that grows takes sessions from the others and moves none between them,
    so that a canary changes the experience of nobody but those who enter it.

    Raises:
        ValueError: no variant has a share.
    """
    shares = {variant: weight for variant, weight in weights.items() if weight > 0}
    if not shares:
        raise ValueError("no variant has a share")
    if key is None:
        return _RANDOM.choices(list(shares), list(shares.values()))[0]
    return max(shares, key=lambda variant: (shares[variant] / -math.log(_uniform(key, variant)), variant))


def _uniform(key: str, variant: str) -> float:
    """A number strictly between 0 and 1 that depends on both, the same on every machine."""
    digest = hashlib.blake2b(variant.encode(), digest_size=8, key=hashlib.sha256(_bytes(key)).digest()).digest()
    return (int.from_bytes(digest) >> 12) * 2.0**-52 + 2.0**-53


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
