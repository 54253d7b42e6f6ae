#!/bin/sh
# What the virtual machine does once Debian is up, as the unit apiwatch-vm.service: the
# life of apiwatch as a service. What came out goes to the second serial port, a section
# for each part; nothing is judged here. All times are the machine's own.

cd /root || exit
exec </dev/null 3>/dev/ttyS1
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
config=/etc/apiwatch/config.toml
state=/var/lib/apiwatch
times=/run/times

section() { # NAME FILE
    { echo; echo "## $1"; cat "$2"; } >&3
}

# Hundredths of a second since the boot.
now() {
    read -r seconds _ </proc/uptime
    echo "$seconds" | tr -d .
}

# Notes how long NAME took since then.
took() { # NAME SINCE
    echo "$1 $(($(now) - $2))" >>"$times"
    echo "vm: $1" >/dev/console
}

# Runs a command, and tells what it printed, how it ended and what it took.
step() { # NAME COMMAND…
    name=$1; shift
    since=$(now)
    "$@" >/run/out 2>&1
    echo $? >/run/exit
    took "$name" "$since"
    section "$name" /run/out
    section "$name exit" /run/exit
}

# Ends the trial, and shows what the daemon said.
give_up() {
    journalctl --unit apiwatch.service --unit nginx.service --output cat --no-pager >/run/out 2>&1
    section journal /run/out
    exit 1
}

# Succeeds once the command does, at most half a minute later.
eventually() { # COMMAND…
    since_first=$(now)
    until "$@" >/run/tried 2>&1; do
        if [ $(($(now) - since_first)) -gt 3000 ]; then
            echo "never succeeded: $*"
            cat /run/tried
            return 1
        fi
        sleep 0.2
    done
}

show() {
    systemctl show apiwatch.service --property=ActiveState,SubState,Result,MainPID,NRestarts \
        --property=ExecMainStatus,ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic
}

main_pid() {
    systemctl show apiwatch.service --property=MainPID --value
}

# Programs and links in the kernel, but those that systemd itself keeps at cgroups.
kernel_objects() {
    {
        bpftool prog show | sed -n 's/^\([0-9]*\): \([a-z_]*\) .*/program \2 \1/p'
        bpftool link show | sed -n 's/^\([0-9]*\): \([a-z_]*\) .*/link \2 \1/p'
    } | sed '/^[a-z]* cgroup/d'
}

# What each thread of the daemon may do.
privileges() {
    for thread in "/proc/$(main_pid)/task"/*; do
        grep -E '^(Name|Uid|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "$thread/status"
    done
}

# One request, which must come out of `apiwatch tail`, and be counted.
exchange() { # NAME PATH
    apiwatch tail --type exchange >/run/tail 2>/run/tail.errors &
    tail=$!
    eventually grep -q '"type":"header"' /run/tail >/run/out || : >/run/failed
    since=$(now)
    curl --silent --show-error --max-time 30 "http://127.0.0.1:8080$2" >>/run/out 2>&1
    eventually grep -q "\"path\":\"$2\"" /run/tail >>/run/out || : >/run/failed
    took "$1 exchange" "$since"
    kill "$tail"
    wait "$tail"
    section "$1 body" /run/out
    section "$1 tail" /run/tail
    section "$1 tail errors" /run/tail.errors
    curl --silent --show-error http://127.0.0.1:9464/metrics >/run/out 2>&1
    section "$1 metrics" /run/out
    [ ! -e /run/failed ] || give_up
}

# The configuration as it was installed, with one key.
configure() { # TABLE LINE
    sed "/^\[$1\]\$/a $2" /run/config.toml >"$config"
}

has_reloaded() { # true|false
    apiwatch status --json | grep -q "\"reload_succeeded\":$1"
}

reload() { # NAME true|false
    step "$1" systemctl reload apiwatch
    step "$1 done" eventually has_reloaded "$2"
    step "$1 state" show
}

is_another() { # PID
    pid=$(main_pid)
    [ "$pid" -gt 0 ] && [ "$pid" -ne "$1" ] && systemctl --quiet is-active apiwatch
}

leftovers() {
    find / -xdev -name '*apiwatch*' ! -path '/root/*' ! -name 'apiwatch-vm*' \
        ! -path '/proc/*' ! -path '/sys/*'
    pgrep --list-name apiwatch
    systemctl list-unit-files --no-legend 'apiwatch.*'
}

# As a user without privileges, logged in anew.
as_user() { # COMMAND…
    runuser --user "$USER" -- "$@"
}

# The terminal UI on a terminal, left by its key.
look() {
    printf 'q' | as_user script --quiet --return --command 'apiwatch top' /dev/null
}

uname -r >/run/out
section kernel /run/out
took boot 0
step 'kernel objects' kernel_objects

step install apt install ./apiwatch_*.deb
step start systemctl enable --now apiwatch
step 'start state' show
step 'start privileges' privileges
step 'start objects' kernel_objects
step doctor apiwatch doctor --json
# A kernel that cannot be watched has no more to tell.
if ! systemctl --quiet is-active apiwatch; then
    step journal journalctl -u apiwatch -o cat
    yes | step purge apt purge apiwatch
    step leftovers leftovers
    section times "$times"
    exit
fi
export USER=observer
useradd --create-home "$USER"
step group usermod -aG apiwatch "$USER"
step 'user status' as_user apiwatch status
step top look
step status apiwatch status --json
exchange start /hello

cp "$config" /run/config.toml
configure routes 'patterns = ["/greetings/{name}"]'
reload 'good reload' true
exchange 'good reload' /greetings/ada
echo 'this is no TOML' >>"$config"
reload 'bad reload' false
exchange 'bad reload' /greetings/grace

configure capture 'tier = "b"'
step restart systemctl restart apiwatch
step 'restart state' show
step 'restart objects' kernel_objects
exchange restart /hello

pid=$(main_pid)
kill -KILL "$pid"
step kill eventually is_another "$pid"
step 'kill state' show
step 'kill objects' kernel_objects
exchange kill /hello

step stop systemctl stop apiwatch
step 'stop state' show
step 'stop objects' kernel_objects

# Whether what a kernel lacks is told by the exit code, and in words.
step 'forced tier' apiwatch record --tier a --out /run/trace --for 1s

echo 'this is no TOML' >"$config"
step refused systemctl start apiwatch
step 'refused state' show

cp /run/config.toml "$config"
mount -t tmpfs -o size=1m,mode=0750 tmpfs "$state"
step 'small disk' systemctl start apiwatch
step 'small disk state' show
. ./clock.sh
. ./disk.sh

# Not a thread of it runs any more, which its watchdog is for.
pid=$(main_pid)
kill -STOP "$pid"
sleep 5
step hang eventually is_another "$pid"
step 'hang state' show
exchange hang /hello
step 'stop after hang' systemctl stop apiwatch
umount "$state"

. ./upgrade.sh

cp /run/config.toml "$config"
step 'start again' systemctl start apiwatch
step journal journalctl -u apiwatch -o cat
yes | step remove apt remove apiwatch
step 'remove state' show
step 'remove objects' kernel_objects
step kept ls /etc/apiwatch/config.toml /var/lib/apiwatch
yes | step purge apt purge apiwatch
step leftovers leftovers
. ./rpm.sh
section times "$times"
