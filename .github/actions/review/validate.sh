#!/usr/bin/env bash
# Checks every spec that is named; in a workflow of GitHub, problems stand at their lines of the pull request.
set -uo pipefail
format=concise
[ -z "${GITHUB_ACTIONS:-}" ] || format=github
code=0
for spec in "$@"; do
  specc validate "$spec" --strict --format "$format" || code=1
done
exit "$code"
