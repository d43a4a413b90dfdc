# Made by scripts/surface.mjs from the schema of the program: do not edit.
complete -c mps -f
complete -c mps -s v -l verbose -d 'Turn up logging verbosity (repeatable)'
complete -c mps -s q -l quiet -d 'Turn down logging verbosity (repeatable)'
complete -c mps -s e -l enable-std-output -d 'Enable logging to standard error (not recommended when running as a daemon)'
complete -c mps -s c -l config-absolute-path -r -F -d 'Path to an alternate config file (without it ~/.config/moshpits/moshpits.toml, if that exists)'
complete -c mps -s t -l tracing-absolute-path -r -F -d 'Path to an alternate tracing output file'
complete -c mps -s p -l private-key-path -r -F -d 'Path to the server private key'
complete -c mps -s k -l public-key-path -r -F -d 'Path to the server public key (without it the private key\'s path with .pub)'
complete -c mps -l check -d 'Check configuration, keys, permissions, ports and users, say what to do about what is wrong, and end'
complete -c mps -s h -l help -d 'Print help'
complete -c mps -s V -l version -d 'Print version'
complete -c mps -n __fish_is_first_token -a 'config' -d 'Print the settings in force'
