"""Tests reach no host but this one."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_test_cannot_connect_to_another_host():
    with socket.socket() as connection, pytest.raises(SocketConnectBlockedError):
        connection.connect(("192.0.2.1", 80))


def test_a_test_can_connect_to_this_host():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as connection:
        connection.connect(server.getsockname())
