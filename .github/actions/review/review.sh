#!/usr/bin/env bash
# Holds the specs of a change to their layout, to the checks and to their plans, and writes what the change will do.
# Usage: review.sh BASE COMMENT.md [any|weights|model]; the last says which effect is too much.
set -uo pipefail
base="$1" comment="$2" fail_on="${3:-}"
here="$(cd "$(dirname "$0")" && pwd)"
code=0
mapfile -t specs < <(git ls-files -- 'specs/*.toml' '*.specc')
if [ "${#specs[@]}" -gt 0 ]; then
  specc fmt --check "${specs[@]}" || code=1
  "$here/validate.sh" "${specs[@]}" || code=1
fi
"$here/stale.sh" || code=1
{
  echo "### What this change does to training"
  echo
  specc diff "$base..HEAD" --markdown ${fail_on:+--fail-on "$fail_on"}
} > "$comment" || code=1
cat "$comment"
exit "$code"
