"""Every process that the tests start keeps what it compiled, also where the machine's settings forbid it.

Without it each of the hundreds of commands and servers compiles the whole product again, which is most of its time.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
