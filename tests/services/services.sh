# The servers the tests speak to: MariaDB, PostgreSQL, Redis and llama.cpp.
#
# Sourced by tests/run and tests/services/with. `start_services` starts each on
# a free loopback port with its own data in a temporary directory and exports
# the addresses; `stop_services` ends them by process id and removes the data.
# The system's own servers and their data are never touched.
#
# The databases keep their durable settings (every commit is flushed): the
# books promise to survive a power cut, and a test on softer settings would
# test something else.

services_directory=""
services_pids=()
services_cache="${XDG_CACHE_HOME:-$HOME/.cache}/waystation"
services_here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
services_python="$services_cache/python/bin/python"

# start_services [NAME...]: all of mariadb, postgres, redis, llama when none is named.
start_services() {
    [ $# -gt 0 ] || set -- mariadb postgres redis llama
    services_directory=$(mktemp -d "${TMPDIR:-/tmp}/waystation-services.XXXXXX")
    # The database servers run as another user and must be able to enter.
    chmod 755 "$services_directory"
    local name
    for name in "$@"; do
        prepare_service "$name" || return 1
    done
    for name in "$@"; do
        start_service "$name" || return 1
    done
}

stop_services() {
    local pid
    for pid in "${services_pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null
    done
    for pid in "${services_pids[@]}"; do
        wait "$pid" 2>/dev/null
    done
    services_pids=()
    if [ -n "$services_directory" ]; then
        rm -rf "$services_directory"
        services_directory=""
    fi
    return 0
}

# Initialising two data directories takes seconds; the llama model a blink.
prepare_service() {
    local name=$1 directory="$services_directory/$1"
    mkdir -p "$directory"
    case "$name" in
        mariadb)
            own_directory "$directory" mysql
            become mysql
            "${as_user[@]}" mariadb-install-db --no-defaults --datadir="$directory/data" \
                --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve \
                >"$directory/install.log" 2>&1 || { show_log "$directory/install.log"; return 1; }
            ;;
        postgres)
            own_directory "$directory" postgres
            echo waystation >"$directory/password"
            chmod 644 "$directory/password"
            become postgres
            "${as_user[@]}" "$(postgres_bin)/initdb" -D "$directory/data" -U waystation \
                --pwfile="$directory/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C \
                >"$directory/install.log" 2>&1 || { show_log "$directory/install.log"; return 1; }
            ;;
        redis) ;;
        llama)
            local model="$services_cache/random-model.gguf" source="$services_here/../llama/make_model.py"
            if [ ! -s "$model" ] || [ "$source" -nt "$model" ]; then
                "$services_python" "$source" "$model" || return 1
            fi
            ;;
        *) echo "no such service: $name" >&2; return 1 ;;
    esac
}

# A port found free may be taken before the server binds it, hence three tries.
start_service() {
    local name=$1 try
    for try in 1 2 3; do
        if "start_$name"; then
            return 0
        fi
        echo "services: $name did not start (try $try)" >&2
    done
    show_log "$services_directory/$name/log"
    return 1
}

start_mariadb() {
    local directory="$services_directory/mariadb" port
    port=$(free_port)
    become mysql
    "${as_user[@]}" "$(PATH="$PATH:/usr/sbin" command -v mariadbd)" --no-defaults --datadir="$directory/data" \
        --socket="$directory/socket" --pid-file="$directory/pid" --bind-address=127.0.0.1 --port="$port" \
        --max-connections=400 --skip-name-resolve --innodb-buffer-pool-size=256M \
        --innodb-log-file-size=128M --innodb-flush-log-at-trx-commit=1 --performance-schema=OFF \
        >"$directory/log" 2>&1 &
    services_pids+=($!)
    await $! mariadb --no-defaults --socket="$directory/socket" -u root -e \
        "CREATE USER IF NOT EXISTS waystation@127.0.0.1 IDENTIFIED BY 'waystation';
         GRANT ALL ON *.* TO waystation@127.0.0.1;
         CREATE DATABASE IF NOT EXISTS waystation CHARACTER SET utf8mb4;" || return 1
    export WAYSTATION_TEST_MARIADB_URL="mysql://waystation:waystation@127.0.0.1:$port/waystation"
}

start_postgres() {
    local directory="$services_directory/postgres" port
    port=$(free_port)
    become postgres
    "${as_user[@]}" "$(postgres_bin)/postgres" -D "$directory/data" -h 127.0.0.1 -p "$port" \
        -k "$directory" -c max_connections=400 -c shared_buffers=128MB -c fsync=on \
        -c synchronous_commit=on >"$directory/log" 2>&1 &
    services_pids+=($!)
    await $! env PGPASSWORD=waystation psql -h 127.0.0.1 -p "$port" -U waystation -d postgres -q \
        -c 'SELECT 1' || return 1
    PGPASSWORD=waystation psql -h 127.0.0.1 -p "$port" -U waystation -d postgres -q \
        -c 'CREATE DATABASE waystation' || return 1
    export WAYSTATION_TEST_POSTGRES_URL="postgres://waystation:waystation@127.0.0.1:$port/waystation"
}

start_redis() {
    local directory="$services_directory/redis" port
    port=$(free_port)
    setpriv --pdeathsig TERM redis-server --bind 127.0.0.1 --port "$port" --dir "$directory" \
        --save '' --appendonly no >"$directory/log" 2>&1 &
    services_pids+=($!)
    await $! redis-cli -h 127.0.0.1 -p "$port" ping || return 1
    export WAYSTATION_TEST_REDIS_URL="redis://127.0.0.1:$port"
}

start_llama() {
    local directory="$services_directory/llama"
    setpriv --pdeathsig TERM "$services_python" "$services_here/../llama/serve.py" \
        "$services_cache/random-model.gguf" >"$directory/address" 2>"$directory/log" &
    services_pids+=($!)
    await $! grep -q /v1 "$directory/address" || return 1
    WAYSTATION_TEST_LLAMA_URL=$(cat "$directory/address")
    export WAYSTATION_TEST_LLAMA_URL
}

# await PID COMMAND...: repeats the command until it succeeds; fails when the
# process has ended or a minute has passed.
await() {
    local pid=$1 started=$SECONDS
    shift
    until "$@" >/dev/null 2>&1; do
        if ! kill -0 "$pid" 2>/dev/null || [ $((SECONDS - started)) -gt 60 ]; then
            kill "$pid" 2>/dev/null
            return 1
        fi
        sleep 0.05
    done
}

# MariaDB and PostgreSQL refuse to run as root. `become USER` fills the array
# `as_user` with the words to put before a command. `setpriv` replaces itself
# with the server, so the process id is the server's, and the server is told to
# stop when the shell that started it dies.
become() {
    as_user=(setpriv --pdeathsig TERM)
    if [ "$(id -u)" = 0 ]; then
        local user
        user=$(unprivileged "$1")
        as_user+=(--reuid="$user" --regid="$(id -g "$user")" --clear-groups)
    fi
}

own_directory() {
    if [ "$(id -u)" = 0 ]; then
        chown "$(unprivileged "$2")" "$1"
    fi
}

unprivileged() {
    if id "$1" >/dev/null 2>&1; then echo "$1"; else echo nobody; fi
}

postgres_bin() {
    ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

show_log() {
    echo "--- the end of $1" >&2
    tail -n 30 "$1" >&2
}
