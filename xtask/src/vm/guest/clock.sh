# What test.sh does with the clock on the wall while the service runs.

# One connection that stays open, and asks for each path that it is told.
keep_asking() {
    bash -c '
        exec 5<>/dev/tcp/127.0.0.1/8080
        while read -r path; do
            printf "GET %s HTTP/1.1\r\nHost: kept\r\n\r\n" "$path" >&5
            until [ "$line" = "made by apiwatch" ]; do read -r line <&5; done
            line=
        done' </run/paths
}

# Asks on the connection that is kept, and once as a unit that nobody knows yet.
ask() { # NAME
    echo "/kept/$1" >&4
    systemd-run --quiet --wait --collect --unit="clock-$1" \
        curl --silent --show-error --max-time 30 "http://127.0.0.1:8080/clock/$1"
}

was_told() { # NAME
    grep -q "\"path\":\"/kept/$1\"" /run/clock.tail &&
        grep -q "\"path\":\"/clock/$1\"" /run/clock.tail &&
        grep -q "\"kind\":\"unknown_destination\".*\"subject\":\"clock-$1.service" /run/clock.tail
}

scrape() {
    curl --silent --show-error http://127.0.0.1:9464/metrics
}

# What is told at the time that the clock has after a step.
told_after() { # STEP SECONDS
    date --set "@$(($(date +%s) + $2))" >/dev/null
    # Between these all of it must be told to have happened.
    for margin in '-1 minute' '+1 minute'; do
        date --utc --date "$margin" +%FT%TZ
    done >/run/out
    section "clock $1 between" /run/out
    step "clock $1" ask "$1"
    step "clock $1 told" eventually was_told "$1"
    step "clock $1 metrics" scrape
    step "clock $1 state" show
}

# All that is known, as who comes late is told it.
known() {
    apiwatch tail --snapshot --type connection,endpoint,destination,finding >/run/known &
    late=$!
    eventually grep -q '"type":"snapshot_end"' /run/known
    kill "$late"
    cat /run/known
}

apiwatch tail --type connection,exchange,finding >/run/clock.tail &
clock_tail=$!
step 'clock tail begins' eventually grep -q '"type":"header"' /run/clock.tail
mkfifo /run/paths
keep_asking &
exec 4>/run/paths
ten_years=315360000
told_after steady 0
told_after hour-ahead 3600
told_after hour-back -3600
told_after years-ahead $ten_years
told_after years-back -$ten_years
step 'clock known' known
kill "$clock_tail"
section 'clock tail' /run/clock.tail
exec 4>&-
