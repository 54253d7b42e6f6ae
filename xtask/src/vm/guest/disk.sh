# What test.sh does with the disk that holds the state, which is a small one in memory.

save_failures() {
    scrape | sed -n 's/^apiwatch_state_save_failures_total //p'
}

fails_more_than() { # COUNT
    [ "$(save_failures)" -gt "$1" ]
}

saves() {
    apiwatch status --json | grep -q '"state_save_succeeded":true'
}

# Whether the failures of a while are none, where one every five seconds would be.
stays_at() { # COUNT
    sleep 12
    save_failures
    [ "$(save_failures)" -eq "$1" ]
}

dd if=/dev/zero of="$state/filling" bs=64k >/dev/null 2>&1
# It saves every five minutes.
sleep 300
step 'full disk' eventually fails_more_than 0
step 'full disk status' apiwatch status
exchange 'full disk' /hello
mount -o remount,ro "$state"
step 'read-only disk' eventually fails_more_than "$(save_failures)"
exchange 'read-only disk' /hello
mount -o remount,rw "$state"
rm "$state/filling"
step 'good disk' eventually saves
step 'good disk status' apiwatch status
step 'good disk failures' stays_at "$(save_failures)"
step 'good disk state' show
step 'good disk saved' test -s "$state/baseline"
