#!/bin/sh
# Installs a build into a temporary prefix, compiles each public header alone as C and as C++, then
# builds and runs consumer.c against what was installed, as both languages, with pkg-config alone.
#
#   test_install.sh BUILD CC
set -eu
build=$1 cc=$2
here=$(cd "$(dirname "$0")" && pwd)
case $cc in
*clang*) cxx=clang++ ;;
*) cxx=g++ ;;
esac

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >"$prefix/install.log"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name featx.pc)")
export PKG_CONFIG_PATH
flags=$(pkg-config --cflags featx)
libraries=$(pkg-config --libs featx)
warnings="-Wall -Wextra -Wpedantic -Werror"

compile() { # COMPILER OPTION…: the flags are lists of words
    compiler=$1
    shift
    # shellcheck disable=SC2086
    "$compiler" $warnings $flags "$@"
}

has_cxx=$(command -v "$cxx" || true)
[ -n "$has_cxx" ] || echo "$cxx is not there: the headers were not tried as C++"
headers=0
for header in "$prefix"/include/featx/*.h; do
    printf '#include <featx/%s>\n' "$(basename "$header")" >"$prefix/alone.c"
    compile "$cc" -std=c17 -fsyntax-only "$prefix/alone.c"
    [ -z "$has_cxx" ] || compile "$cxx" -std=c++17 -x c++ -fsyntax-only "$prefix/alone.c"
    headers=$((headers + 1))
done
[ "$headers" -gt 10 ]

# shellcheck disable=SC2086
compile "$cc" -std=c17 "$here/consumer.c" -o "$prefix/consumer" $libraries
"$prefix/consumer"
if [ -n "$has_cxx" ]; then
    # shellcheck disable=SC2086
    compile "$cxx" -std=c++17 -x c++ "$here/consumer.c" -x none -o "$prefix/consumer++" $libraries
    "$prefix/consumer++"
fi
for program in featx classify; do
    "$prefix/bin/$program" --version
done
test -f "$prefix/share/featx/datasets/cifar10.yaml"
