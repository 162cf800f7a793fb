"""Leave secrets out of what is stored, logged and shown, by the shape of names and values."""

import re
from urllib.parse import unquote

# Stands in the place of a secret.
REDACTED = "REDACTED"

# `s3AccessKeyId` has the words s3, access, key and id.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = {
    *("apikey", "auth", "authorization", "bearer", "credential", "credentials", "jwt", "key"),
    *("passphrase", "passwd", "password", "pat", "pwd", "sas", "secret", "secrets", "sig"),
    *("signature", "token"),
}
_SECRET_STEMS = (
    *("accessid", "accesskey", "accountkey", "apikey", "connectionstring", "connstr"),
    *("password", "privatekey", "secretkey"),
)
# Names of keys, not keys: of Google's key management.
_NO_SECRETS = {"kms"}

_NAME = re.compile(r"(?<![\w./%-])(-{0,2}[\w.%-]+)=")
# Without quotes, a value ends at a comma only before another name, and at the end of a phrase.
_VALUE = re.compile(
    r""""[^"]*"|'[^']*'|(?:[^\s;&"'<>,:.)\\]|\\(?!["'])|,(?![\w.%-]+=)(?!\s|$)|[:.)](?!\s|$))+"""
)
# Within JSON that is a string of JSON, quotes have a backslash.
_JSON = re.compile(
    r"""(?P<name>(?P<quote>\\?["'])[^\s"'\\]{1,200}(?P=quote)\s*:\s*)"""
    r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\".*?\\")"""
)
# Up to the last @ of the host. The second form is a password with characters that should have been
# escaped; bounded, so that a hostile text takes no long time.
_USER = re.compile(
    r"""(?P<scheme>\b[a-z][a-z0-9+.-]{0,30}://)(?P<user>[^\s/?#"'<>]{0,2000}@"""
    r"""|(?!arn:)[^\s/?#"'<>@:\[\]]{0,200}:(?!\d{1,5}(?:[/?#\s"'<>,;)]|$))[^\s"'<>]{0,200}@)""",
    re.IGNORECASE,
)
# Here a name without a password may be a token.
_NAME_IS_SECRET = ("http", "ftp")
_USER_WITHOUT_SCHEME = re.compile(
    r"""(?<![\w/:.%+@-])[\w.+%-]+:[^\s/@:"'<>;,=]+@(?!sha256:)"""
    r"""(?=[A-Za-z0-9][\w.-]*(?::\d|[/\s"',;]|$))"""
)
# Secrets that are known by their first characters.
_KNOWN = re.compile(
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[oprsu]_\w{20,}|github_pat_\w{20,}|hf_[A-Za-z0-9]{20,}"
    r"|AIza[\w-]{30,}|ya29\.[\w.-]{10,}|xox[a-z]-[\w-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
    r"|(?<=\bBearer )(?!REDACTED)[\w.~+/=-]{8,}"
)


def is_secret_name(name: str) -> bool:
    """Whether the value of a flag, variable or parameter with this name is a secret.

    >>> [is_secret_name(name) for name in ("--s3_secret_access_key", "X-Amz-Signature", "region")]
    [True, True, False]
    """
    words = [word.lower() for word in _WORDS.findall(unquote(name))]
    if not _NO_SECRETS.isdisjoint(words):
        return False
    return not _SECRET_WORDS.isdisjoint(words) or any(
        stem in "".join(words) for stem in _SECRET_STEMS
    )


def redact(text: str) -> str:
    """Replace each secret of a text: of a message, a connection string, the value of a flag.

    >>> redact("https://me:hush@host/a?sig=abc&se=1: AccountKey=k1==;EndpointSuffix=x")
    'https://REDACTED@host/a?sig=REDACTED&se=1: AccountKey=REDACTED;EndpointSuffix=x'
    """
    text = _USER_WITHOUT_SCHEME.sub(f"{REDACTED}@", _without_user(text))
    return _KNOWN.sub(REDACTED, _without_assigned(_JSON.sub(_without_value, text)))


def redact_option(name: str, value: str) -> str:
    """Return the value of an option: REDACTED if its name says so, else without secrets.

    >>> redact_option("s3_session_token", "abc"), redact_option("s3_endpoint_url", "http://u:p@h")
    ('REDACTED', 'http://REDACTED@h')
    """
    return REDACTED if is_secret_name(name) else redact(value)


def redact_url(place: str) -> str:
    """Return the address of a file or model without user, password and signature.

    A path of this machine, and an address without them, is returned as it is.

    >>> redact_url("https://host/bert/1?X-Goog-Signature=abc"), redact_url("data/key=5/a?token=b")
    ('https://host/bert/1?X-Goog-Signature=REDACTED', 'data/key=5/a?token=b')
    """
    if "://" not in place:
        return place
    place = _without_user(place)
    # Folders may have names such as `key=5`.
    path = re.split("[?#]", place, maxsplit=1)[0]
    return path + _without_assigned(place[len(path) :])


def _without_user(text: str) -> str:
    return _USER.sub(_without_user_of, text)


def _without_user_of(match: re.Match[str]) -> str:
    if ":" in match["user"] or match["scheme"].lower().startswith(_NAME_IS_SECRET):
        return f"{match['scheme']}{REDACTED}@"
    return match[0]


def _without_value(match: re.Match[str]) -> str:
    """Redact the value of a member of a JSON object whose name says so."""
    if not is_secret_name(match["name"]):
        return match[0]
    return f"{match['name']}{match['quote']}{REDACTED}{match['quote']}"


def _without_assigned(text: str) -> str:
    """Redact each value that is assigned to a name that says so."""
    pieces, done = [], 0
    for match in _NAME.finditer(text):
        if match.start() < done or not is_secret_name(match[1]):
            continue
        value = _VALUE.match(text, match.end())
        if value is not None:
            quote = value[0][0] if value[0][0] in "\"'" else ""
            pieces += [text[done : match.end()], quote, REDACTED, quote]
            done = value.end()
    return "".join([*pieces, text[done:]])
