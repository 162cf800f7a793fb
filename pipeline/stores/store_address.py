"""The URL of a store: its kind, its place, and the table or collection in it.

Importing this is cheap.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

# What names a table or a collection in a URL.
NAMES = ("table", "collection")
# How a store compares vectors.
COSINE, DOT, L2 = METRICS = ("cosine", "dot", "l2")


class StoreAddress(NamedTuple):
    """The parts of a URL.

    Attributes:
        scheme: such as `postgresql` or `qdrant+http`.
        place: what is between the scheme and the parameters, with two slashes if it had them.
        name: of the table or collection; empty if the URL has none.
        parameters: the other ones.
    """

    scheme: str
    place: str
    name: str
    parameters: dict[str, str]

    @property
    def path(self) -> str:
        """The place as a path of this machine."""
        return self.place.removeprefix("//")

    @property
    def query(self) -> str:
        """The other parameters as they are written in a URL, with a question mark."""
        if not self.parameters:
            return ""
        return f"?{urlencode(self.parameters, quote_via=quote, safe='/,')}"


def parse_address(url: str) -> StoreAddress:
    """Split a URL; a relative path may follow the colon.

    >>> parse_address("postgresql://me@host/db?table=articles&sslmode=require")[:3]
    ('postgresql', '//me@host/db', 'articles')
    >>> parse_address("lancedb:store?table=articles").path
    'store'
    >>> parse_address("postgresql://host/db?table=a&options=-c%20work_mem%3D8MB&user=a+b").query
    '?options=-c%20work_mem%3D8MB&user=a%2Bb'

    Raises:
        ValueError: it has no scheme, or names a table twice.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or not scheme:
        raise ValueError("it has no scheme")
    place, _, query = rest.partition("?")
    # In a URL of libpq, and in keys, a plus is a plus.
    pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)
    names = [value for key, value in pairs if key in NAMES]
    if len(names) > 1:
        raise ValueError("it names a table or collection twice")
    parameters = {key: value for key, value in pairs if key not in NAMES}
    return StoreAddress(scheme.lower(), place, names[0] if names else "", parameters)
