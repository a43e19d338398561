#!/usr/bin/env bash
# Installs what building, running or testing Waystation needs on Debian or Ubuntu.
#
#   installers/prerequisites.sh run    to build and run the server
#   installers/prerequisites.sh test   also the databases, Redis, Python and Node packages the tests use
#   installers/prerequisites.sh bench  the databases and nginx, to measure against
#   installers/prerequisites.sh pictures   a browser and what it needs, to take pictures of the pages
#   installers/prerequisites.sh coverage   also the LLVM tools that fit the compiler
#   installers/prerequisites.sh desktop    to build the desktop app
#   installers/prerequisites.sh desktop-test   also to test it: a screen, a keyring and a driver of its own
#
# It says what it installs, asks sudo when it is not root, touches nothing that
# is already there, and starts no system service.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
purpose="${1:-run}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/waystation"

main() {
    case "$purpose" in
        run) install_packages $(missing_run_packages) ;;
        test) install_packages $(missing_run_packages) $(missing_test_packages) ;;
        bench) install_packages $(missing_run_packages) $(missing_database_packages) $(missing_bench_packages) ;;
        pictures) install_packages $(missing_run_packages) $(missing_browser_packages) ;;
        desktop) install_packages $(missing_run_packages) $(missing_desktop_packages) ;;
        desktop-test) install_packages $(missing_run_packages) $(missing_desktop_packages) $(missing_desktop_test_packages) ;;
        coverage) install_packages $(missing_run_packages) $(missing_test_packages) $(missing_llvm_packages) ;;
        *) echo "usage: installers/prerequisites.sh [run|test|bench|pictures|coverage|desktop|desktop-test]" >&2; exit 2 ;;
    esac
    check_rust
    case "$purpose" in
        run | test | pictures | coverage | desktop | desktop-test) check_node ;;
    esac
    case "$purpose" in
        test | coverage)
            prepare_python tests/python/requirements.txt "$cache/python"
            prepare_node oidc "$cache/node"
            prepare_browser
            ;;
        pictures) prepare_browser ;;
        desktop-test)
            prepare_python tests/desktop/requirements.txt "$cache/desktop-python"
            prepare_tests desktop
            prepare_driver
            ;;
    esac
}

# The TLS and SQLite libraries are compiled from source by Cargo; a C compiler
# is all they ask for on Linux.
missing_run_packages() {
    has cc || echo gcc libc6-dev
    has make || echo make
    has curl || echo curl ca-certificates
    has node || echo nodejs
    has npm || echo npm
}

missing_database_packages() {
    has_server mariadbd || echo mariadb-server
    has mariadb || echo mariadb-client
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || echo postgresql
    has psql || echo postgresql-client
    has python3 || echo python3
    has setpriv || echo util-linux
}

missing_bench_packages() {
    has_server nginx || echo nginx
}

missing_test_packages() {
    missing_database_packages
    has redis-server || echo redis-server
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || echo python3-venv
    missing_browser_packages
}

missing_browser_packages() {
    has python3 || echo python3
    has chromium || [ -n "${WAYSTATION_CHROMIUM:-}" ] || echo chromium
    ls /usr/share/fonts/opentype/noto/NotoSansCJK-* >/dev/null 2>&1 || echo fonts-noto-cjk
}

missing_desktop_packages() {
    missing_of libwebkit2gtk-4.1-dev libgtk-3-dev libayatana-appindicator3-dev librsvg2-dev libxdo-dev pkg-config file \
        fonts-noto-cjk rpm
}

# A screen, a keyboard, a clipboard, a window manager, a keyring and a driver.
missing_desktop_test_packages() {
    missing_of webkit2gtk-driver xvfb openbox xdotool xclip scrot gnome-keyring dbus-x11 libglib2.0-bin openssl python3-venv
}

missing_of() {
    local package
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || echo "$package"
    done
}

