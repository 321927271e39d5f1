"""Views of another size than the images', for models that take one size alone."""

from collections.abc import Sequence

from foldline.card.view_names import is_scaled
from foldline.files.refusal import Refusal, listed
from foldline.training.models import has_fixed_size


def refuse_scaled_views(model: str, views: Sequence[str]) -> None:
    """`model`: timm's name. Raises Refusal where a view has a size that the model does not take."""
    scaled = [view for view in views if is_scaled(view)]
    if scaled and has_fixed_size(model):
        raise Refusal(
            f"predict.views has {listed(scaled)}, but `{model}` takes images of one size only. Leave out the scales: "
            "symmetries and crops keep the size."
        )
