# Made by scripts/surface.mjs from the schema of the program: do not edit.
_mp_keygen() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -- ]] && return
    [[ -z $command && " generate fingerprint verify passwd import export " == *" $word "* ]] && command=$word
  done
  case $previous in
    -o | --output-path) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    -C | --comment) return ;;
  esac
  if [[ $current == -* ]]; then
    local flags="-v --verbose -q --quiet -h --help -V --version"
    case $command in
      generate) flags+=" -n --no-passphrase --passphrase-stdin -o --output-path -f --force --server -C --comment" ;;
      verify) flags+=" --randomart" ;;
      passwd) flags+=" -n --no-passphrase --passphrase-stdin" ;;
      import) flags+=" -n --no-passphrase --passphrase-stdin -o --output-path -f --force --server -C --comment" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
    return
  fi
  case $command in
    "") mapfile -t COMPREPLY < <(compgen -W "generate fingerprint verify passwd import export" -- "$current") ;;
    fingerprint | verify | passwd | import | export) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
  esac
}
complete -F _mp_keygen mp-keygen
