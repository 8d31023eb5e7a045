#!/bin/sh
# Brings both of Temporal's databases to the schema of this image; a database that is there already is left alone.
set -eu

update() {
  temporal-sql-tool --db "$1" setup-schema -v 0.0
  temporal-sql-tool --db "$1" update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

update temporal temporal
update temporal_visibility visibility
