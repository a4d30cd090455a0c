"""Let a test process look once for page components among the installed packages, not each time it draws a page.

Streamlit reads the description of every installed package for that: half a second, nine tenths of drawing a page
without a browser. What is installed does not change while tests run; a real server looks for itself.
"""

import functools

from streamlit.components.v2 import manifest_scanner

manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
