#!/bin/sh
# test_lecture.sh BUILD: the whole lecture, once: every claim is held, in less than five minutes, and
# its page and that of a small comparison pass the audit in a browser, where there is one.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$build/lecture" --quiet -o page >text
grep -q '^18 of 18 claims held' text || {
    cat text
    exit 1
}
[ "$(grep -o '"held": true' page/results.json | wc -l)" = 18 ]
seconds=$(sed -n 's/^18 of 18 claims held, in \([0-9]*\).*/\1/p' text)
[ "$seconds" -lt 300 ]
[ "$(grep -c '<section class="claim"' page/index.html)" = 18 ]

"$build/lecture" --json L16 | grep -q '"id": "L16"'
status=0
"$build/lecture" L19 2>message || status=$?
[ "$status" = 2 ]
grep -q "no claim 'L19'" message

cat >small.yaml <<'YAML'
dataset: shapes
train: {epochs: 2}
robustness: 20
data_efficiency: 0
bovw: {words: 20, samples: 2000}
arms:
  - {name: linear, features: raw, mlp: {hidden: []}}
  - {name: color, features: color}
  - {name: "<b>all & `words`", features: [raw, hog, color, bovw]}
YAML
"$build/classify" compare small.yaml --quiet -o compare >/dev/null

status=0
"$here/../browser/audit.sh" page/index.html compare/index.html || status=$?
[ "$status" = 0 ] || [ "$status" = 77 ]
