"""`ghcr-audit`: results on stdout, chatter on stderr, exit codes that tell the truth.

0 passed (with or without warnings) · 1 tool error · 2 configuration · 3 broken · 4 blocked · 5 unknown ·
6 could not restore. Verbs are imported when they are called: `--help` stays quick.
"""

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from ghcr_audit.cli.arguments import parser
from ghcr_audit.cli.language import language_of
from ghcr_audit.errors import AuditError
from ghcr_audit.language import speaking, tell

COLLECT_AFTER = 200_000
"""Objects after which the garbage collector looks for cycles: more than a verb's imports make, of which it would take
a sixth of the time at its own 700."""
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, in the language that is asked for; its exit code is the process's."""
    with speaking(language_of(sys.argv[1:] if arguments is None else arguments)):
        return _run_verb(arguments)


def start_quickly() -> None:
    """What makes every verb start sooner, and its process end sooner; before anything of theirs is imported.

    pydantic would look through all installed packages for plugins, which see whatever is validated: none is wanted.
    Python would look for cycles among all that was imported once more before it ends, when it frees for nobody.
    """
    gc.set_threshold(COLLECT_AFTER)
    atexit.register(gc.freeze)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _run_verb(arguments: Sequence[str] | None) -> int:
    start_quickly()
    options = parser().parse_args(arguments)
    try:
        verb = importlib.import_module(f"ghcr_audit.cli.{options.verb.replace('-', '_')}")
        code: int = verb.run(options)
        sys.stdout.flush()
    except AuditError as error:
        return _told(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(tell("interrupted"), file=sys.stderr)
        return _INTERRUPTED
    return code


def _told(error: AuditError) -> int:
    print(f"ghcr-audit: {tell(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {tell(error.hint)}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
