"""The languages in which reports and messages are told. The English sentence is the value; here it is only translated.

`tell` takes a sentence as the product made it, `phrase` a sentence of the presentation with its values. What is no
sentence of ours stays as it is: outputs, commands, names, digests, tags. (docs/adr/0016-languages.md)
"""

from ghcr_audit.language.choice import Language, language_named, preferred
from ghcr_audit.language.speaking import phrase, speaking, spoken, tell, told_as

__all__ = ["Language", "language_named", "phrase", "preferred", "speaking", "spoken", "tell", "told_as"]
