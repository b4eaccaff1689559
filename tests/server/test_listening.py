"""Sockets of servers."""

import socket

from cla.server.listening import listen


def test_nothing_that_a_connection_sends_waits_for_more():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
