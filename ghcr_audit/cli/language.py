"""Which language the command line speaks: `--lang` (before or after the verb), the target's, the locale's, English."""

import argparse
import os
from collections.abc import Sequence

from ghcr_audit.language import Language, language_named, preferred, tell

OPTION = "--lang"
LANGUAGES = tuple(language.value for language in Language)


def language_of(arguments: Sequence[str]) -> Language:
    """The language of help and errors, known before the arguments are parsed: what cannot be meant is said later."""
    return preferred(_wished(arguments), environment=os.environ)


def report_language(wish: str | None, target: Language | None) -> Language:
    """The language of a report; `wish` is the option, `target` what the target's file says."""
    return preferred(wish, target.value if target else None, environment=os.environ)


def add_language(parser: argparse.ArgumentParser, *, of_verb: bool = False) -> None:
    """The option; a verb's own stands beside the one before it and only counts where it is given."""
    parser.add_argument(
        OPTION,
        choices=LANGUAGES,
        default=argparse.SUPPRESS if of_verb else None,
        help="language of reports and messages (left out: the target's lang, else the locale's; --json stays English)",
    )


def tell_help(parser: argparse.ArgumentParser) -> None:
    """The parser's own words, its options' and its verbs' in the language that is spoken."""
    parser.description = tell(parser.description or "") or None
    parser.epilog = tell(parser.epilog or "") or None
    for action in parser._actions:
        if action.help is not None and action.help != argparse.SUPPRESS:
            action.help = tell(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for listed in action._choices_actions:
                listed.help = tell(listed.help or "")
            for verb in action.choices.values():
                tell_help(verb)


def _wished(arguments: Sequence[str]) -> str | None:
    """The last `--lang ko` or `--lang=ko` that is a language of ours."""
    pairs = zip(arguments, (*arguments[1:], ""), strict=False)
    said = [after if word == OPTION else word.removeprefix(f"{OPTION}=") for word, after in pairs if OPTION in word]
    return next((word for word in reversed(said) if language_named(word)), None)
