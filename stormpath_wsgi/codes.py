"""The catalogue of errors: one :class:`Code` for each error that a directory answers with.

Source: the Stormpath REST API v1 error list; RFC 6749, section 5.2, for the words of OAuth.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Self

_INVALID_LOGIN = "Invalid username or password."
_INVALID_TOKEN = "Token is invalid"  # noqa: S105 - a sentence
_NOT_FOUND = "The requested resource does not exist."


INVALID_REQUEST, INVALID_CLIENT, INVALID_GRANT = "invalid_request", "invalid_client", "invalid_grant"
UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
SLOW_DOWN = "slow_down"  # RFC 8628, section 3.5, says so to who asks too often


class Whose(Enum):
    """Whose fault an error is, and so who can do something about it."""

    #: The visitor's: a value that a person has entered, or a credential, is wrong. Another value may be accepted.
    VISITOR = "visitor"
    #: The caller's: the program has written the request wrongly, or asks for something that it may not do.
    CALLER = "caller"
    #: The directory's, or that of the way to it. The same request may be answered later.
    DIRECTORY = "directory"


Row = tuple[int, int, str, str | None, Whose, str]


def _row(whose: Whose, oauth: str) -> Callable[..., Row]:
    def row(number: int, status: int, developer_message: str, user_message: str | None = None) -> Row:
        return number, status, developer_message, user_message, whose, oauth

    return row


_request, _client = _row(Whose.CALLER, INVALID_REQUEST), _row(Whose.CALLER, INVALID_CLIENT)
_value, _choice = _row(Whose.VISITOR, INVALID_REQUEST), _row(Whose.VISITOR, UNSUPPORTED_GRANT_TYPE)
_store = _row(Whose.CALLER, INVALID_GRANT)
_grant, _api_key = _row(Whose.VISITOR, INVALID_GRANT), _row(Whose.VISITOR, INVALID_CLIENT)
_directory = _row(Whose.DIRECTORY, INVALID_REQUEST)
_slow = _row(Whose.VISITOR, SLOW_DOWN)


class Code(IntEnum):
    """An error code of the REST API v1, and what belongs to it.

    *status*: the status of the HTTP answer. *developer_message*: the sentence for developers. *user_message*: the
    sentence for users; None where that for developers is used for both. *whose*: whose fault it is. *oauth*: the error
    code at a token endpoint.
    """

    status: int
    developer_message: str
    user_message: str | None
    whose: Whose
    oauth: str

    def __new__(
        cls, number: int, status: int, developer_message: str, user_message: str | None, whose: Whose, oauth: str
    ) -> Self:
        code = int.__new__(cls, number)
        code._value_ = number
        code.status, code.whose, code.oauth = status, whose, oauth
        code.user_message, code.developer_message = user_message, developer_message
        return code

    @classmethod
    def of(cls, number: int) -> Code | None:
        """The code with that *number*; None for one that is not in the catalogue, which another server may send."""
        try:
            return cls(number)  # type: ignore[call-arg]  # a look-up by value; mypy sees the arguments of __new__
        except ValueError:
            return None

    MALFORMED_REQUEST = _request(400, 400, "The request is malformed.")
    NOT_AUTHENTICATED = _client(401, 401, "Authentication is required.")
    NOT_ALLOWED = _request(403, 403, "The authenticated caller may not touch this resource.")
    NOT_FOUND = _request(404, 404, _NOT_FOUND, _NOT_FOUND)
    METHOD_NOT_OFFERED = _request(405, 405, "This resource does not offer that method.")
    CONFLICT = _request(409, 409, "The request conflicts with the state of the resource.")
    TOO_LARGE = _request(413, 413, "The request body is larger than the server accepts.")
    #: Ours. Of what the caller's visitors try it says nothing; that is TOO_MANY_TRIES.
    TOO_MANY_WRONG_KEYS = _client(
        429,
        429,
        "Too many wrong API keys came from this address. The header Retry-After says after how many seconds another "
        "one is looked at.",
    )
    SERVER_FAILED = _directory(500, 500, "The server failed on this request, which was not the caller's mistake.")
    UNAVAILABLE = _directory(
        503,
        503,
        "The directory cannot be reached.",
        "The service is temporarily unavailable. Please try again shortly.",
    )
    MEDIA_TYPE_NOT_SUPPORTED = _request(1101, 415, "The Content-Type of the request is not supported here.")
    REQUIRED = _value(2000, 400, "A required property is missing; it cannot be null, empty, or blank.")
    NOT_UNIQUE = _value(2001, 409, "The value must be unique and is already taken.")
    INVALID = _value(2002, 400, "The property value is invalid.")
    NOT_A_CHOICE = _choice(2003, 400, "The property value is not one of the supported values.")
    WRONG_TYPE = _value(2004, 400, "The property value is an invalid type.")
    NOT_STORABLE = _value(2005, 400, "The property value holds characters that cannot be stored.")
    WRONG_FORMAT = _value(2006, 400, "The property value has an invalid format.")
    TOO_SHORT = _value(2007, 400, "The property value is shorter than the minimum length.")
    TOO_LONG = _value(2008, 400, "The property value is longer than the maximum length.")
    TOO_LOW = _value(2009, 400, "The property value is below the minimum.")
    TOO_HIGH = _value(2010, 400, "The property value is above the maximum.")
    NOT_LINKABLE = _value(2014, 400, "The referenced resource may not be linked here.")
    UNKNOWN_PROPERTY = _request(2015, 400, "The property is not known to this resource.")
    UNKNOWN_RESOURCE = _value(2016, 400, "The property value does not match a known resource.")
    PROPERTY_NOT_SUPPORTED = _request(2017, 400, "The property is not supported by this sort of resource.")
    REFERENCE_NOT_FOUND = _value(2020, 400, "The referenced resource does not exist.")
    QUERY_MALFORMED = _request(2100, 400, "The query string is malformed.")
    PARAMETER_WITHOUT_VALUE = _request(2101, 400, "A query parameter has no value.")
    PARAMETER_TWICE = _request(2102, 400, "A query parameter is given more than once.")
    PARAMETER_INVALID = _request(2103, 400, "The query parameter value is invalid.")
    ORDER_MALFORMED = _request(2104, 400, "The orderBy statement is malformed.")
    PARAMETER_NOT_SUPPORTED = _request(2105, 400, "The query parameter is not supported here.")
    ORDER_NOT_SORTABLE = _request(2106, 400, "orderBy names an attribute that cannot be sorted.")
    NOT_EXPANDABLE = _request(2107, 400, "expand names something that cannot be expanded.")
    RANGE_REVERSED = _request(2108, 400, "The end of the range is before its start.")
    DATA_KEY_BLANK = _value(3000, 400, "A custom data key cannot be null, empty, or blank.")
    DATA_KEY_TOO_LONG = _value(3001, 400, "A custom data key is longer than 255 characters.")
    DATA_KEY_CHARACTERS = _value(
        3002, 400, "A custom data key may hold only 0-9 A-Z a-z _ - and may not start with '-'."
    )
    DATA_KEY_RESERVED = _value(3003, 400, "The custom data key is reserved.")
    DATA_TOO_LARGE = _value(3004, 400, "The custom data is larger than 10 MB.")
    OWNER_NOT_DELETABLE = _store(4001, 400, "The account that owns the tenant cannot be deleted.")
    OWNER_STATUS_FIXED = _store(4002, 400, "The status of the account that owns the tenant cannot be changed.")
    ORGANIZATION_DIRECTORY_NAME_TAKEN = _store(
        4520, 409, "A directory with the name given in createDirectory exists already."
    )
    ORGANIZATION_WITHOUT_DEFAULT_ACCOUNT_STORE = _store(4600, 400, "The organization has no default account store.")
    ORGANIZATION_DEFAULT_ACCOUNT_STORE_DISABLED = _store(
        4601, 400, "The organization's default account store is disabled."
    )
    ORGANIZATION_WITHOUT_DEFAULT_GROUP_STORE = _store(4602, 400, "The organization has no default group store.")
    ORGANIZATION_DEFAULT_GROUP_STORE_DISABLED = _store(4603, 400, "The organization's default group store is disabled.")
    ORGANIZATION_STORE_MAPPED_TWICE = _store(4604, 409, "The account store is already mapped to the organization.")
    ORGANIZATION_WITHOUT_STORES = _grant(4605, 400, "The organization has no account stores.", _INVALID_LOGIN)
    ORGANIZATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR = _store(
        4606, 400, "The default account store of the organization is a mirror directory and takes no new accounts."
    )
    ORGANIZATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR_GROUP = _store(
        4608, 400, "The default account store of the organization is a mirror group and takes no new accounts."
    )
    ORGANIZATION_DEFAULT_GROUP_STORE_IS_MIRROR = _store(
        4610, 400, "The default group store of the organization is a mirror directory and takes no new groups."
    )
    ORGANIZATION_DEFAULT_GROUP_STORE_IS_GROUP = _store(
        4612, 400, "A group cannot be the default group store of an organization."
    )
    ORGANIZATION_IN_ORGANIZATION = _store(4614, 400, "An organization cannot be an account store of an organization.")
    ORGANIZATION_PROVIDER_TWICE = _store(4700, 409, "The organization has a social directory of that provider already.")
    APPLICATION_DIRECTORY_NAME_TAKEN = _store(
        5010, 409, "A directory with the name given in createDirectory exists already."
    )
    APPLICATION_WITHOUT_DEFAULT_ACCOUNT_STORE = _store(5100, 400, "The application has no default account store.")
    APPLICATION_DEFAULT_ACCOUNT_STORE_DISABLED = _store(
        5101, 400, "The application's default account store is disabled."
    )
    APPLICATION_WITHOUT_DEFAULT_GROUP_STORE = _store(5102, 400, "The application has no default group store.")
    APPLICATION_DEFAULT_GROUP_STORE_DISABLED = _store(5103, 400, "The application's default group store is disabled.")
    APPLICATION_STORE_MAPPED_TWICE = _store(5104, 409, "The account store is already mapped to the application.")
    APPLICATION_WITHOUT_STORES = _grant(5105, 400, "The application has no account stores.", _INVALID_LOGIN)
    APPLICATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR = _store(
        5106, 400, "The default account store of the application is a mirror directory and takes no new accounts."
    )
    APPLICATION_DEFAULT_ACCOUNT_STORE_IS_MIRROR_GROUP = _store(
        5108, 400, "The default account store of the application is a mirror group and takes no new accounts."
    )
    APPLICATION_DEFAULT_GROUP_STORE_IS_MIRROR = _store(
        5110, 400, "The default group store of the application is a mirror directory and takes no new groups."
    )
    APPLICATION_DEFAULT_GROUP_STORE_IS_GROUP = _store(
        5112, 400, "A group cannot be the default group store of an application."
    )
    STORE_NOT_MAPPED = _grant(5114, 400, "The account store is not mapped to the application.", _INVALID_LOGIN)
    NESTED_ORGANIZATION_WITHOUT_DEFAULT_ACCOUNT_STORE = _store(
        5116, 400, "The application's default account store is an organization that has none itself."
    )
    NESTED_ORGANIZATION_DEFAULT_ACCOUNT_STORE_DISABLED = _store(
        5117, 400, "The application's default account store is an organization whose own is disabled."
    )
    NESTED_ORGANIZATION_WITHOUT_DEFAULT_GROUP_STORE = _store(
        5118, 400, "The application's default group store is an organization that has none itself."
    )
    NESTED_ORGANIZATION_DEFAULT_GROUP_STORE_DISABLED = _store(
        5119, 400, "The application's default group store is an organization whose own is disabled."
    )
    CALLBACK_NOT_AUTHORIZED = _store(
        5121, 400, "The callbackUri is not one of the application's authorizedCallbackUris."
    )
    APPLICATION_PROVIDER_TWICE = _store(5200, 409, "The application has a social directory of that provider already.")
    PROVIDER_NOT_MAPPED = _store(5201, 400, "No Directory with that providerId is mapped to the Application.")
    DIRECTORY_IS_MIRROR = _store(
        6100, 400, "The directory is managed by its provider: accounts and groups cannot be made in it."
    )
    VERIFICATION_DISABLED = _store(6101, 400, "The verification e-mails of the directory are disabled.")
    PROVIDER_CANNOT_BECOME_MIRROR = _store(6201, 400, "A directory cannot become a mirror directory.")
    PROVIDER_FIXED = _store(6202, 400, "The provider of a directory cannot become another one.")
    REDIRECT_URI_MISSING = _grant(6203, 400, "A code of LinkedIn needs the redirectUri that it was asked for with.")
    WRONG_PASSWORD = _grant(
        7100, 400, "Login attempt failed because the specified password is incorrect.", _INVALID_LOGIN
    )
    ACCOUNT_DISABLED = _grant(7101, 400, "Login attempt failed because the Account is disabled.", _INVALID_LOGIN)
    ACCOUNT_NOT_VERIFIED = _grant(
        7102, 400, "Login attempt failed because the Account is not verified.", _INVALID_LOGIN
    )
    ACCOUNT_LOCKED = _grant(7103, 400, "Login attempt failed because the Account is locked.", _INVALID_LOGIN)
    NO_SUCH_ACCOUNT = _grant(
        7104,
        400,
        "Login attempt failed because there is no Account in the Application's associated Account Stores with the "
        "specified username or email.",
        _INVALID_LOGIN,
    )
    GROUP_DISABLED = _grant(7105, 400, "Login attempt failed because the Group is disabled.", _INVALID_LOGIN)
    DIRECTORY_DISABLED = _grant(7106, 400, "Login attempt failed because the Directory is disabled.", _INVALID_LOGIN)
    ORGANIZATION_DISABLED = _grant(
        7107, 400, "Login attempt failed because the Organization is disabled.", _INVALID_LOGIN
    )
    #: Ours: the documents know no listeners.
    REFUSED_BY_LISTENER = _grant(7110, 403, "The request was refused by whoever runs this directory.")
    #: Ours: the documents know only a 429 of a server that has too much to do.
    TOO_MANY_TRIES = _slow(
        7111,
        429,
        "This was tried too often. The header Retry-After says after how many seconds it may be tried again.",
        "Too many tries. Please wait a moment and try again.",
    )
    #: Ours, both: the documents know no codes in mails.
    MAILED_CODE_WRONG = _grant(7120, 400, "That is not the code that was mailed.")
    MAILED_CODE_DEAD = _grant(
        7121, 400, "There is no code to answer any more: it was used, is too old, or had too many wrong answers."
    )
    #: Ours: the documents know no second factor at a sign-in.
    FACTOR_CODE_WRONG = _grant(7122, 400, "That is not a code of a second factor of the account.")
    #: Ours, all three: the documents know no passkeys.
    PASSKEY_REFUSED = _grant(7130, 400, "What the passkey has answered is not accepted.")
    PASSKEY_UNKNOWN = _grant(7131, 400, "No account has that passkey.")
    PASSKEY_COUNT = _grant(
        7132, 400, "The passkey tells that it was used less often than we have seen: somebody may have a copy of it."
    )
    LAST_WAY_IN = _grant(
        7133, 409, "The account has no password, and no other passkey that is enough by itself: nobody could sign in."
    )
    #: Ours, both: the documents know only what characters a password must hold.
    PASSWORD_KNOWN = _value(7140, 400, "Account password is on lists of stolen passwords; choose another.")
    PASSWORD_OF_OWN_WORDS = _value(
        7141, 400, "Account password is made of names of its owner, or words of the site; choose another."
    )
    PROVIDER_REFUSED = _grant(7200, 400, "The provider refused the code or token.")
    PROVIDER_LACKS = _grant(7201, 400, "The answer of the provider lacks a property that is needed.")
    FROM_PROVIDER = _grant(7202, 400, "The property comes from the provider and cannot be changed here.")
    EMAIL_DOMAIN_NOT_ALLOWED = _grant(
        7205, 400, "Cannot create the Account because your email's domain is not allowed."
    )
    EMAIL_DOMAIN_FORBIDDEN = _grant(7206, 400, "Cannot create the Account because your email's domain is not allowed.")
    MAIL_WITHOUT_LINK = _store(
        7301, 400, "The text of this e-mail must hold one of $!{url}, $!{sptoken} and $!{sptokenNameValuePair}."
    )
    ALREADY_LINKED = _grant(7500, 409, "These accounts are already linked.")
    LINKED_TO_ITSELF = _grant(7501, 400, "An account cannot be linked to itself.")
    LINK_WITHOUT_ACCOUNTS = _grant(
        7502, 400, "An account link needs a leftAccount and a rightAccount, each an object with an href."
    )
    TOO_MANY_LINKS = _grant(7503, 400, "An account has as many links as it may.")
    LINK_WITHIN_DIRECTORY = _grant(7504, 400, "Accounts of one directory cannot be linked.")
    DIRECTORY_ALREADY_LINKED = _grant(7505, 409, "An account is already linked to an account of that directory.")
    TOKEN_ACCOUNT_DISABLED = _grant(10010, 401, "Token is invalid because the Account is not enabled.", _INVALID_TOKEN)
    TOKEN_EXPIRED = _grant(10011, 400, "Token is invalid because it has expired.", _INVALID_TOKEN)
    TOKEN_FROM_FUTURE = _grant(10012, 400, "Token is invalid because it was issued in the future.", _INVALID_TOKEN)
    TOKEN_NOT_FOUND = _grant(
        10013, 404, "Token does not exist: it was revoked, or has expired and was purged.", _INVALID_TOKEN
    )
    TOKEN_OF_OTHER_APPLICATION = _grant(
        10014, 400, "Token is invalid because another Application issued it.", _INVALID_TOKEN
    )
    TOKEN_APPLICATION_DISABLED = _grant(
        10015, 400, "Token is invalid because the issuing Application is disabled.", _INVALID_TOKEN
    )
    TOKEN_ACCOUNT_NOT_MAPPED = _grant(
        10016,
        400,
        "Token is invalid because the Account is no longer in an Account Store mapped to the issuing Application.",
        _INVALID_TOKEN,
    )
    TOKEN_SIGNATURE_WRONG = _grant(
        10017, 400, "Token is invalid because verifying the signature of a JWT failed.", _INVALID_TOKEN
    )
    API_KEY_WRONG = _api_key(
        10019, 400, "API Key Authentication failed because the API key or secret submitted is invalid."
    )
    TOKEN_ORGANIZATION_NOT_FOUND = _grant(
        11001, 400, "Token is invalid because the Organization it names does not exist.", _INVALID_TOKEN
    )
    TOKEN_ORGANIZATION_DISABLED = _grant(
        11002, 400, "Token is invalid because the Organization it names is disabled.", _INVALID_TOKEN
    )
    TOKEN_ORGANIZATION_NOT_MAPPED = _grant(
        11003,
        400,
        "Token is invalid because the Organization it names is not mapped to the Application.",
        _INVALID_TOKEN,
    )
    TOKEN_CLAIM_MISSING = _grant(11004, 400, "Token is invalid because a claim is missing or empty.", _INVALID_TOKEN)
    TOKEN_USED = _grant(11005, 400, "Token is invalid because it was used before.", _INVALID_TOKEN)
    TOKEN_NOT_AUTHENTICATED = _grant(
        12002, 400, "Token cannot be exchanged because its status is not AUTHENTICATED.", _INVALID_TOKEN
    )
    SMTP_NOT_REACHED = _grant(13000, 400, "There is no SMTP server at that host and port, or it does not answer.")
    SMTP_LOGIN_REFUSED = _grant(13001, 400, "The SMTP server refused the username and password.")
    SMTP_NOT_SECURED = _grant(13002, 400, "The connection to the SMTP server cannot be secured by that protocol.")
    SMTP_SERVER_TWICE = _grant(13003, 409, "The tenant has an SMTP server already.")
    PHONE_VERIFIED = _grant(13100, 400, "Verified phone numbers cannot be modified.")
    PHONE_NUMBER_INVALID = _grant(13101, 400, "The provided phone number is invalid.")
    PHONE_NUMBER_TAKEN = _grant(13102, 409, "An existing phone with that number already exists for this Account.")
    CHALLENGE_WITHOUT_CODE = _grant(13103, 400, "The challenge message must include '${code}'.")
    CHALLENGE_CODE_FORM = _grant(13104, 400, "The code of the challenge must have six digits.")
    PHONE_OF_OTHER_FACTOR = _grant(13105, 409, "The phone is used by another factor of the Account already.")
    CHALLENGE_EXPIRED = _grant(13108, 400, "The code of the challenge has expired; ask for another challenge.")
    FACTOR_DISABLED = _grant(13109, 400, "The factor is disabled.")
    PHONE_DISABLED = _grant(13110, 400, "The phone of the factor is disabled.")
    PHONE_TWICE = _grant(13111, 400, "The number and the href name different phones.")
    CHALLENGE_CLOSED = _grant(13112, 400, "The challenge cannot be answered any more.")
    CHALLENGE_TOO_MANY_TRIES = _grant(13113, 400, "Too many wrong codes were sent for the challenge.")
