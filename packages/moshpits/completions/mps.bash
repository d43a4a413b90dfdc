# Made by scripts/surface.mjs from the schema of the program: do not edit.
_mps() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -- ]] && return
  done
  case $previous in
    -c | --config-absolute-path | -t | --tracing-absolute-path | -p | --private-key-path | -k | --public-key-path) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  if [[ $current == -* ]]; then
    local flags="-v --verbose -q --quiet -e --enable-std-output -c --config-absolute-path -t --tracing-absolute-path -p --private-key-path -k --public-key-path --check -h --help -V --version"
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W "config" -- "$current")
}
complete -F _mps mps
