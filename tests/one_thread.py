"""Let every test process, and every process that it starts, calculate on one thread; loaded before numpy.

Several test processes share the cores: threads of a small sum would only wait for one another.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
