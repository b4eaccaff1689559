"""Only the announcement is left out of the error stream, whoever writes there and how."""

import os
import subprocess
import sys
import threading

from cla.stderr import without_announcement

WRITE_LATE = "import sys; sys.stdin.read(); sys.stderr.write('late child\\nINFO: late\\n')"


def test_all_but_the_announcement_comes_through(capfd):
    with without_announcement(b"INFO: "):
        os.write(2, b"INFO: made something\nERROR: INFO: kept\n")
        other = threading.Thread(target=os.write, args=(2, b"other thread\n"))
        other.start()
        other.join()
        child = subprocess.Popen([sys.executable, "-c", WRITE_LATE], stdin=subprocess.PIPE)
        os.write(2, b"no end of line")
    os.write(2, b"INFO: behind\n")
    child.communicate()
    heard = ""
    while "late child" not in heard:  # the test's own time limit ends it
        heard += capfd.readouterr().err
    lines = ["ERROR: INFO: kept", "other thread", "INFO: behind", "late child"]
    assert all(line in heard for line in lines)
    assert "no end of line" in heard
    assert "made something" not in heard
    assert "INFO: late" not in heard


def test_blocks_in_several_threads_leave_the_error_stream_as_it_was(capfd):
    def say():
        for _ in range(20):
            with without_announcement(b"INFO: "):
                os.write(2, b"INFO: x\n")

    before, open_before = os.fstat(2), len(os.listdir("/dev/fd"))
    speakers = [threading.Thread(target=say) for _ in range(4)]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    assert os.path.samestat(os.fstat(2), before)
    assert len(os.listdir("/dev/fd")) == open_before
    assert capfd.readouterr().err == ""


def test_the_app_is_loaded_and_hand_networks_are_made_without_a_word():
    make = (
        "import cla.view;"
        "from cla.features.lite_network import LiteNetwork;"
        "LiteNetwork('features/palm_detection_lite.tflite')"
    )
    made = subprocess.run([sys.executable, "-c", make], capture_output=True, text=True, timeout=120)
    assert made.returncode == 0
    assert made.stderr == ""
