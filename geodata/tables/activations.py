"""Which recorded visits stand: a correction takes the place of what it corrects."""

import pandas as pd


def valid_activations(activations: pd.DataFrame) -> pd.DataFrame:
    """Return the activations without those that a correction supersedes.

    Ask it of all that the viewer may see, before the rows are cut to a site, an area or a date: a correction may have
    moved the visit to another. An entry that corrects one of the snapshot takes over its id, and stands.

    Examples
    --------
    >>> rows = {"activation_id": ["A", "B", "C"], "supersedes": ["", "A", "C"], "site_id": ["1", "2", "3"]}
    >>> list(valid_activations(pd.DataFrame(rows))["activation_id"])
    ['B', 'C']
    """
    of_others = activations.loc[activations["supersedes"] != activations["activation_id"], "supersedes"]
    return activations[~activations["activation_id"].isin(of_others)]
