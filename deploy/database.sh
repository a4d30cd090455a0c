#!/bin/sh
# For the container's own database only: on a server that others share it would take the administrator's password.
# docs/deployment.md, "Database", has the steps for a plain server.
# Runs once, when the database is made: an ordinary account for the product, because row security does not bind the
# first one, which may do anything. That one keeps no password, so that nobody comes in with it over the network.
set -eu
[ -n "${POSTGRES_INITDB_ARGS+set}" ] || { echo "only for the container; see docs/deployment.md" >&2; exit 2; }
psql --set=ON_ERROR_STOP=1 --set=password="$(cat "$POSTGRES_PASSWORD_FILE")" --username="$POSTGRES_USER" <<'SQL'
CREATE ROLE risicobeeld LOGIN PASSWORD :'password';
CREATE DATABASE risicobeeld OWNER risicobeeld;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
