#!/usr/bin/env bash
# Installs the desktop app's packages, looks at what came, runs it, and removes it without a trace.
#
#   installers/check-desktop.sh FOLDER     of a .deb and, where there is one, an .rpm, as desktop.sh makes them
#   DRIVE=COMMAND installers/check-desktop.sh FOLDER    also runs the command, with WAYSTATION_DESKTOP_BIN naming the
#                                                       folder where the app was installed
#
# It needs root on Debian or Ubuntu: the .deb goes into this very system, the .rpm into a folder.
set -euo pipefail

folder=$1
wanted=(usr/bin/waystation-desktop usr/bin/waystation-server)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

main() {
    local deb rpm
    deb=$(find "$folder" -name '*.deb' | head -n 1)
    rpm=$(find "$folder" -name '*.rpm' | head -n 1)
    [ -n "$deb" ] || fail "there is no .deb in $folder"
    check_deb "$deb"
    [ -z "$rpm" ] || check_rpm "$rpm"
}

check_deb() {
    local name files
    name=$(dpkg-deb --field "$1" Package)
    [ "$name" = waystation-desktop ] || fail "the package is called $name"
    dpkg -s "$name" >/dev/null 2>&1 && fail "$name is installed already; remove it first"
    files="$scratch/files"
    dpkg-deb --extract "$1" "$scratch/deb"
    (cd "$scratch/deb" && find . ! -type d | sed 's|^\./||' | sort) >"$files"
    check_files "$files"
    check_menu_entry "$scratch"/deb/usr/share/applications/*.desktop
    find "$scratch/deb" -perm /6000 | grep -q . && fail "a file runs as somebody else"

    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$(realpath "$1")" >/dev/null
    dpkg --verify "$name" | grep -q . && fail "files differ from those of the package"
    waystation-server version >/dev/null || fail "the server does not run"
    [ "$(ldd /usr/bin/waystation-desktop | grep -c 'not found')" = 0 ] || fail "libraries are missing"
    [ -z "${DRIVE:-}" ] || WAYSTATION_DESKTOP_BIN=/usr/bin bash -c "$DRIVE"

    apt-get purge -y -qq "$name" >/dev/null
    while read -r file; do
        [ ! -e "/$file" ] || fail "/$file stayed"
    done <"$files"
    dpkg -s "$name" >/dev/null 2>&1 && fail "$name is still known"
    echo "$(basename "$1"): installed, run and removed"
}

# Into a folder, without the packages it needs: this system has others.
check_rpm() {
    local name root="$scratch/rpm" files="$scratch/rpm-files"
    name=$(rpm -qp --queryformat '%{NAME}' "$1" 2>/dev/null)
    [ "$name" = waystation-desktop ] || fail "the package is called $name"
    rpm -qpl "$1" 2>/dev/null | sed 's|^/||' | sort >"$files"
    check_files "$files"
    rpm --root "$root" --initdb
    rpm --root "$root" --nodeps --noscripts --ignorearch --ignoreos -i "$1" 2>/dev/null
    rpm --root "$root" --nodeps -V "$name" || fail "files differ from those of the package"
    "$root/usr/bin/waystation-server" version >/dev/null || fail "the server does not run"
    rpm --root "$root" --nodeps --noscripts -e "$name"
    find "$root/usr" "$root/opt" -type f 2>/dev/null | grep . && fail "files stayed"
    echo "$(basename "$1"): installed, run and removed"
}

check_files() {
    local file
    for file in "${wanted[@]}"; do
        grep -qx "$file" "$1" || fail "$file is not in the package"
    done
    grep -vE '^usr/(bin/waystation-(desktop|server)|share/(applications|icons|doc|licenses)/.*|lib/waystation.*)$' "$1" &&
        fail "files lie where none belong"
    return 0
}

# Links of the app's own scheme open it.
check_menu_entry() {
    grep -q '^MimeType=.*x-scheme-handler/waystation' "$1" || fail "the menu entry opens no links"
    grep -q '^Exec=waystation-desktop %u' "$1" || fail "the menu entry does not hand links over: $(grep ^Exec "$1")"
    if command -v desktop-file-validate >/dev/null; then
        desktop-file-validate "$1" || fail "the menu entry is not valid"
    fi
}

fail() {
    echo "check-desktop: $1" >&2
    exit 1
}

main
