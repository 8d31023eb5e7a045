#!/bin/sh
# Waits until the cluster serves, then makes the namespace and the search attributes that are missing.
set -eu

max_attempts=60
attempt=1
until temporal operator cluster health >/dev/null 2>&1; do
  if [ "$attempt" -ge "$max_attempts" ]; then
    echo "Temporal at $TEMPORAL_ADDRESS did not serve within $max_attempts attempts." >&2
    exit 1
  fi
  attempt=$((attempt + 1))
  sleep 2
done

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$WORKFLOW_RETENTION"

# A new namespace reaches all parts of the server within some seconds, and until then attributes are refused.
# Of the type $2.
add_search_attribute() {
  attempt=1
  until temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -qw "$1"; do
    if [ "$attempt" -ge "$max_attempts" ]; then
      echo "The search attribute $1 could not be made." >&2
      exit 1
    fi
    attempt=$((attempt + 1))
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$1" --type "$2" || sleep 2
  done
}

for name in WaypostTenant WaypostKind WaypostState WaypostErrorCode WaypostChannel; do
  add_search_attribute "$name" Keyword
done
add_search_attribute WaypostJobs KeywordList
