#!/bin/sh
# audit.sh PAGE.html...: opens each page in headless Chromium, in a window of 1280 pixels and in a
# frame of 390, light and dark. Fails where a page has a script error, asks for anything, shows a
# picture without a size, is wider than its window, has text without contrast, or a link within
# that shows nothing. 77: there is no Chromium.
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
    # A window is at least 500 pixels wide; a frame may be as narrow as a telephone.
    cat >"$folder/frame.html" <<'FRAME'
<!DOCTYPE html><iframe src="page.html" style="width:390px;height:844px;border:0"></iframe>
<script>
addEventListener('message', (e) => {
  document.body.innerHTML = '<pre></pre>';
  document.querySelector('pre').textContent = e.data;
});
</script>
FRAME
    for file in page frame; do
        for scheme in 1 0; do # light, dark
            timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$folder/profile" \
                --window-size=1280,900 --blink-settings=preferredColorScheme="$scheme" --dump-dom \
                --virtual-time-budget=10000 "file://$folder/$file.html" >"$folder/dom" 2>"$folder/log" || true
            if ! grep -q '^audit ends' "$folder/dom"; then
                echo "$page ($file): not opened" >&2
                tail -n 5 "$folder/log" >&2
                status=1
            elif ! sed -n '/<pre>audit begins/,/^audit ends/p' "$folder/dom" | sed '1d;$d' |
                awk -v what="$page ($file, scheme $scheme): " '{print what $0} END {exit NR > 0}' >&2; then
                status=1
            fi
        done
    done
done
exit $status
