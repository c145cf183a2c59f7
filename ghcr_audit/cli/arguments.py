"""The whole command line: verbs, their arguments, and what `--help` says of them."""

import argparse
from typing import TypeAlias

from ghcr_audit import __version__
from ghcr_audit.cli.command import Command, completed_as_target
from ghcr_audit.cli.language import add_language, tell_help
from ghcr_audit.language import Language, spoken

EXIT_CODES = (
    "exit codes: 0 passed (with or without warnings), 1 tool error, 2 configuration, 3 broken, 4 blocked,\n"
    "            5 unknown, 6 could not restore"
)
_LONGEST_WAIT_HOURS = 720
_MOST = 1000
"""Runs in one list."""
_Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    root = Command(
        prog="ghcr-audit",
        description="Prove, with evidence, that a release can be pulled by the hosts that run it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"ghcr-audit {__version__}")
    add_language(root)
    verbs = root.verbs()
    _check(verbs)
    _run(verbs)
    _fleet(verbs)
    _resume(verbs)
    _notify_release(verbs)
    _report(verbs)
    _history(verbs)
    _diff(verbs)
    _recover(verbs)
    _init(verbs)
    _doctor(verbs)
    _diagnose(verbs)
    _redact(verbs)
    _lint(verbs)
    _verify(verbs)
    _schema(verbs)
    _completion(verbs)
    if spoken() is not Language.ENGLISH:
        tell_help(root)
    return root


def _verb(verbs: _Verbs, name: str, text: str, example: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example: ghcr-audit {example}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_language(verb, of_verb=True)
    return verb


def _check(verbs: _Verbs) -> None:
    verb = _verb(verbs, "check", "Look at a target: reads only, no Prefect, no server, one connection.", "check shop")
    _target(verb)
    verb.add_argument("--tag", help="the release to audit (left out: the newest release tag)")
    verb.add_argument("--bundle", metavar="FILE", help="also leave the evidence as a bundle, in this file or folder")
    _output(verb)


def _run(verbs: _Verbs) -> None:
    verb = _verb(verbs, "run", "Run the audit flow in this process.", "run shop --tag 20261118-093000 --mode drill")
    _target(verb, "name of a target file")
    verb.add_argument("--tag", help="the release to audit (left out: the newest release tag)")
    verb.add_argument(
        "--mode",
        choices=("observe", "pull", "drill"),
        default="observe",
        help="how far to go: look; pull too; deploy and roll back too, then put the host back (default: observe)",
    )
    verb.add_argument("--rollback-to", metavar="TAG", help="of a drill: the release to go back to (left out: found)")
    verb.add_argument(
        "--force",
        metavar="REASON",
        help="of a drill: why it is right although the host is not as it should be; it stands in the report",
    )
    verb.add_argument(
        "--wait-hours",
        type=_hours,
        metavar="H",
        help="how long to wait for a new credential (default: 72 on a terminal, else 0: end as Blocked)",
    )
    _output(verb)


def _fleet(verbs: _Verbs) -> None:
    verb = _verb(verbs, "fleet", "Audit many targets at once, on one page.", "fleet shop web --mode pull")
    targets = verb.add_argument("targets", metavar="TARGET", nargs="*", help="names of target files (left out: all)")
    completed_as_target(targets)
    verb.add_argument("--mode", choices=("observe", "pull"), default="observe", help="how far to go (default: observe)")
    text = "in mode pull, with a server: how long to wait for a credential (default: 0: end as Blocked)"
    verb.add_argument("--wait-hours", type=_hours, metavar="H", help=text)
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the matrix for programs")
    form.add_argument("--markdown", action="store_true", help="print the matrix as Markdown")


def _notify_release(verbs: _Verbs) -> None:
    text = "Tell the Prefect server that a release was published: its trigger then audits it."
    verb = _verb(verbs, "notify-release", text, "notify-release shop 20261118-093000")
    verb.add_argument("target", metavar="TARGET", help="name of a target file, as the server's deployments know it")
    verb.add_argument("tag", metavar="TAG", help="the release")


def _resume(verbs: _Verbs) -> None:
    verb = _verb(verbs, "resume", "Hand a new credential to a waiting run.", "resume 0b9f… < token.txt")
    verb.add_argument("run", metavar="RUN", help="id of the waiting flow run")
    verb.add_argument("--user", help="registry user of the token (left out: the target's)")
    verb.add_argument("--by", help="who answers, for the report (left out: your login)")
    verb.add_argument("--block", metavar="NAME", help="name a Prefect Secret block instead of entering a token")
    verb.add_argument("--pool-key", metavar="KEY", help="the work pool's public key, when you know it from elsewhere")


def _report(verbs: _Verbs) -> None:
    verb = _verb(verbs, "report", "Print the report of a run, as Markdown.", "report 0b9f… > audit.md")
    verb.add_argument("run", metavar="RUN", help="id of a flow run, or a target's name for its newest report")
    _output(verb)


def _history(verbs: _Verbs) -> None:
    text = "List the past runs of a target, newest first: verdict, release, time of the rollback, cause."
    verb = _verb(verbs, "history", text, "history shop --bundles evidence/")
    _target(verb)
    _bundles(verb)
    verb.add_argument("--limit", type=_count, default=20, metavar="N", help="so many runs at most (default: 20)")
    verb.add_argument("--json", action="store_true", help="for programs")


def _diff(verbs: _Verbs) -> None:
    text = "Say what changed from one run to another, or since a target last passed. Exit code 0: changes or none."
    verb = _verb(verbs, "diff", text, "diff shop\nexample: ghcr-audit diff 0b9f1c2e 71d0aa34")
    which = "a target, or a run: its id, the beginning of it, or its bundle"
    completed_as_target(verb.add_argument("first", metavar="TARGET|RUN", help=which))
    verb.add_argument("second", metavar="RUN", nargs="?", help="the later run, where two are compared")
    _bundles(verb)
    verb.add_argument("--json", action="store_true", help="for programs: everything compared, also what is the same")


def _recover(verbs: _Verbs) -> None:
    text = "Put a host back on which a drill was left open, from the drill's journal."
    verb = _verb(verbs, "recover", text, "recover shop")
    _target(verb)
    since = verb.add_mutually_exclusive_group()
    since.add_argument("--keep", action="store_true", help="what runs now is right: only the drill's traces go")
    since.add_argument("--undo", action="store_true", help="put back what ran before, whatever was deployed since")
    verb.add_argument("--json", action="store_true", help="for programs")


def _init(verbs: _Verbs) -> None:
    verb = _verb(verbs, "init", "Look at a host and write a target file for it.", "init deploy@shop.example:/srv/shop")
    verb.add_argument("place", metavar="USER@HOST[:/path/compose.yml]", help="the host; `local` for this machine")
    verb.add_argument("--name", help="name of the target (left out: the container's)")
    verb.add_argument("--port", type=int, default=None, help="SSH port")
    verb.add_argument("--identity-file", metavar="FILE", help="SSH private key")
    verb.add_argument("--known-hosts", metavar="FILE", help="known_hosts file that pins the host key")
    verb.add_argument("--host-key", metavar="SHA256:…", help="fingerprint that pins the host key")
    verb.add_argument("--container", help="the service's container, where several could be meant")
    verb.add_argument("--repository", metavar="PATH", help="git repository whose tags are released")
    verb.add_argument("--out", metavar="FILE", help="where to write (left out: deployments/targets/NAME.toml)")


def _doctor(verbs: _Verbs) -> None:
    verb = _verb(verbs, "doctor", "Check this machine, the Prefect server and a target; say what to do.", "doctor shop")
    completed_as_target(verb.add_argument("target", metavar="TARGET", nargs="?", help="also check this target"))
    verb.add_argument("--json", action="store_true", help="for programs")


def _diagnose(verbs: _Verbs) -> None:
    text = "Say what an error output of docker, compose, ssh or a registry means. No network."
    verb = _verb(verbs, "diagnose", text, "diagnose pull.log")
    verb.add_argument("file", metavar="FILE", nargs="?", default="-", help="the output; - for standard input (default)")
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--jsonl", action="store_true", help="one JSON object a line in, one answer a line out")


def _redact(verbs: _Verbs) -> None:
    text = "Take secrets out of a text or an endless stream. No network."
    verb = _verb(verbs, "redact", text, "redact container.log > shareable.log")
    verb.add_argument("file", metavar="FILE", nargs="?", default="-", help="the text; - for standard input (default)")


def _lint(verbs: _Verbs) -> None:
    text = "Find credentials in Markdown reports, and read their evidence. Exit code 3: a credential was found."
    verb = _verb(verbs, "lint", text, "lint docs/audit-2026-01.md")
    verb.add_argument("files", metavar="REPORT.md", nargs="+", help="Markdown files; - for standard input")
    verb.add_argument("--json", action="store_true", help="for programs: leaks, status, evidence and open actions")


def _verify(verbs: _Verbs) -> None:
    text = "Check an evidence bundle offline: that nothing in it was altered, and that its report follows from it."
    verb = _verb(verbs, "verify", text, "verify evidence-0b9f….tar.gz --key signing.pub")
    verb.add_argument("bundle", metavar="BUNDLE", help="an evidence-….tar.gz")
    verb.add_argument("--key", metavar="FILE", help="the signer's public key: PEM, or a line of ssh-ed25519")
    verb.add_argument("--json", action="store_true", help="for programs")


def _schema(verbs: _Verbs) -> None:
    _verb(verbs, "schema", "Print the JSON Schema of a report's JSON form.", "schema > report.schema.json")


def _completion(verbs: _Verbs) -> None:
    text = "Print what completes verbs, options and targets' names in a shell."
    verb = _verb(verbs, "completion", text, "completion bash > ~/.local/share/bash-completion/completions/ghcr-audit")
    verb.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def _target(verb: argparse.ArgumentParser, text: str = "name of a target file, or the path of a .toml file") -> None:
    completed_as_target(verb.add_argument("target", metavar="TARGET", help=text))


def _bundles(verb: argparse.ArgumentParser) -> None:
    text = "look at the bundles in this folder, each of them checked (left out: what the Prefect server keeps)"
    verb.add_argument("--bundles", metavar="DIR", help=text)


def _count(text: str) -> int:
    """How many, from 1 to 1000."""
    number = int(text)
    if not 1 <= number <= _MOST:
        raise argparse.ArgumentTypeError(f"expected 1 to {_MOST} (got {text})")
    return number


def _hours(text: str) -> float:
    """Hours to wait, from 0 to 720."""
    hours = float(text)
    if not 0 <= hours <= _LONGEST_WAIT_HOURS:
        raise argparse.ArgumentTypeError(f"expected 0 to {_LONGEST_WAIT_HOURS} hours (got {text})")
    return hours


def _output(verb: argparse.ArgumentParser) -> None:
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the report for programs")
    form.add_argument("--markdown", action="store_true", help="print the report as Markdown")
    verb.add_argument("--quiet", action="store_true", help="print only the verdict and what needs doing, if anything")
    verb.add_argument("--history", metavar="DIR", help="bundles of earlier runs, which an HTML report draws")
    verb.add_argument(
        "--report",
        metavar="FORM:PATH",
        action="append",
        default=[],
        help="also write the report: md, html, json, junit or summary, to a file or - (may be given several times)",
    )
