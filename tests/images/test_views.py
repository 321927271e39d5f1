import numpy as np
import pytest
import torch

from foldline.images.views import INVERSES, VIEWS

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


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_where_the_corners_go(name: str) -> None:
    assert VIEWS[name](CORNERS)[0, 0].tolist() == BY_HAND[name]


@pytest.mark.parametrize("name", sorted(VIEWS))
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_view_and_its_inverse_are_the_image(name: str, dtype: torch.dtype) -> None:
    images = torch.randint(0, 256, (2, 3, 4, 6), dtype=torch.uint8).to(dtype)
    viewed = VIEWS[name](images)
    assert viewed.dtype == dtype
    assert (viewed.shape[-2:] == (6, 4)) == (name in ("rotate_90", "rotate_270", "transpose", "transverse"))
    torch.testing.assert_close(VIEWS[INVERSES[name]](viewed), images)


def test_the_eight_views_are_different_and_closed() -> None:
    """The symmetries of the square are a group: one after another is again one of them."""
    square = torch.arange(9).reshape(1, 1, 3, 3)
    seen = {tuple(view(square).flatten().tolist()) for view in VIEWS.values()}
    assert len(seen) == 8
    assert {tuple(b(a(square)).flatten().tolist()) for a in VIEWS.values() for b in VIEWS.values()} == seen


def test_rotations_turn_as_numpy_does() -> None:
    image = np.arange(9).reshape(3, 3)
    turned = VIEWS["rotate_90"](torch.from_numpy(image)[None, None])[0, 0].numpy()
    np.testing.assert_array_equal(turned, np.rot90(image))
