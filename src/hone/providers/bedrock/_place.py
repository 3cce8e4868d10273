"""Where a model is served: Bedrock has an address for every region, and a signature is for one of them."""

import os
import re

from hone.errors import ProjectError
from hone.providers._seam import Model

_REGION = re.compile(r"//(?:[^/]*\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


def place_of(model: Model) -> tuple[str | None, str]:
    """Region and base URL. A server elsewhere that is called with an API key needs no region.

    Raises:
        ProjectError: nothing says where the model is.
    """
    base = (model.base_url or "").rstrip("/")
    said = _REGION.search(base)
    region = said[1] if said else os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if base:
        return region, base
    if not region:
        raise no_region(model)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return region, f"https://bedrock-runtime.{region}.{suffix}"


def no_region(model: Model) -> ProjectError:
    return ProjectError(
        f"the model {model.alias!r} needs a region, and AWS_REGION is not set",
        hint='export AWS_REGION=..., or set base_url = "https://bedrock-runtime.REGION.amazonaws.com"',
    )
