import pytest

from transforms.features import (
    FEATURES,
    check_features,
    check_keep_fields,
    layers_of,
    split_features,
    widths_of_tokens,
)


def test_every_feature_there_is_may_be_asked_for() -> None:
    check_features(FEATURES)
    for feature in FEATURES:
        check_features((feature,))


@pytest.mark.parametrize("unknown", ["sum", "Mean"])
def test_an_unknown_feature_is_refused_with_those_there_are(unknown: str) -> None:
    with pytest.raises(ValueError, match=f"has '{unknown}'; there are {', '.join(FEATURES)}"):
        check_features(("mean", unknown))


@pytest.mark.parametrize("asked", ["layers", "layers:", "layers:1", "layers:-0", "layers:-1;-2"])
def test_layers_are_told_from_the_last(asked: str) -> None:
    with pytest.raises(ValueError, match=f"has '{asked}'; there are"):
        check_features(split_features(f"mean,{asked}"))


def test_a_list_of_features_may_contain_layers() -> None:
    features = split_features(" cls,layers:-3, -1 ,mean")
    assert features == ("cls", "layers:-3,-1", "mean")
    assert layers_of(features) == (-3, -1)
    assert layers_of(["mean"]) == ()
    assert widths_of_tokens(features) == {"layers": 2}


@pytest.mark.parametrize(
    "features", [(), ("mean", "mean"), ("layers:-1", "layers:-2"), ("layers:-1,-2,-1",)]
)
def test_no_features_and_repeated_ones_are_refused(features: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`features` is empty or names one twice"):
        check_features(features)


@pytest.mark.parametrize("name", ["id", "num_tokens", "truncated", "mean", "tokens", "offsets"])
def test_a_kept_field_must_not_have_the_name_of_a_feature(name: str) -> None:
    with pytest.raises(ValueError, match=f"`keep_fields` has '{name}'.*rename"):
        check_keep_fields(("a", name))


@pytest.mark.parametrize("name", ["sentence", "lasttoken", "sentence_scale"])
def test_a_later_feature_takes_a_name_only_where_it_is_requested(name: str) -> None:
    check_keep_fields(("a", name), ("mean", "max"))
    with pytest.raises(ValueError, match=f"`keep_fields` has '{name}'"):
        check_keep_fields(("a", name), ("mean", name.removesuffix("_scale")))
