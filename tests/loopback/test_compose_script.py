"""host_scripts/compose.sh: compose finds the release's tag also where docker runs under sudo, which drops variables."""

import subprocess
from pathlib import Path

import pytest

from ghcr_audit.framing import host_script

_DOCKER = """\
#!/bin/sh
echo "variable ${IMAGE_TAG:-none}"
for word in "$@"; do
  echo "word $word"
  [ -z "$file" ] || { cat "$word"; file=; }
  [ "$word" != --env-file ] || file=1
done
"""
_SUDO = '#!/bin/sh\n[ "$1" = -n ] && shift\nexec env -i PATH="$PATH" "$@"\n'


def tagged(folder: Path, *docker: str) -> list[str]:
    """What a stand-in for docker is called with, in a project folder with settings of its own."""
    project, programs, scratch = (folder / name for name in ("project", "bin", "scratch"))
    for place in (project, programs, scratch):
        place.mkdir()
    (project / ".env").write_text("HEALTH_PORT=8000", encoding="utf-8")  # no newline at its end
    for name, text in (("docker", _DOCKER), ("sudo", _SUDO)):
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(0o755)
    script = f'{host_script("compose.sh")}tagged "$@"'
    done = subprocess.run(
        ("/bin/sh", "-c", script, "compose", "IMAGE_TAG=20260120-083000", *docker, "compose", "up", "compose"),
        cwd=project,
        env={"PATH": f"{programs}:/usr/bin:/bin", "GA_TMP": str(scratch)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout.splitlines()


def test_without_sudo_the_variable_is_in_the_environment(tmp_path: Path) -> None:
    said = tagged(tmp_path, "docker")
    assert said == ["variable 20260120-083000", "word compose", "word up", "word compose"]


@pytest.mark.parametrize("words", [("sudo", "-n", "docker")])
def test_under_sudo_compose_reads_it_with_the_folders_own_settings(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = tagged(tmp_path, *words)
    settings = tmp_path / "scratch" / "settings"
    assert said[:3] == ["variable none", "word compose", "word --env-file"]
    assert said[3:6] == [f"word {settings}", "HEALTH_PORT=8000", "IMAGE_TAG=20260120-083000"]
    assert said[6:] == ["word up", "word compose"]
    assert settings.stat().st_mode & 0o077 == 0
