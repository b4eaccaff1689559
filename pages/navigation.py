"""The script of every visit: which pages there are."""

from cla.view import run_navigation

run_navigation(["live", "clips", "teach", "compare", "cost", "learn", "sessions", "preflight"])
