#!/bin/sh
# Makes the two databases of a Temporal server and brings them to the schema of this version.
set -eu
tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --ep postgres --port 5432 --user postgres --db "$database" "$@"
}
for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  tool "$database" create
  # Fails where it has been done before.
  tool "$database" setup-schema --version 0.0 || true
  tool "$database" update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned"
done
