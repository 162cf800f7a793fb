"""The colours of the plots, in the light and in the dark; the page's script changes them."""

# In the same place of both the same kind of colour. Each can be told from its ground, and from the
# others by people of every colour vision; the first is that of all that stands alone.
LIGHT = ("#0072B2", "#BF6500", "#0A6558", "#C2539A", "#123C8A", "#6A1006", "#5E5000", "#74787F")
DARK = ("#56B4E9", "#E69F00", "#3FD9A5", "#FFC4EC", "#5B7DFF", "#E0602F", "#F5EA6A", "#858A91")
# Where there are several, shapes tell as well.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagram")
# Of points, which lie on one another.
OPACITY = 0.85
MAIN, SECOND = LIGHT[:2]
