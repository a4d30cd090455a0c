#!/bin/sh
# Which images a release is built on and runs beside, each by the digest of what was pulled: a tag may be moved.
#   deploy/digests.sh > digests         after the first pull, looked at and kept with the settings
#   deploy/digests.sh --check digests   before each build and start; ends with 2 when a tag is another image by now
set -eu
here=$(dirname "$0")
images=$(sed -nE 's/^FROM ([^ ]+:[^ ]+).*/\1/p; s/^ *image: ([a-z]+:[0-9][^ ]*)$/\1/p' "$here/Containerfile" "$here/compose.yaml" | sort -u)
found=$(for image in $images; do
    "${DOCKER:-docker}" image inspect --format "$image {{index .RepoDigests 0}}" "$image" || exit 2
done)
case "${1:-}" in
    --check)
        [ "$found" = "$(cat "$2")" ] || { echo "an image is not the one that $2 names; find out why before it runs" >&2; exit 2; }
        ;;
    *) echo "$found" ;;
esac
