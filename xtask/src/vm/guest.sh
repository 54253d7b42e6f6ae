#!/bin/busybox sh
# The first process of the virtual machine: starts apiwatch, sends one request over the
# loopback, and writes what came out to the second serial port, a section for each part.

/bin/busybox mkdir -p /proc /sys /dev /tmp /www /run
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t tmpfs tmp /tmp
/bin/busybox mount -t cgroup2 cgroup /sys/fs/cgroup
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
exec </dev/null >/dev/ttyS0 2>&1
ip link set lo up
echo 'made by apiwatch' >/www/hello

section() { # NAME FILE
    { echo; echo "## $1"; cat "$2"; } >/dev/ttyS1
}

# Succeeds once the command does, at most about half a minute later, while the daemon
# runs.
eventually() {
    for _ in $(seq 150); do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$daemon" || break
        usleep 200000
    done
    echo "never succeeded: $*"
    return 1
}

# What a capture of this tier says of one exchange.
watch() { # NAME ARGUMENTS…
    name=$1; shift
    /apiwatch daemon "$@" --print exchange,connection,finding --config /config.toml \
        >/tmp/out 2>/tmp/errors &
    daemon=$!
    # The daemon answers here once it captures.
    if eventually wget -q -O /tmp/metrics http://127.0.0.1:9464/metrics; then
        /bin/wget -q -O /tmp/body http://127.0.0.1:8080/hello
        eventually grep -q '"path":"/hello"' /tmp/out
        wget -q -O /tmp/metrics http://127.0.0.1:9464/metrics
    fi
    kill -TERM "$daemon"
    wait "$daemon"
    echo "$?" >/tmp/exit
    for part in out errors metrics body exit; do
        section "$name $part" "/tmp/$part"
        rm -f "/tmp/$part"
    done
}

uname -r >/tmp/kernel
section kernel /tmp/kernel
/apiwatch doctor --json >/tmp/doctor 2>&1
section doctor /tmp/doctor
/bin/httpd -p 127.0.0.1:8080 -h /www
watch auto
watch b --tier b
# Whether what a kernel lacks is told by the exit code, and in words.
/apiwatch record --tier a --out /tmp/trace --for 1s >/dev/null 2>/tmp/errors
echo "$?" >/tmp/exit
section "forced exit" /tmp/exit
section "forced errors" /tmp/errors
{ echo; echo '## end'; } >/dev/ttyS1
sync
poweroff -f
