"""Write the compiled files of the small configuration anew; look at the difference before you commit it."""

import shutil

from tests.golden import EXPECTED, compiled

shutil.rmtree(EXPECTED, ignore_errors=True)
for name, text in compiled().items():
    path = EXPECTED / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(path)
