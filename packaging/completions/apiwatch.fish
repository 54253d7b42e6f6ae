# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_apiwatch_global_optspecs
    string join \n config= v/verbose q/quiet color= h/help V/version
end

function __fish_apiwatch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_apiwatch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_apiwatch_using_subcommand
    set -l cmd (__fish_apiwatch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c apiwatch -n "__fish_apiwatch_needs_command" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_needs_command" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_needs_command" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -s V -l version -d 'Print version'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "daemon" -d 'Watch this host in the foreground; findings go to standard output as JSON lines'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "top" -d 'Show the traffic in the terminal'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "tail" -d 'Print what the daemon sees as JSON lines, as it comes'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "status" -d 'Say how the daemon fares; the exit code is 0 where all is well'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "reload" -d 'Have the daemon read its configuration again; for root'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "record" -d 'Write what the kernel sees to a trace file, to be replayed later'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "replay" -d 'Read a trace, pcap or pcapng file as if it happened now; needs no privileges'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "check-config" -d 'Say every error of a configuration file, each with its place'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "doctor" -d 'Say what this kernel and these privileges allow, and what each lack costs'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c apiwatch -n "__fish_apiwatch_needs_command" -f -a "man" -d 'Print a manual page in roff, for `man -l -`'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -l tier -d 'Hooks to read payload with [default: capture.tier of the configuration]' -r -f -a "a\t'sock_send_length and sock_recv_length'
b\t'sys_exit'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -l print -d 'Records to print as JSON lines, separated by commas' -r -f -a "connection\t'The open and the close of a connection'
tls\t'A TLS handshake: what was offered and what was agreed on'
exchange\t'A request with its response'
endpoint\t'What is known of a service, method and route so far'
destination\t'What is known of an identity and a destination of it so far'
finding\t'Something to act on: opened, updated or resolved'
loss\t'What could not be delivered'
coverage_gap\t'A span in which no daemon watched, said when the next one starts'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand daemon" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l replay -d 'Show a trace, pcap or pcapng file instead of live traffic' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l speed -d 'Speed of a replay: a factor of real time, as 0.5, 1 or 10, or max' -r
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l socket -d 'Control socket of the daemon [default: control.socket of the configuration]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l theme -d 'Colours' -r -f -a "terminal\t'The 16 colours of the terminal, on its own background'
dark\t'Light on dark, whatever the terminal has'
light\t'Dark on light, whatever the terminal has'
high-contrast\t'White on black, with as much contrast as there is'
mono\t'No colours: bold, underlined and reversed'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l tier -d 'Hooks to read payload with [default: capture.tier of the configuration]' -r -f -a "a\t'sock_send_length and sock_recv_length'
b\t'sys_exit'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l standalone -d 'Capture in this process; needs the privileges of the daemon'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l ascii -d 'Draw with ASCII only [default: where the locale is not UTF-8]'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -l utc -d 'Show times in UTC instead of local time'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l filter -d 'Only records that this filter lets through, as `method:POST status:5xx latency>200ms`' -r
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l type -d 'Records to print, separated by commas [default: all but status]' -r -f -a "connection\t'The open and the close of a connection'
tls\t'A TLS handshake: what was offered and what was agreed on'
exchange\t'A request with its response'
endpoint\t'What is known of a service, method and route so far'
destination\t'What is known of an identity and a destination of it so far'
finding\t'Something to act on: opened, updated or resolved'
loss\t'What could not be delivered'
coverage_gap\t'A span in which no daemon watched, said when the next one starts'
status\t'What the daemon is and how it fares, each second'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l rate -d 'At most so many exchanges a second; those above are counted and said' -r
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l socket -d 'Control socket of the daemon [default: control.socket of the configuration]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -l snapshot -d 'Begin with what is known now: open connections, the inventory, open findings'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -l socket -d 'Control socket of the daemon [default: control.socket of the configuration]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -l json -d 'Print JSON instead of text'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -l socket -d 'Control socket of the daemon [default: control.socket of the configuration]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -s o -l out -d 'Trace file to write' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -l for -d 'Stop after this time, as 250ms, 10s or 1h30m [default: when interrupted]' -r
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -l tier -d 'Hooks to read payload with [default: capture.tier of the configuration]' -r -f -a "a\t'sock_send_length and sock_recv_length'
b\t'sys_exit'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -l print -d 'Records to print as JSON lines, separated by commas' -r -f -a "connection\t'The open and the close of a connection'
tls\t'A TLS handshake: what was offered and what was agreed on'
exchange\t'A request with its response'
endpoint\t'What is known of a service, method and route so far'
destination\t'What is known of an identity and a destination of it so far'
finding\t'Something to act on: opened, updated or resolved'
loss\t'What could not be delivered'
coverage_gap\t'A span in which no daemon watched, said when the next one starts'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -s o -l out -d 'File to write the records to, for its owner only; - is standard output' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -l print -d 'Records to print as JSON lines, separated by commas' -r -f -a "connection\t'The open and the close of a connection'
tls\t'A TLS handshake: what was offered and what was agreed on'
exchange\t'A request with its response'
endpoint\t'What is known of a service, method and route so far'
destination\t'What is known of an identity and a destination of it so far'
finding\t'Something to act on: opened, updated or resolved'
loss\t'What could not be delivered'
coverage_gap\t'A span in which no daemon watched, said when the next one starts'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -l no-progress -d 'Do not say on a terminal how far a large file has been read'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -l print-effective -d 'Print the merged result as TOML, with what set each value'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand check-config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -l json -d 'Print JSON instead of text'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand completions" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand completions" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand completions" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand completions" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand man" -l config -d 'Configuration file [default: /etc/apiwatch/config.toml if it exists]' -r -F
complete -c apiwatch -n "__fish_apiwatch_using_subcommand man" -l color -d 'When to colour what people read; before `NO_COLOR`' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Everywhere, also where NO_COLOR is set'
never\t'Nowhere'"
complete -c apiwatch -n "__fish_apiwatch_using_subcommand man" -s v -l verbose -d 'Say more on standard error; twice for still more'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand man" -s q -l quiet -d 'Say less on standard error; twice for errors only'
complete -c apiwatch -n "__fish_apiwatch_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
