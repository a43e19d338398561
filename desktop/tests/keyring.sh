#!/usr/bin/env bash
# Runs the tests of the keyring with a Secret Service of their own: another bus, another home, an empty keyring.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Each test that changes the keyring's state gets a keyring of its own.
tests=(
    a_secret_is_kept_replaced_and_forgotten_by_the_keyring
    a_locked_keyring_says_so_and_gives_nothing
    a_keyring_that_began_anew_is_found_again
    without_a_keyring_its_absence_is_told_and_nothing_is_written
    the_place_is_told
)

main() {
    local binary test
    binary=$(cargo test --workspace --features waystation-desktop/system-keyring --test keyring --no-run --message-format=json |
        python3 -c '
import json, sys
built = (json.loads(line) for line in sys.stdin)
print(*(message["executable"] for message in built
        if message.get("executable") and message["target"]["name"] == "keyring"))')
    for test in "${tests[@]}"; do
        home=$(mktemp -d)
        mkdir -m 700 "$home/run"
        env -i PATH="$PATH" HOME="$home" XDG_RUNTIME_DIR="$home/run" LANG=C.UTF-8 \
            timeout 120 dbus-run-session -- "$PWD/tests/keyring.sh" inside "$binary" "$test" || { rm -rf "$home"; exit 1; }
        rm -rf "$home"
    done
}

inside() {
    # The first password makes the keyring and opens it.
    printf 'a password of the test' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
    "$1" --exact "$2"
}

case "${1:-}" in
    inside) inside "$2" "$3" ;;
    *) main ;;
esac
