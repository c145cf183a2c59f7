"""What a case is: a lab to break, what is then asked, and how the lab is put right again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ghcr_audit.evidence import Mode
from lab.lab import Lab
from lab.state import Store
from lab.target import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of the broken lab; `settings` override the target file's, `new_token` resumes the audit."""

    tag: str
    mode: Mode = Mode.OBSERVE
    settings: dict[str, Setting | None] = field(default_factory=dict)
    new_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A lab to break, and a folder for files that the case needs."""

    lab: Lab
    folder: Path

    @property
    def running(self) -> str:
        """The release that was deployed at first."""
        return self.lab.releases.running


Scene = Callable[[Stage], Iterator[Plan]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One scene on one image store; `all_published`: every git tag has an image by then."""

    name: str
    scene: Scene
    store: Store = "containerd"
    all_published: bool = True

    @contextmanager
    def arranged(self, lab: Lab, folder: Path) -> Iterator[Plan]:
        """The lab as the scene leaves it; put right at the end, whatever happens."""
        lab.gateway.switch(reset=True)
        lab.store_credential(lab.tokens.good)
        with contextmanager(self.scene)(Stage(lab=lab, folder=folder)) as plan:
            yield plan
