"""Which parts learn in which epoch."""

from foldline.params.section import parse
from foldline.training.layer_groups import GradualFreezing, NoFreezing, batchnorms
from foldline.training.models import Architecture, Classifier, build_model
from foldline.training.networks import Models
from tests.training.small import MODEL
from tests.words import SOFTMAX


def resnet18() -> Classifier:
    section = parse(MODEL | {"name": "resnet18"}, Models, "model")
    return build_model(
        Architecture(model=section, channels=3, height=32, width=32, outputs=2, activation=SOFTMAX, tabular=None)
    )


def learning(model: Classifier) -> set[str]:
    names = (name for name, parameter in model.named_parameters() if parameter.requires_grad)
    return {name.removeprefix("backbone.").partition(".")[0] for name in names}


def test_head_then_stages_from_the_top_then_the_stem() -> None:
    model = resnet18()
    start_epoch = GradualFreezing(kind="gradual", head_epochs=2, stage_epochs=1, batchnorm="train").start_epoch
    seen = [(start_epoch(model, epoch), learning(model)) for epoch in range(8)]
    stages = [{"head"}, {"head"}, *({"head", *(f"layer{n}" for n in range(5 - top, 5))} for top in range(1, 5))]
    whole = {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "head"}
    assert [parts for _, parts in seen] == [*stages, whole, whole]
    assert [changed for changed, _ in seen] == [True, False, True, True, True, True, True, False]


def test_the_whole_backbone_at_once_and_any_epoch_first() -> None:
    model = resnet18()
    start_epoch = GradualFreezing(kind="gradual", head_epochs=1, stage_epochs=0, batchnorm="train").start_epoch
    start_epoch(model, 0)
    assert learning(model) == {"head"}
    start_epoch(model, 5)
    assert "conv1" in learning(model) and "layer4" in learning(model)


def test_frozen_batchnorm_stands_still_only_if_wished() -> None:
    for batchnorm, moving in (("train", 20), ("eval", 5)):
        model = resnet18()
        section = GradualFreezing(kind="gradual", head_epochs=1, stage_epochs=1, batchnorm=batchnorm)  # type: ignore[arg-type]
        section.start_epoch(model, 1)
        assert sum(norm.training for norm in batchnorms(model)) == moving  # layer4 has five of twenty
        assert model.head.training


def test_without_freezing_all_learn() -> None:
    model = resnet18().eval()
    assert NoFreezing(kind="none").start_epoch(model, 0) is False
    assert model.training and all(parameter.requires_grad for parameter in model.parameters())
