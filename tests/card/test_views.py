import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch.nn.functional import interpolate

from foldline.card.views import CROPS, SYMMETRIES, View, cost_of, needs_squares, parts_of, view_of

OF_THE_SQUARE = ("identity", *SYMMETRIES)

CORNERS = torch.tensor([[[[1, 2], [3, 4]]]], dtype=torch.uint8)
BY_HAND = {
    "identity": [[1, 2], [3, 4]],
    "horizontal_flip": [[2, 1], [4, 3]],
    "vertical_flip": [[3, 4], [1, 2]],
    "rotate_90": [[2, 4], [1, 3]],
    "rotate_180": [[4, 3], [2, 1]],
    "rotate_270": [[3, 1], [4, 2]],
    "transpose": [[1, 3], [2, 4]],
    "transverse": [[4, 2], [3, 1]],
}


@pytest.mark.parametrize("name", OF_THE_SQUARE)
def test_where_the_corners_go(name: str) -> None:
    assert view_of(name)(CORNERS)[0, 0].tolist() == BY_HAND[name]


@pytest.mark.parametrize("name", [*OF_THE_SQUARE, "rotate_90+horizontal_flip+transpose"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_view_and_its_inverse_are_the_image(name: str, dtype: torch.dtype) -> None:
    images = torch.randint(0, 256, (2, 3, 4, 6), dtype=torch.uint8).to(dtype)
    viewed = view_of(name)(images)
    assert viewed.dtype == dtype
    assert (viewed.shape[-2:] == (6, 4)) == (needs_squares(name) and "+" not in name)
    undone = [part.undone_by for part in reversed(parts_of(name)) if part.undone_by is not None]
    torch.testing.assert_close(view_of("+".join(undone))(viewed), images)


@pytest.mark.parametrize("name", ["crop_center", "scale_125", "horizontal_flip+scale_50"])
def test_what_loses_pixels_has_no_inverse(name: str) -> None:
    assert None in [part.undone_by for part in parts_of(name)]


def test_the_eight_views_are_different_and_closed() -> None:
    """The symmetries of the square are a group: one after another is again one of them."""
    square, views = torch.arange(9).reshape(1, 1, 3, 3), [view_of(name) for name in OF_THE_SQUARE]
    seen = {tuple(view(square).flatten().tolist()) for view in views}
    assert len(seen) == 8
    composed = {tuple(b(a(square)).flatten().tolist()) for a in views for b in views}
    assert composed == seen


def test_rotations_turn_as_numpy_does() -> None:
    image = np.arange(9).reshape(3, 3)
    turned = view_of("rotate_90")(torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_array_equal(turned, np.rot90(image))


@pytest.mark.parametrize(("percent", "size"), [(50, (4, 8)), (100, (8, 16)), (125, (10, 20)), (400, (32, 64))])
def test_a_scale_is_of_that_size_and_keeps_the_range_and_the_mean(percent: int, size: tuple[int, int]) -> None:
    ramp = torch.linspace(0, 255, 16).expand(2, 3, 8, 16).to(torch.uint8)
    scaled = view_of(f"scale_{percent}")(ramp)
    assert scaled.shape == (2, 3, *size)
    assert scaled.dtype == torch.float32
    assert scaled.min() >= 0
    assert scaled.max() <= 255
    assert scaled.mean() == pytest.approx(ramp.float().mean(), abs=0.5)


def test_five_crops_are_windows_of_seven_eighths_at_the_corners_and_the_middle() -> None:
    images = torch.randint(0, 256, (2, 3, 16, 32), dtype=torch.uint8)
    tops, lefts = {"top": 0, "bottom": 2, "center": 1}, {"left": 0, "right": 4, "center": 2}
    for name in CROPS:
        words = name.split("_")[1:]
        top, left = tops[words[0]], lefts[words[-1]]
        window = images[..., top : top + 14, left : left + 28].float()
        expected = interpolate(window, (16, 32), mode="bilinear", align_corners=False)
        torch.testing.assert_close(view_of(name)(images), expected, atol=1e-3, rtol=0)


def test_parts_are_applied_from_left_to_right() -> None:
    images = torch.randint(0, 256, (1, 1, 6, 6), dtype=torch.uint8)
    together = view_of("crop_top_left+horizontal_flip")(images)
    torch.testing.assert_close(together, view_of("crop_top_left")(images).flip(-1))
    assert not torch.equal(together, view_of("horizontal_flip+crop_top_left")(images))


READ = TypeAdapter(View)


@pytest.mark.parametrize(
    "name", ["identity", *SYMMETRIES, *CROPS, "scale_25", "scale_400", "scale_125+transpose", "soup", "soup+scale_125"]
)
def test_a_name_of_known_parts_is_a_view(name: str) -> None:
    assert READ.validate_python(name) == name


@pytest.mark.parametrize("name", ["", "flip", "scale_24", "scale_401", "scale_1.5", "scale_050", "identity+transpose"])
def test_other_names_are_refused_with_the_valid_ones(name: str) -> None:
    with pytest.raises(ValidationError, match=r"unknown.*horizontal_flip.*crop_center.*scale_<percent> \(25 to 400"):
        READ.validate_python(name)


@pytest.mark.parametrize("name", ["rotate_90+rotate_270", "scale_50+transpose+transpose"])
def test_a_part_that_the_next_undoes_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"undoes itself. Leave both parts out"):
        READ.validate_python(name)


@pytest.mark.parametrize("name", ["horizontal_flip+soup", "soup+soup"])
def test_a_soup_is_named_first_and_once(name: str) -> None:
    with pytest.raises(ValidationError, match="soup is a view's first part, and there once"):
        READ.validate_python(name)


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("identity", 1),
        ("rotate_90", 1),
        ("crop_center", 1),
        ("scale_150", 2.25),
        ("scale_50+horizontal_flip", 0.25),
        ("soup", 1),
    ],
)
def test_a_view_costs_the_pixels_that_the_model_sees(name: str, cost: float) -> None:
    assert cost_of(name) == cost
