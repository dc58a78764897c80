"""HTTP connections that reach only addresses that were checked, and end when their time is up.

Built on httpcore, the engine of httpx: only there can a connection be handed the address that was checked
while TLS and the Host header keep the name. Proxies of the environment are not used: behind one, the address
that is reached could not be checked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore


class FetchError(Exception):
    """Why a page could not be read, in words fit for a report; `status` is the server's, if it gave one."""

    def __init__(self, reason: str, status: int = 0):
        super().__init__(reason)
        self.status = status


Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses; raises OSError for an unknown host."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses the system gives for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


# A global address that serves a machine's metadata (Azure), and the prefix that carries IPv4 through NAT.
_METADATA = ipaddress.ip_address("168.63.129.16")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address, and every IPv4 address wrapped in it, is on the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64 or int(ip) < 2**32:
            wrapped.append(ipaddress.IPv4Address(int(ip) % 2**32))
        if not all(is_public(str(inner)) for inner in wrapped if inner):
            return False
        if ip.ipv4_mapped:
            return True
    refused = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not refused and not ip.is_unspecified and ip != _METADATA


class CheckedConnections:
    """Opens one connection per request, to an address checked at that moment."""

    def __init__(self, allow_private: bool, resolver: Resolver, ssl_context: ssl.SSLContext | None):
        self._network = _Network(allow_private, resolver)
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context, network_backend=self._network, max_keepalive_connections=0
        )

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def get(
        self, url: str, headers: dict[str, str], seconds: float
    ) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
        """Ask for a URL; gives the status, the headers (names in lower case) and the body as it arrives.

        `seconds` runs from here to the last byte read inside the block. Raises FetchError.
        """
        import httpx

        self._network.deadline = time.monotonic() + seconds
        try:
            target = httpx.URL(url)
            asked = httpcore.URL(
                scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
            )
            with self._pool.stream("GET", asked, headers=list(headers.items())) as response:
                named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                yield response.status, named, iter(response.iter_stream())
        except httpcore.TimeoutException as error:
            raise FetchError(f"took longer than {seconds:g} seconds") from error
        except (httpx.InvalidURL, UnicodeError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"not a web address: {error}") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise FetchError(f"the connection failed: {error or type(error).__name__}") from error


class _Network(httpcore.SyncBackend):
    deadline = float("inf")

    def __init__(self, allow_private: bool, resolver: Resolver):
        self._allow_private, self._resolver = allow_private, resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = list(self._resolver(host, port))
        except (OSError, UnicodeError) as error:
            raise FetchError(f"the host {host!r} is unknown: {error}") from error
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise FetchError(f"{host!r} is at {address}, a private address; --allow-private allows those")
        failure: Exception = FetchError(f"the host {host!r} has no address")
        for address in addresses:
            try:
                stream = super().connect_tcp(address, port, self.left(), local_address, socket_options)
                return _Timed(stream, self)
            except httpcore.ConnectError as error:
                failure = error
        raise failure

    def left(self) -> float:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout
        return seconds


class _Timed(httpcore.NetworkStream):
    """A stream whose every step must end before the deadline, however slowly the server sends."""

    def __init__(self, stream: httpcore.NetworkStream, network: _Network):
        self._stream, self._network = stream, network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._network.left()), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
