#!/usr/bin/env bash
# Gets the data set NAME as NAME.yaml says: downloads, verifies, unpacks and, where its own layout is
# none that featx reads, converts it. Usage: fetch.sh NAME [DATA_ROOT]
#
# DATA_ROOT is $FEATX_DATA by default, else $XDG_DATA_HOME/featx, else ~/.local/share/featx. All
# work happens in DATA_ROOT/.NAME.fetch, which is renamed to DATA_ROOT/NAME when it is whole; so what
# stands there is complete, and a run that was interrupted goes on where it ended.
# FEATX_FETCH_CATALOG is a folder of YAML files to use instead of the script's own.
set -euo pipefail

say() { printf 'fetch: %s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
catalog=${FEATX_FETCH_CATALOG:-$here}
known() {
    local file
    for file in "$catalog"/*.yaml; do printf ' %s' "$(basename "$file" .yaml)"; done
}
if (($# < 1 || $# > 2)); then
    say "usage: fetch.sh NAME [DATA_ROOT], with NAME one of:$(known)"
    exit 2
fi
name=$1
yaml=$catalog/$name.yaml
if [[ ! $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ || ! -f $yaml ]]; then
    say "$name: no such data set, expected one of:$(known)"
    exit 2
fi
data=$(awk '$1 == "data:" { print $2 }' "$yaml")
[[ -z $data || $data == "$name" ]] || exec bash "$here/fetch.sh" "$data" "${@:2}"
root=${2:-${FEATX_DATA:-${XDG_DATA_HOME:-${HOME:?is not set, nor is FEATX_DATA}/.local/share}/featx}}
final=$root/$name
if [[ -e $final ]]; then
    say "$final is already there"
    exit 0
fi

missing=()
for command in curl tar unzip sha256sum md5sum perl; do
    command -v "$command" >/dev/null || missing+=("$command")
done
((${#missing[@]} == 0)) || die "missing: ${missing[*]}. On Debian these packages have all that is" \
    "needed: curl ca-certificates tar unzip coreutils perl-base xz-utils"

# The value of a key at the top of the YAML file.
setting() {
    awk -v key="$1:" '$1 == key { print $2 }' "$yaml"
}

# One line a file: url mirror sha256 md5, with - for what is not given.
files() {
    awk '
        function flush() { if (url) print url, mirror, sha256, md5 }
        /^[^ #]/ { inside = ($1 == "fetch:"); next }
        !inside { next }
        $1 == "-" { flush(); url = ""; mirror = sha256 = md5 = "-"; $1 = ""; $0 = $0 }
        $1 == "url:" { url = $2 }
        $1 == "mirror:" { mirror = $2 }
        $1 == "sha256:" { sha256 = $2 }
        $1 == "md5:" { md5 = $2 }
        END { flush() }' "$yaml"
}

work=$root/.$name.fetch
mkdir -p "$work"
if command -v flock >/dev/null; then
    exec 9>"$work/lock"
    flock -n 9 || die "$work: another fetch is at work there"
fi

# --- download and verify -------------------------------------------------------------------------

# Goes on where an earlier try ended, if the server can; three tries.
download() { # URL PART
    local how=(--silent --show-error) status=0 try
    [[ ! -t 2 ]] || how=(--progress-bar)
    how+=(--fail --location --proto '=http,https' --proto-redir '=http,https' --connect-timeout 30
        --speed-limit 1 --speed-time 60 --output "$2")
    say "downloading $1"
    for try in 1 2 3; do
        ((try == 1)) || sleep 1
        if [[ -s $2 ]]; then
            status=0
            curl "${how[@]}" --continue-at - "$1" || status=$?
            case $status in
            0) return 0 ;;
            22 | 33 | 36) # refused, as of a file that is whole or another one, or not understood
                say "cannot resume, starting again"
                rm -f "$2"
                ;;
            *) continue ;;
            esac
        fi
        status=0
        curl "${how[@]}" "$1" || status=$?
        case $status in
        0) return 0 ;;
        22) break ;; # the server's own word
        esac
    done
    return "$status"
}

sum_is_right() { # FILE SHA256 MD5: prints what is wrong
    local found
    if [[ $2 != - ]]; then
        found=$(sha256sum <"$1")
        [[ ${found%% *} == "$2" ]] || {
            echo "SHA-256 ${found%% *}, expected $2"
            return 1
        }
    elif [[ $3 != - ]]; then
        found=$(md5sum <"$1")
        [[ ${found%% *} == "$3" ]] || {
            echo "MD5 ${found%% *}, expected $3"
            return 1
        }
    else
        say "$(basename "$1"): no checksum is known, not verified"
    fi
}

get() { # URL MIRROR SHA256 MD5 FILE
    local file=$5 url wrong='' resumed
    [[ ! -f $file ]] || return 0
    for url in "$1" "$2"; do
        [[ $url != - ]] || continue
        # What an earlier run left may be of another file: one more try from the beginning.
        for resumed in yes no; do
            [[ $resumed == no || -s $file.part ]] || continue
            download "$url" "$file.part" || {
                wrong="cannot be downloaded"
                continue 2
            }
            if wrong=$(sum_is_right "$file.part" "$3" "$4"); then
                mv "$file.part" "$file"
                return 0
            fi
            rm -f "$file.part"
        done
        say "$url: $wrong"
    done
    die "$1: $wrong"
}

# --- unpack and convert --------------------------------------------------------------------------

unpack() { # FILE FOLDER
    case $1 in
    *.tar.gz | *.tgz | *.tar.xz | *.tar)
        tar --extract --file "$1" --directory "$2" --no-same-owner --exclude='*unlabeled*'
        ;;
    *.zip) unzip -q -o "$1" -d "$2" || (($? == 1)) ;; # 1: warnings
    *) cp "$1" "$2/" ;;
    esac
}

# Goes down through folders that hold nothing but one folder. In an image folder the last level is
# that of the classes.
innermost() { # FOLDER
    local folder=$1 entries
    while :; do
        entries=()
        local entry
        for entry in "$folder"/*; do
            [[ ! -e $entry || $(basename "$entry") == __MACOSX ]] || entries+=("$entry")
        done
        [[ ${#entries[@]} == 1 && -d ${entries[0]} ]] || break
        if [[ $format == folder && -z $(find "${entries[0]}" -mindepth 1 -maxdepth 1 -type d -print \
            -quit) ]]; then break; fi
        folder=${entries[0]}
    done
    echo "$folder"
}

find_one() { # FOLDER FIND-TESTS…
    local found
    found=$(find "$@" -print -quit)
    [[ -n $found ]] || die "$name: the archives hold nothing that matches ${*:2}"
    echo "$found"
}

# 101_ObjectCategories.tar.gz inside the zip; the background is no class.
convert_caltech101() { # FOLDER OUT
    local inner
    inner=$(find_one "$1" -name 101_ObjectCategories.tar.gz)
    tar --extract --file "$inner" --directory "$1" --no-same-owner
    inner=$(find_one "$1" -type d -name 101_ObjectCategories)
    rm -rf "$inner/BACKGROUND_Google"
    mv "$inner" "$2"
}

# Training images stand in folders of classes with a CSV each; test images in one folder, with their
# labels in GT-final_test.csv: Filename;Width;…;ClassId.
convert_gtsrb() { # FOLDER OUT
    local train test labels
    train=$(find_one "$1" -type d -path '*Final_Training/Images')
    test=$(find_one "$1" -type d -path '*Final_Test/Images')
    labels=$(find_one "$1" -name GT-final_test.csv)
    mkdir "$2"
    mv "$train" "$2/train"
    find "$2/train" -name '*.csv' -delete
    perl -we '
        use strict;
        my ($csv, $from, $to) = @ARGV;
        open my $in, "<", $csv or die "$csv: $!\n";
        my @keys = split /;/, (<$in> // "") =~ s/\s+$//r;
        my %at = map { $keys[$_] => $_ } 0 .. $#keys;
        defined $at{Filename} && defined $at{ClassId}
            or die "$csv: no columns Filename and ClassId\n";
        mkdir $to or die "$to: $!\n";
        while (my $line = <$in>) {
            my @field = split /;/, $line =~ s/\s+$//r or next;
            my ($file, $class) = @field[@at{"Filename", "ClassId"}];
            ($file // "") =~ /^[\w.-]+$/ && ($class // "") =~ /^\d{1,5}$/
                or die "$csv:$.: not a file name and a class\n";
            my $folder = sprintf "%s/%05d", $to, $class;
            -d $folder or mkdir $folder or die "$folder: $!\n";
            rename "$from/$file", "$folder/$file" or die "$from/$file: $!\n";
        }' "$labels" "$test" "$2/test" || die "$name: cannot be converted"
}

# *_X.bin: images of 3 planes of 96 columns of 96 pixels. *_y.bin: labels from 1 on. They become
# IDX files [n, 96, 96, 3] and [n] with labels from 0 on.
convert_stl10() { # FOLDER OUT
    local folder
    folder=$(find_one "$1" -name train_X.bin)
    folder=$(dirname "$folder")
    mkdir "$2"
    say "converting to IDX"
    perl -we '
        use strict;
        my ($from, $to) = @ARGV;
        my ($side, $planes) = (96, 3);
        my $bytes = $side * $side * $planes;
        my @order;
        for my $row (0 .. $side - 1) {
            for my $column (0 .. $side - 1) {
                push @order, map { ($_ * $side + $column) * $side + $row } 0 .. $planes - 1;
            }
        }
        sub out { open my $file, ">:raw", "$to/$_[0]" or die "$to/$_[0]: $!\n"; return $file }
        for my $split (["train", "train"], ["test", "t10k"]) {
            my ($name, $idx) = @$split;
            my $path = "$from/${name}_X.bin";
            my $size = -s $path or die "$path: empty or not there\n";
            $size % $bytes == 0 or die "$path: $size bytes, expected a multiple of $bytes\n";
            my $count = $size / $bytes;
            open my $in, "<:raw", $path or die "$path: $!\n";
            my $images = out("$idx-images-idx4-ubyte");
            print $images pack("N5", 0x804, $count, $side, $side, $planes);
            for (1 .. $count) {
                read($in, my $image, $bytes) == $bytes or die "$path: cannot read\n";
                print $images pack("C*", (unpack("C*", $image))[@order]);
            }
            close $images or die "$to: $!\n";
            $path = "$from/${name}_y.bin";
            open my $labels, "<:raw", $path or die "$path: $!\n";
            read($labels, my $values, $count + 1) // die "$path: cannot read\n";
            length($values) == $count
                or die "$path: not the $count labels of as many images\n";
            $values =~ /^[\x01-\x0a]*\z/ or die "$path: labels that are not 1 to 10\n";
            my $to_labels = out("$idx-labels-idx1-ubyte");
            print $to_labels pack("N2", 0x801, $count), $values =~ tr/\x01-\x0a/\x00-\x09/r;
            close $to_labels or die "$to: $!\n";
        }' "$folder" "$2" || die "$name: cannot be converted"
}

# --- all of it -----------------------------------------------------------------------------------

format=$(setting format)
convert=$(setting convert)
mkdir -p "$work/download"
list=$(files)
[[ -n $list ]] || die "$yaml: no files to fetch"
archives=()
while read -r url mirror sha256 md5; do
    file=${url##*/}
    file=$work/download/${file%%\?*}
    get "$url" "$mirror" "$sha256" "$md5" "$file"
    archives+=("$file")
done <<<"$list"

say "unpacking"
unpacked=$work/unpacked
rm -rf "$unpacked" "$work/converted"
mkdir "$unpacked"
for file in "${archives[@]}"; do
    unpack "$file" "$unpacked" || die "$file: cannot be unpacked"
done
find "$unpacked" -type l -delete # a data set has no use for links
chmod -R u+rwX "$unpacked"
if [[ -n $convert && $convert != none ]]; then
    "convert_$convert" "$unpacked" "$work/converted"
    result=$work/converted
else
    result=$(innermost "$unpacked")
fi
mv "$result" "$final"
rm -rf "$work"
say "$final is complete"
