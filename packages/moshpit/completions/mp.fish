# Made by scripts/surface.mjs from the schema of the program: do not edit.
complete -c mp -f
complete -c mp -s v -l verbose -d 'Turn up logging verbosity (repeatable)'
complete -c mp -s q -l quiet -d 'Turn down logging verbosity (repeatable)'
complete -c mp -s c -l config-absolute-path -r -F -d 'Path to an alternate config file (without it ~/.config/moshpit/moshpit.toml, if that exists)'
complete -c mp -s t -l tracing-absolute-path -r -F -d 'Path to an alternate tracing output file'
complete -c mp -s p -l private-key-path -r -F -d 'Path to the client private key'
complete -c mp -s k -l public-key-path -r -F -d 'Path to the client public key (without it the private key\'s path with .pub)'
complete -c mp -s s -l server-port -x -d 'Server TCP port'
complete -c mp -l tty -d 'Give a remote command a terminal even where standard input is none'
complete -c mp -l known-hosts -r -F -d 'File of the known servers\' keys'
complete -c mp -l accept-new-host-key -d 'Trust a server that is not known yet without asking; a changed key is refused all the same'
complete -c mp -l host-fingerprint -x -d 'Connect to a server with this key and no other'
complete -c mp -l doctor -d 'Try each step of a connection to the server by itself, say what fails and what to do, and end'
complete -c mp -s h -l help -d 'Print help'
complete -c mp -s V -l version -d 'Print version'
function __mp_destinations
  set -l user (string match -r '^.*@' -- (commandline -ct))
  for host in (sed -n 's/^\[\{0,1\}\([^] \t#][^] \t]*\).*/\1/p' ~/.mp/known_hosts 2>/dev/null)
    echo "$user$host"
  end
end
complete -c mp -a '(__mp_destinations)'
complete -c mp -n __fish_is_first_token -a 'config' -d 'Print the settings in force'
