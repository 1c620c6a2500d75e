"""Maximum likelihood for models whose parameters are all positive."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Numbers = NDArray[np.float64]

# Parameters are sought as logarithms, up to a factor of 20 000 either way. One that could as well
# lie at a border is not determined by the data: of nobody ever leaving, say. The search may end
# anywhere short of that border, for there the likelihood is flat.
LIMIT = 10.0
FLAT = 1e-7
"""Of the mean log likelihood of an observation; what the search itself can tell apart is 1e-13."""


class NotConvergedError(ValueError):
    """The data do not determine the parameters."""


def most_likely(
    log_likelihood: Callable[[Numbers], Numbers], start: Sequence[float]
) -> tuple[float, ...]:
    """The parameters under which the observations are most likely.

    Args:
        log_likelihood: of each observation, given parameters in the order of `start`.
        start: where the search begins, all positive and of the order of 1.

    Raises:
        NotConvergedError: no maximum was found within the limits.
    """

    def unlikelihood(logs: Numbers) -> float:
        return -float(np.mean(log_likelihood(np.exp(logs))))

    found = minimize(
        unlikelihood,
        np.log(np.asarray(start, dtype=np.float64)),
        method="L-BFGS-B",
        jac="3-point",
        bounds=[(-LIMIT, LIMIT)] * len(start),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )
    if not np.isfinite(found.fun) or not found.success:
        raise NotConvergedError(f"no maximum of the likelihood: {found.message}")
    for place, limit in product(range(len(start)), (-LIMIT, LIMIT)):
        moved = found.x.copy()
        moved[place] = limit
        if unlikelihood(moved) - found.fun < FLAT:
            raise NotConvergedError(
                f"a parameter might as well be at its limit: {np.exp(found.x).tolist()}"
            )
    return tuple(np.exp(found.x).tolist())
