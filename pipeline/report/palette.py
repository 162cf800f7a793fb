"""The colors of the plots in the light and the dark theme; page.js replaces one by the other."""

# Both have similar colors in the same places. Each color has enough contrast to its background, and
# people with any color vision can distinguish it from the others. The first is for single series.
LIGHT = ("#0072B2", "#BF6500", "#0A6558", "#C2539A", "#123C8A", "#6A1006", "#5E5000", "#74787F")
DARK = ("#56B4E9", "#E69F00", "#3FD9A5", "#FFC4EC", "#5B7DFF", "#E0602F", "#F5EA6A", "#858A91")
# Several series differ in their markers too.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagram")
# Of points, since they overlap.
OPACITY = 0.85
MAIN, SECOND = LIGHT[:2]
