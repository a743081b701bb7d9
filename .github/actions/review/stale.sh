#!/usr/bin/env bash
# Fails when a plan under version control is not that of its spec any more: generated/NAME[.PROFILE].plan.json is the
# plan of specs/NAME.toml or specs/NAME.specc.
set -uo pipefail
code=0
for plan in generated/*.plan.json; do
  [ -e "$plan" ] || continue
  name="$(basename "$plan" .plan.json)"
  spec="specs/${name%%.*}.toml"
  [ -e "$spec" ] || spec="specs/${name%%.*}.specc"
  profile=()
  [ "${name#*.}" = "$name" ] || profile=(--profile "${name#*.}")
  specc compile "$spec" "${profile[@]}" -o "$plan" --check || code=1
done
exit "$code"
