"""The Mindbox API over HTTP: one call, its envelope, and downloads from file hosts."""

from collections.abc import Callable, Mapping
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from .errors import MindboxError
from .payload import unnamed_file
from .project import Transport
from .settings import Settings

# Repeating is safe for everything that is called here: polls and pages only read, and a repeated
# start with the same body is answered with the running export (`isDuplicate`).
_PASSING = (429, 500, 502, 503, 504)
_CHUNK = 1 << 20
_MESSAGE_LIMIT = 500

_ADVICE = {
    400: "look at the operation's settings in Mindbox",
    401: "set MINDBOX_SECRET_KEY",
    403: "MINDBOX_SECRET_KEY does not fit MINDBOX_ENDPOINT_ID, or it is a test key, which may not "
    "export; take the key from the integration point's page",
    404: "MINDBOX_URL is wrong",
    409: "another call of the same operation is in progress; try again later",
    429: "Mindbox limits calls per operation; try again later or load less often",
}


class _Key(AuthBase):
    # As an auth object and not as a plain header, so that no .netrc entry takes its place.
    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"SecretKey {self._key}"
        return request


class _NoKey(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Envelope(msgspec.Struct, rename="camel"):
    """What every answer has; the rest of an answer is read by who asked."""

    status: str = ""
    error_message: str = ""
    error_id: str = ""
    validation_messages: list[dict[str, Any]] = []


class StaleLinkError(MindboxError):
    """A download link is no longer valid; asking for the export again gives a fresh one."""


class _BrokenDownloadError(MindboxError):
    pass


class MindboxClient:
    """Calls operations of one integration point, and downloads what they prepared.

    The key is sent to the API alone: files come over a session of their own, which has no key,
    follows no redirect and knows only the allowed hosts.
    """

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._url = settings.mindbox_url.rstrip("/") + "/v3/operations/sync"
        self._endpoint = settings.mindbox_endpoint_id
        self._file_hosts = settings.file_hosts
        self._transport = transport
        self._timeouts = (transport.connect_timeout_seconds, transport.read_timeout_seconds)
        self._api = _session(
            transport, {"POST"}, _Key(settings.mindbox_secret_key.get_secret_value())
        )
        self._files = _session(transport, {"GET"}, _NoKey())

    def close(self) -> None:
        """Close the connections."""
        self._api.close()
        self._files.close()

    def call(self, operation: str, body: Mapping[str, Any], where: str) -> bytes:
        """Call an operation and return its successful answer.

        Raises:
            MindboxError: no connection, an HTTP error, or a status other than Success; with what
                Mindbox said and what to do.
        """
        try:
            response = self._api.post(
                self._url,
                params={"endpointId": self._endpoint, "operation": operation},
                json=body,
                headers={"Accept": "application/json"},
                timeout=self._timeouts,
                allow_redirects=False,
            )
            content = response.content
        except requests.RequestException as error:
            raise MindboxError(
                f"{where}: no answer from {self._url} after {self._transport.retries} repeats "
                f"({_cause(error)}); check MINDBOX_URL and the network, then load again",
                is_passing=True,
            ) from error
        envelope = _envelope(content)
        if response.status_code == requests.codes.ok and envelope.status == "Success":
            return content
        raise MindboxError(
            f"{where}: operation {operation} answered {response.status_code} "
            f"{envelope.status or 'without a status'}{_told(envelope)}; "
            f"{_advice(response.status_code, envelope)}",
            is_passing=response.status_code in _PASSING,
            status=response.status_code,
        )

    def download(self, url: str, where: str) -> IO[bytes]:
        """Download a file into an unnamed one, as it is sent, unpacking nothing.

        A download that breaks off is begun anew, as files do not change once they are ready.

        Raises:
            StaleLinkError: the link is no longer valid (403 or 410).
            MindboxError: a host that is not allowed, a redirect, an HTTP error, or a download that
                keeps breaking off. The link itself is a secret and is not in the message.
        """
        self._check_host(url, where)
        attempts = Retrying(
            retry=retry_if_exception_type(_BrokenDownloadError),
            stop=stop_after_attempt(self._transport.retries + 1),
            wait=wait_exponential(self._transport.backoff_seconds, max=60),
            reraise=True,
        )
        return attempts(self._download_once, url, where)

    def _download_once(self, url: str, where: str) -> IO[bytes]:
        try:
            with self._files.get(
                url, stream=True, timeout=self._timeouts, allow_redirects=False
            ) as response:
                self._check_file_answer(response, where)
                file = unnamed_file()
                for chunk in response.raw.stream(_CHUNK, decode_content=False):
                    file.write(chunk)
                return file
        except (requests.RequestException, HTTPError) as error:
            raise _BrokenDownloadError(
                f"{where}: the download from {urlsplit(url).netloc} broke off ({_cause(error)}); "
                "load the window again",
                is_passing=True,
            ) from None

    def _check_file_answer(self, response: requests.Response, where: str) -> None:
        host = urlsplit(response.url).netloc
        if response.is_redirect:
            raise MindboxError(
                f"{where}: the file host {host} redirects to "
                f"{urlsplit(response.headers['Location']).netloc or 'another path'}; redirects are "
                "not followed; if that host is Mindbox's, ask its support for direct links"
            )
        if response.status_code in (requests.codes.forbidden, requests.codes.gone):
            raise StaleLinkError(f"{where}: {host} refuses the link ({response.status_code})")
        if response.status_code != requests.codes.ok:
            raise MindboxError(
                f"{where}: the file host {host} answered {response.status_code}; load again later",
                is_passing=response.status_code in _PASSING,
            )

    def _check_host(self, url: str, where: str) -> None:
        parts = urlsplit(url)
        schemes = {"https", urlsplit(self._url).scheme}
        host = (parts.hostname or "").lower()
        if parts.scheme not in schemes or parts.username is not None:
            raise MindboxError(f"{where}: a link of scheme {parts.scheme!r} is not downloaded")
        if not self._file_hosts & {host, parts.netloc.lower()}:
            raise MindboxError(
                f"{where}: files are offered at {parts.netloc}, which is not among "
                "MINDBOX_FILE_HOSTS; add it there if it belongs to Mindbox"
            )


def _session(transport: Transport, methods: set[str], auth: Callable[..., Any]) -> requests.Session:
    session = requests.Session()
    session.auth = auth
    retry = Retry(
        total=transport.retries,
        allowed_methods=methods,
        status_forcelist=_PASSING,
        backoff_factor=transport.backoff_seconds,
        respect_retry_after_header=True,
        retry_after_max=int(transport.longest_retry_after_seconds),
        raise_on_status=False,
        redirect=0,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _envelope(content: bytes) -> _Envelope:
    try:
        return msgspec.json.decode(content, type=_Envelope)
    except msgspec.DecodeError:
        return _Envelope()


def _told(envelope: _Envelope) -> str:
    messages = [envelope.error_message] if envelope.error_message else []
    for message in envelope.validation_messages:
        location = f" at {message['location']}" if message.get("location") else ""
        messages.append(f"{message.get('message', '')}{location}")
    said = "; ".join(messages)[:_MESSAGE_LIMIT]
    error_id = f" [errorId {envelope.error_id}]" if envelope.error_id else ""
    return f": {said}{error_id}" if said else error_id


def _advice(status: int, envelope: _Envelope) -> str:
    if envelope.status == "ValidationError":
        return "correct what it names in the project file or in the operation's settings"
    if status >= requests.codes.internal_server_error:
        return "Mindbox is failing for now; load again later"
    if requests.codes.multiple_choices <= status < requests.codes.bad_request:
        return "redirects are not followed; set MINDBOX_URL to the final address"
    return _ADVICE.get(status, "look at the operation's settings in Mindbox")


def _cause(error: BaseException) -> str:
    reason = getattr(error.args[0] if error.args else None, "reason", None) or error
    return type(reason).__name__
