from foldline.card.targets.several_labels import MultiOutput
from foldline.card.targets.single_labels import Multiclass
from foldline.files.class_names import class_of, column_sizes, column_slices, label_of


def test_a_class_is_its_column_and_its_label() -> None:
    assert class_of("root", "a=b") == "root=a=b"
    assert label_of("root=a=b") == "a=b"


def test_columns_follow_each_other() -> None:
    sizes = column_sizes(("root=0", "root=1", "root=2", "vowel=a=b", "vowel=c"))
    assert sizes == {"root": 3, "vowel": 2}
    assert column_slices(tuple(sizes.values())) == [slice(0, 3), slice(3, 5)]


def test_the_classes_of_all_other_targets_are_one_column() -> None:
    classes = ("x=a", "x=b", "y=0")
    assert MultiOutput(kind="multioutput", columns=("x", "y"), group=None).sizes(classes) == (2, 1)
    assert Multiclass(kind="multiclass", column="x", group=None).sizes(classes) == (3,)
