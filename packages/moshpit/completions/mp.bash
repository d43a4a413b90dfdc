# Made by scripts/surface.mjs from the schema of the program: do not edit.
_mp() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -- ]] && return
  done
  case $previous in
    -c | --config-absolute-path | -t | --tracing-absolute-path | -p | --private-key-path | -k | --public-key-path | --known-hosts) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    -s | --server-port | --host-fingerprint) return ;;
  esac
  if [[ $current == -* ]]; then
    local flags="-v --verbose -q --quiet -c --config-absolute-path -t --tracing-absolute-path -p --private-key-path -k --public-key-path -s --server-port --tty --known-hosts --accept-new-host-key --host-fingerprint --doctor -h --help -V --version"
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    return
  fi
  local user="" host=$current
  [[ $current == *@* ]] && user=${current%@*}@ host=${current##*@}
  mapfile -t COMPREPLY < <(compgen -P "$user" -W "$(sed -n 's/^\[\{0,1\}\([^] \t#][^] \t]*\).*/\1/p' ~/.mp/known_hosts 2>/dev/null)" -- "$host")
  [[ -z $user ]] && mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "config" -- "$current")
  return 0
}
complete -F _mp mp
