"""The checkpoints that google-research/bert publishes: the gelu and the casing of each.

The configurations name both functions `gelu`. google-research/bert computed the exact function
(erf) until 2019-02-07 (commit bee6030e), and computes the approximation by tanh since. So the date
of a checkpoint decides. Source: the links of https://github.com/google-research/bert, whose paths
have the dates.
"""

import itertools

# Published from 2018-10-18 to 2018-11-23.
_OF_2018 = (
    *("uncased_L-12_H-768_A-12", "uncased_L-24_H-1024_A-16"),
    *("cased_L-12_H-768_A-12", "cased_L-24_H-1024_A-16"),
    *("multilingual_L-12_H-768_A-12", "multi_cased_L-12_H-768_A-12", "chinese_L-12_H-768_A-12"),
)
# Published on 2019-05-30: whole words were masked.
_OF_2019 = ("wwm_uncased_L-24_H-1024_A-16", "wwm_cased_L-24_H-1024_A-16")
# Published on 2020-02-20: 24 sizes, with a head for each 64 numbers of a vector.
_OF_2020 = tuple(
    f"uncased_L-{layers}_H-{size}_A-{size // 64}"
    for layers, size in itertools.product((2, 4, 6, 8, 10, 12), (128, 256, 512, 768))
)
# The names that do not have their casing, which google-research/bert has in `tokenization.py`
# (`validate_case_matches_checkpoint`): both are lower-cased.
_LOWER_CASED = ("multilingual_L-12_H-768_A-12", "chinese_L-12_H-768_A-12")


def casing_of(name: str) -> bool | None:
    """Return whether texts of a checkpoint are lower-cased; None if its name does not show it.

    >>> casing_of("chinese_L-12_H-768_A-12"), casing_of("multi_cased_L-12"), casing_of("mine")
    (True, False, None)
    """
    if name in _LOWER_CASED:
        return True
    name = name.lower()
    if "uncased" in name or "_cased" in name or name.startswith("cased"):
        return "uncased" in name
    return None


def gelus_of(name: str) -> tuple[str, ...]:
    """Return the gelus of the published checkpoints of a name; none if no checkpoint has it.

    >>> gelus_of("chinese_L-12_H-768_A-12"), gelus_of("uncased_L-2_H-128_A-2"), gelus_of("mine")
    (('erf',), ('tanh',), ())
    >>> gelus_of("uncased_L-12_H-768_A-12")
    ('erf', 'tanh')
    """
    exact = ("erf",) * (name in _OF_2018)
    return exact + ("tanh",) * (name in _OF_2019 + _OF_2020)
