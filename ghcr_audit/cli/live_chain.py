"""What a live view shows of a chain that is being walked, drawn with rich. Nothing foreign is taken for markup."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ghcr_audit.commands import Progress
from ghcr_audit.evidence import Link
from ghcr_audit.language import phrase, speaking, spoken, tell
from ghcr_audit.report.model import LinkState
from ghcr_audit.report.text import link_lines
from ghcr_audit.report.words import duration, link_name
from ghcr_audit.text.columns import padded
from ghcr_audit.text.terminal import one_line
from ghcr_audit.watching import watched_by

_REFRESHES_PER_S = 8
_BAR_COLUMNS = 20
_STEADY_COLUMNS, _TIME_COLUMNS = 60, 12
"""So wide is a line at least, where there is room: its time does not jump from side to side."""
_NAME_COLUMNS = max(len(link.value) for link in Link)


@dataclass(slots=True, kw_only=True)
class _Row:
    """One link as it stands. `began_s` is None until it begins, `took_s` until it ends."""

    began_s: float | None = None
    took_s: float | None = None
    doing: str = ""
    state: LinkState | None = None


class LiveChain:
    """A `Watcher` that draws what it is told; `clock` counts seconds."""

    def __init__(self, title: str, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._clock, self._console = one_line(title), clock, console
        self._language = spoken()  # rich draws from a thread of its own
        self._began_s = clock()
        self._rows = {link: _Row() for link in Link}
        self._pull: Progress | None = None
        self._spinner = Spinner("dots")
        self._lock = threading.Lock()
        self.live = Live(
            get_renderable=self.drawn,
            console=console,
            refresh_per_second=_REFRESHES_PER_S,
            transient=True,
            redirect_stdout=False,
        )

    def begins(self, link: Link, doing: str = "") -> None:
        """A link is looked at from now on; once more, after a wait, its time begins anew."""
        with self._lock:
            row = self._rows[link]
            if row.began_s is None or row.took_s is not None:
                self._rows[link] = row = _Row(began_s=self._clock())
            row.doing = one_line(tell(doing))

    def ends(self, state: LinkState) -> None:
        """A link was walked."""
        with self._lock:
            row = self._rows[state.link]
            now_s = self._clock()
            row.state, row.took_s = state, now_s - (now_s if row.began_s is None else row.began_s)
            self._pull = None

    def pulls(self, progress: Progress) -> None:
        """How far a pull is."""
        with self._lock:
            self._pull = progress

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Off the terminal, while somebody types a token into it."""
        self.live.stop()
        try:
            yield
        finally:
            self.live.start(refresh=True)

    def drawn(self) -> RenderableType:
        """The picture of this moment: a line of what is audited, and one for each link."""
        with self._lock, speaking(self._language):
            grid = Table.grid(padding=(0, 1))
            steady = max(min(_STEADY_COLUMNS, self._console.width - _TIME_COLUMNS), 0)
            grid.add_column(no_wrap=True, overflow="ellipsis", min_width=steady)
            grid.add_column(no_wrap=True, justify="right")
            for link, row in self._rows.items():
                grid.add_row(*self._line(link, row))
            begun = any(row.began_s is not None for row in self._rows.values())
            doing = "" if begun else f"  {phrase('starting')}"
            told = f"{self._title}  {_time(self._clock() - self._began_s)}{doing}"
            return Group(Text(told, no_wrap=True, overflow="ellipsis"), grid)

    def _line(self, link: Link, row: _Row) -> tuple[RenderableType, RenderableType]:
        if row.state is not None and row.took_s is not None:
            return Text.from_ansi(link_lines(row.state, colour=True)[0]), Text(_time(row.took_s), style="dim")
        if row.began_s is None:
            return Text(f"· {link_name(link)}", style="dim"), Text("")
        return self._going_on(link, row), Text(_time(self._clock() - row.began_s))

    def _going_on(self, link: Link, row: _Row) -> RenderableType:
        line = Table.grid(padding=(0, 1))
        cells: list[RenderableType] = [self._spinner, Text(padded(link_name(link), _NAME_COLUMNS))]
        if link is Link.PULL and self._pull is not None and self._pull.total:
            done = min(self._pull.done, self._pull.total)
            cells += [ProgressBar(total=self._pull.total, completed=done, width=_BAR_COLUMNS)]
            cells += [Text(phrase("{done} of {total} layers", done=done, total=self._pull.total))]
        elif row.doing:
            cells += [Text(row.doing, style="dim")]
        line.add_row(*cells)
        return line


def _time(seconds: float) -> str:
    """To a tenth of a second: more would flicker."""
    return duration(round(seconds, 1)) if seconds >= 1 else f"{seconds:.1f} s"


def shown_live(title: str) -> AbstractContextManager[None]:
    """A chain on stderr that watches this process's run."""
    return _shown(LiveChain(title, Console(stderr=True, highlight=False)))


@contextmanager
def _shown(chain: LiveChain) -> Iterator[None]:
    with chain.live, watched_by(chain):
        yield
