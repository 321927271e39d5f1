from foldline.files.refusal import listed


def test_many_values_and_long_ones_are_shortened() -> None:
    assert listed([]) == "none"
    assert listed([1, 2, 3], 2) == "1, 2 and 1 more"
    assert listed(["a" * 300, "b" * 301]) == f"{'a' * 300}, {'b' * 299}…"
