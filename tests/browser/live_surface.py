"""What tests read off the live surface."""

import time

LANES = ("full", "continual_nystrom")


def surface(page):
    return page.get_by_test_id("cla-live")


def token(page):
    return int(surface(page).get_attribute("data-token") or -1)


def wait_for(page, condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        page.wait_for_timeout(50)


def token_at_rest(page, still_s=0.6, timeout_s=60.0):
    """The newest token once no other has come for a while: what was under way has arrived."""
    found, since = token(page), time.monotonic()
    deadline = since + timeout_s
    while found < 0 or time.monotonic() - since < still_s:
        assert time.monotonic() < deadline, "tokens keep coming, or none came"
        page.wait_for_timeout(50)
        if token(page) != found:
            found, since = token(page), time.monotonic()
    return found


def heard(page, lane):
    text = page.get_by_test_id(f"transcript-{lane}").text_content()
    return text.split(" · ") if text else []


def matches(found, expected):
    """Length of the longest common subsequence."""
    row = [0] * (len(expected) + 1)
    for word in found:
        before = 0
        for index, other in enumerate(expected, 1):
            before, row[index] = (
                row[index],
                (before + 1 if word == other else max(row[index], row[index - 1])),
            )
    return row[-1]
