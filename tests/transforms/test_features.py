import pytest

from transforms.features import FEATURES, check_features, check_keep_fields


def test_every_feature_there_is_may_be_asked_for() -> None:
    check_features(FEATURES)
    for feature in FEATURES:
        check_features((feature,))


@pytest.mark.parametrize("unknown", ["sum", "Mean"])
def test_an_unknown_feature_is_refused_with_those_there_are(unknown: str) -> None:
    with pytest.raises(ValueError, match=f"has '{unknown}'; there are {', '.join(FEATURES)}"):
        check_features(("mean", unknown))


@pytest.mark.parametrize("features", [(), ("mean", "mean")])
def test_no_features_and_doubled_ones_are_refused(features: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="--features is empty or names one twice"):
        check_features(features)


@pytest.mark.parametrize("name", ["id", "num_tokens", "truncated", "mean", "tokens", "offsets"])
def test_a_kept_field_never_takes_the_place_of_a_feature(name: str) -> None:
    with pytest.raises(ValueError, match=f"--keep_fields has '{name}'.*rename"):
        check_keep_fields(("a", name))
