"""A ghcr.io look-alike in front of an ordinary registry, switchable while it runs.

`python -m lab.gateway` runs it, `GatewayControl` switches it.
"""

from lab.gateway.control import GatewayControl
from lab.gateway.state import GatewayState

__all__ = ["GatewayControl", "GatewayState"]
