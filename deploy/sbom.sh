#!/bin/sh
# What is in this release, as CycloneDX: every package with the hashes that setup installs it by.
#   deploy/sbom.sh > sbom.json        needs pip install cyclonedx-bom, on any machine
set -eu
cyclonedx-py requirements "$(dirname "$0")/../requirements.txt" --output-format JSON --output-reproducible
