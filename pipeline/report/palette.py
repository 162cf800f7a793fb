"""The colors of the charts in the light and the dark theme."""

# Both have similar colors in the same places. Each color has enough contrast to its background, and
# people with any color vision can distinguish it from the others. The first is for single series,
# the last, a gray, for what belongs to no other group.
LIGHT = ("#0072B2", "#BF6500", "#0A6558", "#C2539A", "#123C8A", "#6A1006", "#5E5000", "#74787F")
DARK = ("#56B4E9", "#E69F00", "#3FD9A5", "#FFC4EC", "#5B7DFF", "#E0602F", "#F5EA6A", "#858A91")
# Of points, since they overlap.
OPACITY = 0.85


def to_css() -> str:
    """Return the variables of both themes."""
    light, dark = (
        " ".join(f"--c{number}: {color};" for number, color in enumerate(colors))
        for colors in (LIGHT, DARK)
    )
    return f':root {{ {light} --opacity: {OPACITY}; }} :root[data-theme="dark"] {{ {dark} }}'
