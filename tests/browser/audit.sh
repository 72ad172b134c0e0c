#!/bin/sh
# audit.sh PAGE.html...: opens each page in headless Chromium, in a wide and a narrow window, light
# and dark. Fails where a page has a script error, asks for anything, shows a picture without a
# size, is wider than its window, or has text without contrast. 77: there is no Chromium.
set -eu
here=$(dirname "$0")
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
policy="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
status=0
for page in "$@"; do
    {
        sed '/<head>/q' "$page"
        printf '<meta http-equiv="Content-Security-Policy" content="%s">\n<script>\n' "$policy"
        cat "$here/audit.js"
        printf '</script>\n'
        sed '1,/<head>/d' "$page"
    } >"$folder/page.html"
    for window in 1280,900 500,900; do
        for scheme in 1 0; do # light, dark
            timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
                --window-size="$window" --blink-settings=preferredColorScheme="$scheme" --dump-dom \
                "file://$folder/page.html" >"$folder/dom" 2>"$folder/log" || true
            if ! grep -q '^audit ends' "$folder/dom"; then
                echo "$page ($window): not opened" >&2
                tail -n 5 "$folder/log" >&2
                status=1
            elif ! sed -n '/^<pre>audit begins/,/^audit ends/p' "$folder/dom" | sed '1d;$d' |
                awk -v what="$page ($window, scheme $scheme): " '{print what $0} END {exit NR > 0}' >&2; then
                status=1
            fi
        done
    done
done
exit $status
