"""Which rows must stay together: those that share a group, an image, or near-duplicate images, and their chains."""

import numpy as np
import pandas as pd
from jaxtyping import Int64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def join_rows(groups: pd.Series, images: pd.DataFrame, pairs: pd.DataFrame) -> Int64[np.ndarray, " rows"]:
    """The number of each row's cluster, counted in the order of first rows.

    groups: one per row, missing for rows that belong to none. images: row (0 .. rows - 1), position (in the pixel
    cache). pairs: first, second (positions of near-duplicates). Clusters are the connected components of the graph
    whose nodes are rows, positions and groups.
    """
    rows = len(groups)
    positions = 1 + int(np.concatenate([images["position"], pairs["first"], pairs["second"]]).max(initial=-1))
    group_codes, names = pd.factorize(groups)
    grouped = np.flatnonzero(group_codes >= 0)
    ends = np.concatenate([images["row"], rows + pairs["first"], grouped])
    others = np.concatenate(
        [rows + images["position"], rows + pairs["second"], rows + positions + group_codes[grouped]]
    )
    nodes = rows + positions + len(names)
    edges = coo_array((np.ones(len(ends), dtype=np.int8), (ends, others)), shape=(nodes, nodes))
    _, components = connected_components(edges, directed=False)
    clusters, _ = pd.factorize(components[:rows])
    return clusters.astype(np.int64)
