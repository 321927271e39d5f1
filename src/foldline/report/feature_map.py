"""What a model sees, as a picture: t-SNE of a stage's features, a point per row, coloured by class."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import vl_convert
from jaxtyping import Float16

from foldline.files.refusal import Refusal, counted
from foldline.report.charts import HOVER, SEED, Spec, chart, drawn_rows, mark, names, numbers

MOST_ROWS = 2000
LEAST_ROWS = 4
PERPLEXITY = 30
MOST_CLASSES = 40
"""With a colour and a line of the legend each."""
SIDE_PIXELS = 560


def feature_map(
    vectors: Float16[np.ndarray, "rows channels"], row_ids: Sequence[str], classes: Sequence[str]
) -> pd.DataFrame:
    """Columns row_id, class, x and y, of at most MOST_ROWS rows; of as many rows it draws the same ones, whatever the
    model. Where a point lies says nothing, and how far groups are apart hardly more: only who is near whom.

    Source: van der Maaten and Hinton, Visualizing Data using t-SNE, 2008; scikit-learn's, begun by principal
    components. Raises Refusal for too few rows.
    """
    from sklearn.manifold import TSNE  # A second of start-up.

    drawn = drawn_rows(len(row_ids), MOST_ROWS)
    if len(drawn) < LEAST_ROWS:
        raise Refusal(f"t-SNE of {counted(len(drawn), 'row', 'rows')}: it takes {LEAST_ROWS} or more.")
    found = vectors[drawn].astype(np.float32)
    start = "pca" if found.shape[1] > 1 and found.std(axis=0).any() else "random"
    perplexity = min(PERPLEXITY, (len(drawn) - 1) / 3)
    points = TSNE(2, perplexity=perplexity, init=start, random_state=SEED).fit_transform(found)
    of = [(row_ids[row], classes[row]) for row in drawn]
    return pd.DataFrame(of, columns=["row_id", "class"]).assign(x=points[:, 0], y=points[:, 1])


def map_chart(table: pd.DataFrame, title: str) -> Spec:
    """Of what `feature_map` found."""
    encoding: Spec = {side: numbers(side, axis=None) for side in ("x", "y")}
    if 1 < (classes := table["class"].nunique()) <= MOST_CLASSES:
        scheme = "tableau10" if classes <= 10 else "tableau20"  # The longer one is of pairs, hardly told apart.
        encoding["color"] = names("class", scale={"scheme": scheme}) | {"sort": "ascending"}
    return {"title": title, **chart(table, mark("circle", size=24, tooltip=HOVER), height=SIDE_PIXELS, **encoding)}


def draw_map(table: pd.DataFrame, title: str) -> bytes:
    """A PNG of what `feature_map` found. Needs no network."""
    return vl_convert.vegalite_to_png({**map_chart(table, title), "width": SIDE_PIXELS, "background": "white"})
