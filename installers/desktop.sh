#!/usr/bin/env bash
# Makes packages of the desktop app, with the server inside.
#
#   installers/desktop.sh              a .deb and an .rpm
#   installers/desktop.sh BUNDLES      others, such as deb or appimage; see desktop/app/tauri.bundle.conf.json
#   PROFILE=debug installers/desktop.sh deb    quicker to make, larger and slower
#
# WAYSTATION_BIN names a server to put inside; without it one is built. The app is compiled in desktop/target, or where
# WAYSTATION_DESKTOP_TARGET says. Prints where the packages are.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bundles=${1:-deb,rpm}
profile=${PROFILE:-release}
target=${WAYSTATION_DESKTOP_TARGET:-$PWD/desktop/target}
triple=$(rustc -vV | sed -n 's/^host: //p')

main() {
    make --no-print-directory interface
    place_server
    [ -d desktop/node_modules/@tauri-apps ] || npm --prefix desktop ci --no-audit --no-fund --loglevel=error
    local flags=(--ci --bundles "$bundles" --config tauri.bundle.conf.json)
    [ "$profile" = debug ] && flags+=(--debug)
    # Packages of an earlier name or version are not taken for these.
    rm -rf "$target/$profile/bundle"
    (cd desktop/app && CARGO_TARGET_DIR="$target" ../node_modules/.bin/tauri build "${flags[@]}" -- --locked)
    find "$target/$profile/bundle" -maxdepth 2 -type f \( -name '*.deb' -o -name '*.rpm' -o -name '*.AppImage' \)
}

# The app starts the server that lies beside it, under a name of its own: the server's own package may be there too.
place_server() {
    local flags=(--locked -p waystation-app) server=${WAYSTATION_BIN:-}
    if [ -z "$server" ]; then
        [ "$profile" = release ] && flags+=(--release)
        cargo build "${flags[@]}"
        server=${CARGO_TARGET_DIR:-target}/$profile/waystation
    fi
    mkdir -p desktop/app/binaries
    cp "$server" "desktop/app/binaries/waystation-server-$triple"
}

main
