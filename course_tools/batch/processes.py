"""The processes of one run: how much memory they hold, and how to end every one of them."""

RUN_VARIABLE = "COURSE_RUN_ID"


class Tree:
    """A runner and everything it started, also what outlived its own parent.

    `peak_mb` is the largest sum of resident memory seen, in MB of 10^6 bytes, and at least the
    high-water mark of the largest single process, so that a spike between two samples counts.
    """

    def __init__(self, pid, run_id):
        import psutil

        self._psutil, self._run_id = psutil, run_id
        self._mark, self.peak_mb = 0.0, 0.0
        try:
            self._root = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._root = None
        self._known = {self._root} if self._root else set()

    def rescan(self):
        """Look for processes that were started since."""
        try:
            if self._root is not None:
                self._known.update(self._root.children(recursive=True))
        except self._psutil.Error:
            pass

    def sample(self):
        """Resident memory of the tree now, in MB."""
        total = 0.0
        for process in tuple(self._known):
            try:
                total += process.memory_info().rss / 1e6
                self._mark = max(self._mark, _high_water_mb(process.pid))
            except self._psutil.NoSuchProcess:
                self._known.discard(process)
            except self._psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, total, self._mark)
        return total

    def kill(self):
        """End every process of the tree; repeated, since a dying tree may still fork."""
        for _ in range(5):
            self.rescan()
            alive = {process for process in self._known if process.is_running()} | self._strays()
            if not alive:
                return
            for process in alive:
                try:
                    process.kill()
                except self._psutil.Error:
                    continue
            self._psutil.wait_procs(alive, timeout=2)
            self._known = {process for process in alive if not _is_gone(process)}
            if not self._known and not self._strays():
                return

    def _strays(self):
        """Processes that carry this run's mark in their environment, wherever they now hang."""
        found = set()
        for process in self._psutil.process_iter():
            try:
                if process.environ().get(RUN_VARIABLE) == self._run_id and not _is_gone(process):
                    found.add(process)
            except (self._psutil.Error, OSError):
                continue
        return found


def _is_gone(process):
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _high_water_mb(pid):
    """Peak resident memory of one process as Linux keeps it, in MB; 0 elsewhere."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0.0
