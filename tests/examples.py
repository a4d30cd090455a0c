"""How many examples a property is tried on: a share in every run of the tests, others each time; many on request.

``HYPOTHESIS_PROFILE=long make test`` tries ten times as many as a usual run does; ``make quick`` tries fewest.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

PROFILE: Final = os.environ.get("HYPOTHESIS_PROFILE", "usual")
_SHARE: Final = {"quick": 0.1, "usual": 0.4, "long": 4.0}[PROFILE]
_LEAST_N: Final = 2


def examples(count: int) -> settings:
    """Return the settings of a property that a full search tries on so many examples.

    A busy machine is no defect of the product: no test of ours fails on time.
    """
    return settings(
        max_examples=max(round(count * _SHARE), _LEAST_N),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


settings.register_profile(PROFILE, examples(100))
settings.load_profile(PROFILE)
