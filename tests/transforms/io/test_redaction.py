"""Secrets are redacted by shape, everything else stays."""

import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.io import redaction
from transforms.io.redaction import REDACTED

# What no other part of the addresses below has.
SECRETS = st.text("XYZ0123456789+/=._~", min_size=6).map("Q7".__add__)
PLAIN = st.text(string.ascii_lowercase + "-._", min_size=1, max_size=9)
HOSTS = st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,3})?(:[0-9]{1,5})?", fullmatch=True)
PATHS = st.lists(PLAIN | st.sampled_from(["key=5", "token=a", "a@b", "x:y"]), max_size=3).map(
    lambda names: "".join(f"/{name}" for name in names)
)
PARAMETERS = st.lists(
    st.sampled_from(["alt=media", "se=2027", "v", "X-Amz-Date=1", "tf-hub-format=compressed"]),
    max_size=3,
)
SCHEMES = st.sampled_from(["https", "http", "s3", "gs", "hdfs", "abfss", "HTTPS"])
SECRET_PARAMETERS = (
    *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Goog-Signature"),
    *("sig", "Signature", "AWSAccessKeyId", "GoogleAccessId", "token", "access_token", "api_key"),
    *("key", "apikey", "password", "pwd", "auth", "client_secret", "X%2DAmz%2DSignature"),
)


@st.composite
def plain_urls(draw: st.DrawFn) -> str:
    query = "&".join(draw(PARAMETERS))
    return f"{draw(SCHEMES)}://{draw(HOSTS)}{draw(PATHS)}" + (f"?{query}" if query else "")


@st.composite
def signed_urls(draw: st.DrawFn) -> tuple[str, str]:
    """Draw an address and the secret in it."""
    secret = draw(SECRETS)
    user = draw(st.sampled_from(["", f"me:{secret}@", f":{secret}@"]))
    signed = f"{draw(st.sampled_from(SECRET_PARAMETERS))}={quote(secret)}"
    parameters = [*draw(PARAMETERS), *([signed] if not user or draw(st.booleans()) else [])]
    query = "&".join(draw(st.permutations(parameters)))
    url = f"{draw(SCHEMES)}://{user}{draw(HOSTS)}{draw(PATHS)}{'?' * bool(query)}{query}"
    return url, secret


@given(plain_urls())
def test_an_address_without_secrets_stays(url: str) -> None:
    assert redaction.redact_url(url) == url


@given(signed_urls(), st.sampled_from(["{}", "({}) is gone", "'{}': no", '"{}", or', "a={}"]))
def test_no_secret_of_an_address_is_left(signed: tuple[str, str], sentence: str) -> None:
    url, secret = signed
    for function, text in ((redaction.redact_url, url), (redaction.redact, sentence.format(url))):
        once = function(text)
        assert secret not in once
        assert quote(secret) not in once
        assert REDACTED in once
        assert function(once) == once


@given(SECRETS, st.text(string.ascii_letters, max_size=5))
def test_no_assigned_secret_is_left(secret: str, name: str) -> None:
    for text in (
        f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={secret};EndpointSuffix=x",
        f"BlobEndpoint=https://a.b;SharedAccessSignature=sv=1&sig={secret}&se=2",
        f"Endpoint=sb://a.b/;SharedAccessKeyName={name}k;SharedAccessKey={secret}",
        f"process_variables=A={name}a,AWS_SECRET_ACCESS_KEY={secret},B=2",
        json.dumps({"env": {"MY_TOKEN": f"{secret}\"' {secret}", "A": name}}),
        json.dumps(json.dumps({"env": {"MY_TOKEN": secret}})),
        f"{{'s3_secret_access_key': '{secret}'}}",
        f"-Djavax.net.ssl.keyStorePassword={secret}",
        f"no answer from me:{quote(secret, safe='')}@proxy:3128",
        f"401: Authorization: Bearer {secret}XYZ",
    ):
        once = redaction.redact(text)
        assert secret not in once
        assert redaction.redact(once) == once
        assert once.startswith(text[:8]) or "proxy" in text


@pytest.mark.parametrize(
    "text",
    [
        "--input data/key=5/a.txt: no file matches",
        "gcr.io/project/image:tag@sha256:123 and image:tag@sha256:9",
        "s3://arn:aws:s3:us-west-2:1:accesspoint/name/a@b",
        "http://[::1]:80/a@b, https://h:8080/@x: `max_seq_length` is 2; --tokens_per_batch=64",
        "abfss://container@account/x and hdfs://me@host/x",
        "--dataflow_kms_key=projects/p/cryptoKeys/k",
        "{'a': 1, 'the key': 'b'} at 12:30, sequence_output: 3",
    ],
)
def test_what_only_looks_so_stays(text: str) -> None:
    assert redaction.redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://u:p/a?s@s@host/x@y", "https://REDACTED@y"),
        ("https://ghp_abc@github.com/x", "https://REDACTED@github.com/x"),
        ("key AKIAABCDEFGHIJKLMNOP is not known", "key REDACTED is not known"),
        ('password="a; b" is wrong', 'password="REDACTED" is wrong'),
        ("token=a,b,user=c, then", "token=REDACTED,user=c, then"),
    ],
)
def test_more_is_redacted_rather_than_less(text: str, redacted: str) -> None:
    assert redaction.redact(text) == redacted


@given(st.text("a=:/@.,&?'\"\\ \n{}Kkey", max_size=400))
def test_every_text_is_redacted_to_itself(text: str) -> None:
    once = redaction.redact(text)
    assert redaction.redact(once) == once or REDACTED in once


@pytest.mark.parametrize(
    "piece", ["a=", "a:", "://", "a.", '"a":"', "x://b:c", "key=", "a:b@", "\\"]
)
def test_hostile_texts_are_redacted_at_once(piece: str) -> None:
    assert len(redaction.redact(piece * 20_000)) >= 1
