# SPDX-License-Identifier: Apache-2.0
# bash completion for chaos-run, chaos-ctl and chaos-control. What they know is asked of themselves.

# The long options of a program.
_chaos_options() {
	"$1" --help 2> /dev/null | sed -n 's/^ \{1,8\}-/-/p' | grep -oE -- '--[a-z][a-z-]+' | sort -u
}

# chaos-ctl beside the program that is completed, or that of PATH.
_chaos_ctl() {
	local beside="${1%/*}/chaos-ctl"

	[[ $1 == */* && -x $beside ]] || beside=chaos-ctl
	"$beside" "${@:2}" 2> /dev/null
}

# SERVICE.OPERATION, step by step.
_chaos_operations() {
	local program=$1 word=$2 service

	if [[ $word == *.* ]]; then
		service=${word%%.*}
		COMPREPLY=($(compgen -P "$service." -W "$(_chaos_ctl "$program" operations "$service")" -- "${word#*.}"))
	else
		COMPREPLY=($(compgen -S . -W "$(_chaos_ctl "$program" services)" -- "$word"))
		compopt -o nospace
	fi
}

# Files behind an @, as rules are given.
_chaos_files() {
	[[ $1 == @* ]] && COMPREPLY=($(compgen -P @ -f -- "${1#@}"))
}

# The forms of --report=. "=" and ":" may end words, or not. False: it is not about them.
_chaos_report() {
	local word=$1 before=$2 here=${COMP_WORDS[COMP_CWORD]}

	if [[ $word == --report=* ]]; then
		COMPREPLY=($(compgen -P --report= -W "json: junit: html: text" -- "${word#*=}"))
	elif [[ $before == --report && $here == = ]]; then
		COMPREPLY=(json: junit: html: text)
	elif [[ $before == = && ${COMP_WORDS[COMP_CWORD - 2]} == --report ]]; then
		COMPREPLY=($(compgen -W "json: junit: html: text" -- "$word"))
	else
		return 1
	fi
	[[ ${COMPREPLY[*]} != *: ]] || compopt -o nospace
}

# Which command of chaos-ctl has been said.
_chaos_said() {
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-d | --dir | --table | --from | -o | --output | --for | --pid | --interval) ((i++)) ;;
		-*) ;;
		*) echo "${COMP_WORDS[i]}" && return ;;
		esac
	done
}

# The value of an option. False: it takes none that we know of.
_chaos_value() {
	local program=$1 option=$2 word=$3

	case $option in
	-d | --dir) COMPREPLY=($(compgen -d -- "$word")) ;;
	-f | --faults | -o | --outages) _chaos_files "$word" ;;
	--expect) _chaos_operations "$program" "$word" ;;
	--state | -s | --model | -m | --output | --table | --expect-file | --baseline | --iam-policy)
		[[ $program == *chaos-run && $option == -s ]] && return 1
		COMPREPLY=($(compgen -f -- "$word"))
		;;
	-l | --latency | -i | --intercept | --listen | -L | --private | -p | --for) ;;
	*) return 1 ;;
	esac
}

# Which word is the command that chaos-run runs; 0: it has not been said.
_chaos_command() {
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--) echo $((i + 1)) && return ;;
		-d | --dir | -f | --faults | -o | --outages | -l | --latency | -i | --intercept | --expect | --expect-file | --baseline | --iam-policy) ((i++)) ;;
		-*) ;;
		doctor) ;;
		*) echo "$i" && return ;;
		esac
	done
	echo 0
}

_chaos_run() {
	local program=$1 word=$2 before=$3 command

	COMPREPLY=()
	command=$(_chaos_command)
	if ((command)) && declare -F _command_offset > /dev/null; then
		_command_offset "$command"
	elif ((command && COMP_CWORD > command)); then
		COMPREPLY=($(compgen -f -- "$word"))
	elif ((command)); then
		COMPREPLY=($(compgen -c -- "$word"))
	elif _chaos_report "$word" "$before"; then
		:
	elif _chaos_value "$program" "$before" "$word"; then
		:
	elif [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(_chaos_options "$program")" -- "$word"))
	else
		COMPREPLY=($(compgen -c -W doctor -- "$word"))
	fi
}

_chaos_ctl_main() {
	local program=$1 word=$2 before=$3 said

	COMPREPLY=()
	said=$(_chaos_said)
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(_chaos_options "$program")" -- "$word"))
	elif _chaos_value "$program" "$before" "$word"; then
		:
	elif [[ $said == watch || $said == top ]]; then
		_chaos_operations "$program" "$word"
	elif [[ $said == operations ]]; then
		COMPREPLY=($(compgen -W "$("$program" services 2> /dev/null)" -- "$word"))
	elif [[ ! $said ]]; then
		COMPREPLY=($(compgen -W "$("$program" --help | sed -nE 's/^  ([a-z]+)( .*)?$/\1/p')" -- "$word"))
	elif [[ $word == @* ]]; then
		_chaos_files "$word"
	elif [[ $said == "$before" && $said =~ ^[a-z]+$ ]]; then
		COMPREPLY=($(compgen -W "$("$program" --help | sed -nE "s/^  $before +([a-z|]+) .*/\\1/p" | tr '|' ' ')" -- "$word"))
	fi
}

_chaos_control() {
	local program=$1 word=$2 before=$3

	COMPREPLY=()
	if ! _chaos_value "$program" "$before" "$word"; then
		COMPREPLY=($(compgen -W "$(_chaos_options "$program")" -- "$word"))
	fi
}

complete -F _chaos_run chaos-run
complete -F _chaos_ctl_main chaos-ctl
complete -F _chaos_control chaos-control
