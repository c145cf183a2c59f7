"""`ghcr-audit completion`: completion for a shell, made from the command line's own parser."""

import argparse
import shlex

from ghcr_audit.adapters.begin import TARGETS_VARIABLE, targets_folder
from ghcr_audit.cli.arguments import parser
from ghcr_audit.cli.command import TARGETS

# Only names that a target can have are offered: bash expands the words that it is given.
_BASH = """
{function}() {{
  local folder={folder} file name names=""
  [ -z "${{{variable}:-}}" ] || folder=${variable}
  for file in "$folder"/*.toml; do
    name=${{file##*/}}
    name=${{name%.toml}}
    case $name in '' | *[!a-z0-9-]*) ;; *) names="$names $name" ;; esac
  done
  compgen -W "$names" -- "$1"
  compgen -f -X '!*.toml' -- "$1"
}}
"""
_ZSH = """
{function}() {{
  setopt localoptions extendedglob
  local folder={folder}
  [[ -z "${{{variable}:-}}" ]] || folder=${variable}
  local -a names
  names=("$folder"/[a-z0-9-]##.toml(N:t:r))
  compadd -a names
  _files -g '*.toml'
}}
"""
_FISH = """
function {function}
  set -l folder {folder}
  if set -q {variable}; and test -n "${variable}"
    set folder ${variable}
  end
  for file in $folder/*.toml
    string match --regex '[a-z0-9-]+(?=\\.toml$)' -- $file
  end
end
"""
_FUNCTIONS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(options: argparse.Namespace) -> int:
    """Print it."""
    print(completion(options.shell))
    return 0


def completion(shell: str) -> str:
    """The text for one shell; the targets are looked for where they lie now, or where GHCR_AUDIT_TARGETS says."""
    import shtab

    function = _FUNCTIONS[shell].format(
        function=TARGETS, variable=TARGETS_VARIABLE, folder=shlex.quote(str(targets_folder()))
    )
    text: str = shtab.complete(parser(), shell=shell, preamble=function)
    return text
