# The other package in the life of test.sh. That it depends on what RPM does not know to be
# here is no reason.

rpm_of_debian() {
    rpm --define '_dbpath /var/lib/rpm' --nodeps "$@"
}

step 'rpm install' rpm_of_debian --install ./apiwatch-*.rpm
step 'rpm start' systemctl start apiwatch
step 'rpm state' show
exchange rpm /hello
step 'rpm stop' systemctl stop apiwatch
step 'rpm erase' rpm_of_debian --erase apiwatch
step 'rpm objects' kernel_objects
step 'rpm leftovers' leftovers
