"""Only callers with a known key, or with a token of the named issuer, are answered."""

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from pydantic import ValidationError

from trimaran_runtime.serving.access import Access, AccessConfig
from trimaran_runtime.serving.message import Refusal

KEY = "a-key-that-nobody-guesses"
DIGEST = f"sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"
DAY = 86_400
"""Seconds; tokens are made when the tests are collected."""
SIGNER = RSAKey.generate_key(2048, auto_kid=True)
CURVE = ECKey.generate_key("P-256", auto_kid=True)
TOKENS: dict[str, Any] = {
    "keys": [SIGNER.as_dict(private=False), CURVE.as_dict(private=False)],
    "issuer": "https://issuer.example",
    "audience": "predictions",
}
CLAIMS = {"iss": TOKENS["issuer"], "aud": ["others", "predictions"]}
ACCESS = Access(AccessConfig.model_validate({"keys": [DIGEST], "tokens": TOKENS}))


def token(key: Any = SIGNER, algorithm: str = "RS256", **claims: Any) -> str:
    told = {"exp": int(time.time()) + DAY, **CLAIMS, **claims}
    present = {name: value for name, value in told.items() if value is not None}
    header = {"alg": algorithm, **({"kid": key.kid} if key.kid else {})}
    return jwt.encode(header, present, key, algorithms=[algorithm])


def refused(**headers: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ACCESS.check({name.replace("_", "-"): value for name, value in headers.items()})
    assert caught.value.status == 401
    assert caught.value.headers["www-authenticate"] == "Bearer"
    return caught.value


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {KEY}"},
        {"x-api-key": KEY},
        {"authorization": f"Bearer {token()}"},
        {"authorization": f"Bearer {token(CURVE, 'ES256')}"},
        {"authorization": f"Bearer {token(aud='predictions')}"},
    ],
    ids=["key", "lower case", "own header", "RSA", "curve", "one audience"],
)
def test_who_is_known_is_let_in(headers: dict[str, str]) -> None:
    ACCESS.check(headers)


def test_a_token_of_a_clock_that_is_a_little_off_is_let_in() -> None:
    ACCESS.check({"authorization": f"Bearer {token(exp=int(time.time()) - 10)}"})


def test_who_gives_nothing_is_refused() -> None:
    assert "no key or token" in refused().error


@pytest.mark.parametrize("given", ["", KEY[:-1], KEY + "x", KEY.upper(), DIGEST, "Bearer", "é" * 9])
def test_another_key_is_refused(given: str) -> None:
    refused(authorization=f"Bearer {given}")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": int(time.time()) - 60}, "expired"),
        ({"exp": None}, "claim exp"),
        ({"iss": "https://other.example"}, "claim iss"),
        ({"aud": "others"}, "claim aud"),
        ({"aud": None}, "claim aud"),
        ({"nbf": int(time.time()) + DAY}, "claim nbf"),
    ],
)
def test_a_token_for_others_or_of_another_time_is_refused(claims: Any, why: str) -> None:
    assert why in refused(authorization=f"Bearer {token(**claims)}").error


def signed_by_hmac(secret: bytes) -> str:
    """The classic forgery: the public key, which everybody has, as the secret."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    content = header + b"." + token().split(".")[1].encode()
    mark = hmac.new(secret, content, hashlib.sha256).digest()
    return (content + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


FORGED = {
    "other key": token(RSAKey.generate_key(2048)),
    "kind not named": token(OKPKey.generate_key("Ed25519"), "Ed25519"),
    "public key as secret": signed_by_hmac(SIGNER.as_pem(private=False)),
    "algorithm not named": token(SIGNER, "RS512"),
    "cut off": f"{token().rpartition('.')[0]}.",
    "none": f"eyJhbGciOiJub25lIn0.{token().split('.')[1]}.",
    "bent": f"{token()[:-8]}AAAA{token()[-4:]}",
    "empty": "..",
    "garbage": "a.b.c",
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_token_is_refused(kind: str) -> None:
    assert "not signed" in refused(authorization=f"Bearer {FORGED[kind]}").error


@given(st.text(max_size=200), st.sampled_from(["authorization", "x-api-key"]))
def test_whatever_is_given_is_refused_or_known(text: str, header: str) -> None:
    refused(**{header: text})


def test_a_refusal_repeats_nothing_of_what_was_given() -> None:
    refusal = refused(authorization="Bearer my-secret")
    assert b"my-secret" not in refusal.response().body


def test_a_very_long_token_is_not_looked_at() -> None:
    assert "too long" in refused(authorization="Bearer " + "a." * 8_000).error


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"keys": ["secret"]},
        {"keys": [DIGEST.upper()]},
        {"tokens": {**TOKENS, "keys": []}},
        {"tokens": {**TOKENS, "keys": [SIGNER.as_dict(private=True)]}},
        {"tokens": {**TOKENS, "keys": [OctKey.generate_key(256).as_dict()]}},
        {"tokens": {**TOKENS, "algorithms": ["HS256"]}},
        {"tokens": {**TOKENS, "algorithms": ["none"]}},
    ],
)
def test_what_would_let_in_nobody_or_anybody_is_no_configuration(config: Any) -> None:
    with pytest.raises(ValidationError):
        AccessConfig.model_validate(config)


def test_a_key_that_cannot_be_read_is_told_by_its_place() -> None:
    torn = {**TOKENS, "keys": [*TOKENS["keys"], {"kty": "RSA", "n": "x"}]}
    with pytest.raises(ValidationError, match=r"keys\[2\] cannot be read"):
        AccessConfig.model_validate({"tokens": torn})
