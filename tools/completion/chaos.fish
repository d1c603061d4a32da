# SPDX-License-Identifier: Apache-2.0
# fish completion for chaos-run, chaos-ctl and chaos-control. What they know is asked of themselves.

# The long options of a program.
function __chaos_options
    $argv[1] --help 2>/dev/null | string match -r '^ {1,8}-.*' | string match -ar -- '--[a-z][a-z-]+' | sort -u
end

# The program whose arguments are completed.
function __chaos_program
    set -l words (commandline -opc)
    echo $words[1]
end

# chaos-ctl beside the program that is completed, or that of PATH.
function __chaos_ctl
    set -l beside (string replace -r '[^/]*$' chaos-ctl -- (__chaos_program))
    if not string match -q '*/*' -- (__chaos_program)
        set beside chaos-ctl
    end
    $beside $argv 2>/dev/null
end

# SERVICE.OPERATION, step by step.
function __chaos_operations
    set -l word (commandline -ct)
    if string match -q '*.*' -- $word
        set -l service (string split -m1 . -- $word)[1]
        __chaos_ctl operations $service | string replace -r '^' "$service."
    else
        __chaos_ctl services | string replace -r '$' .
    end
end

# The commands of chaos-ctl; what may follow the last word.
function __chaos_ctl_commands
    __chaos_ctl --help | string replace -rf '^  ([a-z]+)( .*)?$' '$1'
end
function __chaos_ctl_actions
    set -l words (commandline -opc)
    test "$words[-1]" = (__chaos_ctl_said); or return
    __chaos_ctl --help | string replace -rf "^  $words[-1] +([a-z|]+) .*" '$1' | string split '|'
end
# Which command of chaos-ctl has been said.
function __chaos_ctl_said
    set -l skip yes
    for word in (commandline -opc)
        if test $skip = yes
            set skip no
        else if contains -- $word -d --dir --table --from -o --output --for --pid --interval
            set skip yes
        else if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end
function __chaos_ctl_needs_command
    not string length -q -- (__chaos_ctl_said)
end

# Has chaos-run not been told yet what to run?
function __chaos_run_needs_command
    set -l words (commandline -opc)
    set -l skip yes
    for word in $words
        if test $skip = yes
            set skip no
        else if contains -- $word -d --dir -f --faults -o --outages -l --latency -i --intercept --expect
            set skip yes
        else if not string match -q -- '-*' $word
            return 1
        end
    end
end

for program in chaos-run chaos-ctl chaos-control
    complete -c $program -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__chaos_options (__chaos_program))'
    complete -c $program -s d -l dir -x -a '(__fish_complete_directories)'
end
complete -c chaos-run -l report -f -a 'json: junit: html: text'
complete -c chaos-run -l expect -x -a '(__chaos_operations)'
complete -c chaos-run -n '__chaos_run_needs_command; and not string match -q -- "-*" (commandline -ct)' -x -a 'doctor (__fish_complete_command)'
complete -c chaos-ctl -n __chaos_ctl_needs_command -f -a '(__chaos_ctl_commands)'
complete -c chaos-ctl -n 'not __chaos_ctl_needs_command' -f -a '(__chaos_ctl_actions)'
complete -c chaos-ctl -n '__fish_seen_subcommand_from watch top' -f -a '(__chaos_operations)'
complete -c chaos-ctl -n '__fish_seen_subcommand_from operations' -f -a '(__chaos_ctl services)'
