"""Which test file goes to which process of pytest-xdist."""

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"


class FileScheduling(LoadFileScheduling):
    """Whole files in their order, but those of the browser to half of the processes.

    A browser test waits more than it computes, for what plays in its own time: beside another of
    its kind a processor would lie idle, beside a test that computes none does.
    """

    def _assign_work_unit(self, node):
        others = [work for other, work in self.assigned_work.items() if other is not node]
        at_browsers = sum(map(self._is_at_browser, others))
        wanted = at_browsers < max(1, len(self.nodes) // 2)
        fitting = (file for file in self.workqueue if file.startswith(BROWSER) == wanted)
        self.workqueue.move_to_end(next(fitting, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    @staticmethod
    def _is_at_browser(work):
        """Whether a process has tests of the browser before it."""
        return any(
            file.startswith(BROWSER) and not all(tests.values()) for file, tests in work.items()
        )
