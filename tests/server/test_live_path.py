"""Pages never wait for compiled kernels, and are told by what lanes step."""

from live_connection import connect, metric, receive, receive_until, send, serving, wait_for

from cla.engine import Kernels, KernelStatus


def test_a_session_begins_by_pytorch_and_changes_over():
    kernels = Kernels()
    with (
        serving(kernels=kernels) as (server, client),
        connect(client, server.invite().key) as socket,
    ):
        assert receive(socket)["type"] == "hello"
        told = receive_until(socket, "kernels")
        assert (told["ready"], told["share"], told["missing"]) == (False, None, False)
        assert metric(client, "cla_warm") == 0
        kernels.status = KernelStatus(share=0.25)
        assert receive_until(socket, "kernels")["share"] == 0.25
        send(socket, type="sample", clip="count")
        assert receive_until(socket, "token")["token"] == 0
        (visit,) = server._with_place()
        session = visit._stage._playing.session
        assert not session._pipeline.comparison.kernels
        kernels.status = KernelStatus(ready=True)
        assert receive_until(socket, "kernels")["ready"]
        wait_for(lambda: session._pipeline.comparison.kernels, 60)
        assert receive_until(socket, "token")["token"] > 0
        assert metric(client, "cla_warm") == 1


def test_a_server_whose_lanes_wait_for_nothing_says_nothing_of_kernels():
    with serving() as (server, client), connect(client, server.invite().key) as socket:
        send(socket, type="reset")
        assert [receive(socket)["type"] for _ in range(2)] == ["hello", "settings"]
