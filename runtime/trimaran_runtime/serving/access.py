"""Who may ask: callers with a key that is known, or with a token that an issuer has signed."""

import hashlib
import hmac
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimaran_runtime.section import Section
from trimaran_runtime.serving.message import Headers, Refusal

API_KEY = "x-api-key"
"""Header that may carry a key; `authorization: Bearer` may carry a key or a token."""
_BEARER = "bearer "
_MAX_TOKEN = 8_192
_PUBLIC = {"RSA", "EC", "OKP"}
_PRIVATE = "d"


class TokenConfig(Section):
    """JSON Web Tokens (RFC 7519) that are accepted."""

    keys: Annotated[tuple[dict[str, str], ...], Field(min_length=1)]
    """Public keys of the issuer as JWKs (RFC 7517); they are not fetched from anywhere."""
    issuer: str
    """Value of the claim `iss`."""
    audience: str
    """A value of the claim `aud`."""
    algorithms: Annotated[
        tuple[Literal["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"], ...],
        Field(min_length=1),
    ] = ("RS256", "ES256")
    """Algorithms of signatures; no other is tried, whatever a token says."""
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = 30
    """How far the issuer's clock may be off, seconds."""

    @model_validator(mode="after")
    def _public_keys_only(self) -> Self:
        for place, key in enumerate(self.keys):
            if key.get("kty") not in _PUBLIC or _PRIVATE in key:
                raise ValueError(f"keys[{place}] is not a public key of kind RSA, EC or OKP")
            _refuse_unreadable(key, place)
        return self


def _refuse_unreadable(key: dict[str, str], place: int) -> None:
    try:
        from joserfc.errors import JoseError
        from joserfc.jwk import import_key
    except ImportError:
        return  # where a spec is written only; the server that uses the key has the library
    try:
        import_key(dict(key))
    except (JoseError, ValueError, KeyError, TypeError) as exc:
        raise ValueError(f"keys[{place}] cannot be read: {exc}") from exc


class AccessConfig(Section):
    """Who may ask for predictions; health is answered to everyone."""

    keys: tuple[Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")], ...] = ()
    """Digests of the keys that are let in: `sha256:` and what `sha256sum` says of a key."""
    tokens: TokenConfig | None = None
    """Tokens that are let in; None: none."""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.keys and self.tokens is None:
            raise ValueError("keys or tokens: nobody could ask otherwise")
        return self


class Access:
    """Lets callers in, or says why not.

    Args:
        config: who may ask.
    """

    def __init__(self, config: AccessConfig) -> None:
        self._digests = [bytes.fromhex(each.removeprefix("sha256:")) for each in config.keys]
        self._tokens = _Tokens(config.tokens) if config.tokens is not None else None

    def check(self, headers: Headers) -> None:
        """Let a caller in; raises Refusal 401 otherwise."""
        given: Any = headers.get(API_KEY) or headers.get("authorization")
        if not isinstance(given, str):
            raise _refusal("no key or token is given")
        given = given[len(_BEARER) :] if given[: len(_BEARER)].lower() == _BEARER else given
        if len(given) > _MAX_TOKEN:
            raise _refusal("the key or token is too long")
        if self._tokens is not None and given.count(".") == 2:
            self._tokens.check(given)
        elif not self._knows(given):
            raise _refusal("the key is not known")

    def _knows(self, key: str) -> bool:
        digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
        # All of them are compared, each in constant time: how long it takes tells nothing.
        return sum([hmac.compare_digest(digest, each) for each in self._digests]) > 0


class _Tokens:
    def __init__(self, config: TokenConfig) -> None:
        from joserfc.jwk import KeySet
        from joserfc.jwt import JWTClaimsRegistry

        self._keys = KeySet.import_key_set({"keys": [dict(key) for key in config.keys]})
        self._algorithms = list(config.algorithms)
        self._claims = JWTClaimsRegistry(
            leeway=config.leeway_seconds,
            iss={"essential": True, "value": config.issuer},
            aud={"essential": True, "value": config.audience},
            exp={"essential": True},
        )

    def check(self, token: str) -> None:
        from joserfc import jwt
        from joserfc.errors import ClaimError, ExpiredTokenError, JoseError

        try:
            found = jwt.decode(token, self._keys, algorithms=self._algorithms)
            self._claims.validate(found.claims)
        except ExpiredTokenError:
            raise _refusal("the token has expired") from None
        except ClaimError as exc:
            raise _refusal(f"the token's claim {exc.claim} is missing or another") from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise _refusal("the token is not signed by a known key") from None


def _refusal(why: str) -> Refusal:
    return Refusal(
        401,
        why,
        where="authorization",
        allowed=f"authorization: Bearer <key or token>, or {API_KEY}: <key>",
        headers={"www-authenticate": "Bearer"},
    )
