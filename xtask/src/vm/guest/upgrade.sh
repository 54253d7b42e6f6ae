# The upgrade in the life of test.sh: a newer package, while the service runs.

# What is written after all of what was learned was seen.
learned() {
    grep --count --text learned.service "$state/baseline"
}

# What the daemon that runs says of the destination that the one before it found.
kept() {
    journalctl --unit=apiwatch --output=cat "_PID=$(main_pid)" |
        grep '"kind":"unknown_destination"' | grep learned.service |
        grep --count '"state":"updated"'
}

# Which program runs; one whose file was replaced is told as such.
program() {
    readlink "/proc/$(main_pid)/exe"
}

configure routes 'patterns = ["/greetings/{name}"]'
sed -i '/^\[volume\]$/a window = "1s"' "$config"
cp "$config" /run/edited.toml
step 'before upgrade' systemctl restart apiwatch
step 'before upgrade state' show
step 'before upgrade objects' kernel_objects
# Seen before the upgrade, and not after it.
systemd-run --quiet --wait --collect --unit=learned \
    curl --silent --output /dev/null http://127.0.0.1:8080/learned
sleep 3
step upgrade apt install ./newer/apiwatch_*.deb
step 'upgrade version' dpkg-query --show --showformat='${Version}\n' apiwatch
step 'upgrade program' program
step 'upgrade state' show
step 'upgrade objects' kernel_objects
step 'upgrade learned' learned
step 'upgrade findings' kept
step 'upgrade configuration' cmp "$config" /run/edited.toml
exchange upgrade /greetings/hedy
step 'stop after upgrade' systemctl stop apiwatch
step 'still learned' learned
