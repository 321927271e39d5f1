import pytest
from pydantic import TypeAdapter, ValidationError

from foldline.card.view_names import CROPS, SYMMETRIES, View, cost_of

READ = TypeAdapter(View)


@pytest.mark.parametrize("name", ["identity", *SYMMETRIES, *CROPS, "scale_25", "scale_400", "scale_125+transpose"])
def test_a_name_of_known_parts_is_a_view(name: str) -> None:
    assert READ.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "flip", "scale_24", "scale_401", "scale_1.5", "scale_050", "identity+transpose"])
def test_other_names_are_refused_with_the_valid_ones(name: str) -> None:
    with pytest.raises(ValidationError, match=r"is no view.*horizontal_flip.*crop_center.*scale_<percent> \(25 to 400"):
        READ.validate_python(name)


@pytest.mark.parametrize("name", ["rotate_90+rotate_270", "scale_50+transpose+transpose"])
def test_a_part_that_the_next_undoes_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"undoes itself. Leave both parts out"):
        READ.validate_python(name)


@pytest.mark.parametrize(
    ("name", "cost"),
    [("identity", 1), ("rotate_90", 1), ("crop_center", 1), ("scale_150", 2.25), ("scale_50+horizontal_flip", 0.25)],
)
def test_a_view_costs_the_pixels_that_the_model_sees(name: str, cost: float) -> None:
    assert cost_of(name) == cost
