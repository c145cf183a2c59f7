"""`python -m tests.catalogue`: the source's sentences into every `.po`, and every `.po` into its `.mo`.

What has no translation yet is listed and stays English in the reports; sentences that the source no longer holds go.
Exit code 1: something has no translation.
"""

import sys

from tests.catalogue.modules import sources
from tests.catalogue.po import FOLDER, brought_in, mo_text, po_text, read, translations


def main() -> int:
    """Bring everything up to date; say what is missing."""
    missing = 0
    for path in sorted(FOLDER.glob("*.po")):
        catalog = brought_in(read(path.stem), sources())
        path.write_bytes(po_text(catalog))
        path.with_suffix(".mo").write_bytes(mo_text(catalog))
        untold = [template for template, told in translations(catalog).items() if not told]
        missing += len(untold)
        print(f"{path.name}: {len(translations(catalog))} sentences, {len(untold)} without a translation")
        print("".join(f"  {template}\n" for template in untold), end="")
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
