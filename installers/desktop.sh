#!/usr/bin/env bash
# Makes packages of the desktop app, with the server inside.
#
#   installers/desktop.sh              a .deb and an .rpm
#   installers/desktop.sh BUNDLES      others, such as deb or appimage; see desktop/app/tauri.bundle.conf.json
#   PROFILE=debug installers/desktop.sh deb    quicker to make, larger and slower
#
# Prints where the packages are.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
bundles=${1:-deb,rpm}
profile=${PROFILE:-release}
triple=$(rustc -vV | sed -n 's/^host: //p')

main() {
    make --no-print-directory interface
    build_server
    [ -d desktop/node_modules/@tauri-apps ] || npm --prefix desktop ci --no-audit --no-fund --loglevel=error
    local flags=(--ci --bundles "$bundles" --config tauri.bundle.conf.json)
    [ "$profile" = debug ] && flags+=(--debug)
    (cd desktop/app && ../node_modules/.bin/tauri build "${flags[@]}" -- --locked)
    find "$PWD/desktop/target/$profile/bundle" -maxdepth 2 -type f \( -name '*.deb' -o -name '*.rpm' -o -name '*.AppImage' \)
}

# The app starts the server that lies beside it, under a name of its own: the server's own package may be there too.
build_server() {
    local flags=(--locked -p waystation-app)
    [ "$profile" = release ] && flags+=(--release)
    cargo build "${flags[@]}"
    mkdir -p desktop/app/binaries
    cp "${CARGO_TARGET_DIR:-target}/$profile/waystation" "desktop/app/binaries/waystation-server-$triple"
}

main
