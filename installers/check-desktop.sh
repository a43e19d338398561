#!/usr/bin/env bash
# Looks at the desktop app's packages, and installs, runs and removes them.
#
#   installers/check-desktop.sh install FOLDER    of a .deb and, where there is one, an .rpm, as desktop.sh makes them;
#                                                 needs root on Debian or Ubuntu: the .deb goes into this very system
#   installers/check-desktop.sh unpack FOLDER     puts the .deb into a folder too, where it is not installed
#
# DRIVE is a command to run while the app is installed; WAYSTATION_DESKTOP_BIN tells it where.
set -euo pipefail

how=$1
folder=$2
wanted=(usr/bin/waystation-desktop usr/bin/waystation-server)
scratch=$(mktemp -d)
installed=""
trap 'leave' EXIT

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
    files="$scratch/files"
    dpkg-deb --extract "$1" "$scratch/deb"
    (cd "$scratch/deb" && find . ! -type d | sed 's|^\./||' | sort) >"$files"
    check_files "$files"
    check_menu_entry "$scratch"/deb/usr/share/applications/*.desktop
    find "$scratch/deb" -perm /6000 | grep -q . && fail "a file runs as somebody else"

    case "$how" in
        install) install_deb "$1" "$name" "$files" ;;
        unpack) run_from "$scratch/deb/usr/bin" ;;
        *) fail "it can be: install, unpack" ;;
    esac
    echo "$(basename "$1"): done ($how)"
}

# Whatever was found, this system is as it was before.
leave() {
    [ -z "$installed" ] || apt-get purge -y -qq "$installed" >/dev/null
    rm -rf "$scratch"
}

install_deb() {
    dpkg -s "$2" >/dev/null 2>&1 && fail "$2 is installed already; remove it first"
    installed=$2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$(realpath "$1")" >/dev/null
    dpkg --verify "$2" | grep -q . && fail "files differ from those of the package"
    run_from /usr/bin
    apt-get purge -y -qq "$2" >/dev/null
    installed=""
    local file
    while read -r file; do
        [ ! -e "/$file" ] || fail "/$file stayed"
    done <"$3"
    ! dpkg -s "$2" >/dev/null 2>&1 || fail "$2 is still known"
}

run_from() {
    "$1/waystation-server" version >/dev/null || fail "the server does not run"
    [ "$(ldd "$1/waystation-desktop" | grep -c 'not found')" = 0 ] || fail "libraries are missing"
    [ -z "${DRIVE:-}" ] || WAYSTATION_DESKTOP_BIN=$1 bash -c "$DRIVE"
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
    echo "$(basename "$1"): done (installed into a folder)"
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