# rustup's llvm-tools component serves as well.
missing_llvm_packages() {
    local major sysroot
    major=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    sysroot=$(rustc --print sysroot)
    ls "$sysroot"/lib/rustlib/*/bin/llvm-cov >/dev/null 2>&1 || [ -x "/usr/lib/llvm-$major/bin/llvm-cov" ] || echo "llvm-$major"
}

has() { command -v "$1" >/dev/null 2>&1; }

has_server() { has "$1" || [ -x "/usr/sbin/$1" ]; }

install_packages() {
    [ $# -gt 0 ] || return 0
    if ! has apt-get; then
        echo "Waystation needs these packages, and only Debian and Ubuntu are installed for you: $*" >&2
        exit 3
    fi
    local sudo=()
    if [ "$(id -u)" != 0 ]; then
        if ! has sudo; then
            echo "Waystation needs these packages; install them as root: apt-get install $*" >&2
            exit 3
        fi
        sudo=(sudo)
    fi
    echo "Installing: $*"
    "${sudo[@]}" apt-get update -qq

    # Debian starts a server when it installs it. The tests start their own, on
    # free ports with their own data, so an answer of 101 keeps those stopped.
    local policy=/usr/sbin/policy-rc.d placed=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
        "${sudo[@]}" chmod 755 "$policy"
        placed=yes
    fi
    local status=0
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "$@" || status=$?
    if [ "$placed" = yes ]; then
        "${sudo[@]}" rm -f "$policy"
    fi
    if [ "$status" != 0 ]; then
        echo "apt-get could not install: $*" >&2
        exit 3
    fi
}

check_rust() {
    local wanted
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    if ! has cargo; then
        echo "Waystation is built with Rust $wanted or newer, and no cargo was found." >&2
        echo "Install it from https://rustup.rs and run this again." >&2
        exit 3
    fi
    local found
    if ! found=$(rustc --version 2>&1); then
        echo "rustc does not run: $found" >&2
        exit 3
    fi
    found=$(echo "$found" | awk '{print $2}')
    if [ "$(printf '%s\n%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "Waystation is built with Rust $wanted or newer; this is $found (rustup update)." >&2
        exit 3
    fi
}

# The pages are built with Node; older ones lack what the tools ask for.
check_node() {
    local wanted found
    wanted=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' ui/package.json)
    found=$(node --version)
    if [ "$(printf '%s\n%s\n' "$wanted" "${found#v}" | sort -V | head -n 1)" != "$wanted" ]; then
        echo "Waystation's pages are built with Node $wanted or newer; this is ${found#v}." >&2
        echo "Install a newer one from https://nodejs.org and run this again." >&2
        exit 3
    fi
}

# The packages live outside the clone, so that a fresh clone does not fetch them
# again. The stamp holds the list they were installed from: prepare_python LIST FOLDER.
prepare_python() {
    local list=$1 python=$2
    if [ -x "$python/bin/python" ] && cmp -s "$list" "$python/requirements.installed"; then
        return 0
    fi
    echo "Installing Python packages for the tests into $python"
    mkdir -p "$cache"
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$list"
    cp "$list" "$python/requirements.installed"
}

prepare_browser() { prepare_tests browser; }

# prepare_tests NAME: the packages of tests/NAME, where Node looks for them: beside the files that name them. A folder
# of its own there would grow old.
prepare_tests() {
    prepare_node "$1" "$cache/$1"
    [ -L "tests/$1/node_modules" ] || rm -rf "tests/$1/node_modules"
    ln -sfn "$cache/$1/node_modules" "tests/$1/node_modules"
}

# What drives the app's window; it talks to the driver of the system's web view.
prepare_driver() {
    local version=2.1.0 root="$cache/tauri-driver"
    grep -qs "tauri-driver $version " "$root/.crates.toml" && return 0
    echo "Installing tauri-driver into $root"
    cargo install --quiet --locked --root "$root" --version "$version" tauri-driver
}

# prepare_node NAME FOLDER: the same for the Node packages that tests/NAME names.
prepare_node() {
    local from="tests/$1" node="$2"
    local list="$from/package-lock.json"
    if [ -d "$node/node_modules" ] && cmp -s "$list" "$node/installed.json"; then
        return 0
    fi
    echo "Installing Node packages for the tests into $node"
    rm -rf "$node"
    mkdir -p "$node"
    cp "$from/package.json" "$list" "$node/"
    npm --prefix "$node" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    cp "$list" "$node/installed.json"
}

main
