# Made by scripts/surface.mjs from the schema of the program: do not edit.
complete -c mp-keygen -f
complete -c mp-keygen -s v -l verbose -d 'Increase log verbosity (repeatable)'
complete -c mp-keygen -s q -l quiet -d 'Decrease log verbosity (repeatable, conflicts with --verbose)'
complete -c mp-keygen -s h -l help -d 'Print help'
complete -c mp-keygen -s V -l version -d 'Print version'
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a generate -d 'Makes an ed25519 key pair'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -s n -l no-passphrase -d 'Store the private key without a passphrase'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -l passphrase-stdin -d 'Take the passphrase from the first line of standard input'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -s o -l output-path -r -F -d 'Path of the private key (without it ~/.mp/id_ed25519); the public key goes to PATH.pub'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -s f -l force -d 'Replace existing key files'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -l server -d 'Make the host key of mps: ~/.mp/mps_host_ed25519_key, without a passphrase'
complete -c mp-keygen -n '__fish_seen_subcommand_from generate' -s C -l comment -x -d 'Comment of the public key (without it user@host, or that of the key that is imported)'
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a fingerprint -d 'Displays the SHA-256 fingerprint of each key in a public key file (without one ~/'
complete -c mp-keygen -n '__fish_seen_subcommand_from fingerprint' -F
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a verify -d 'Verifies that a fingerprint or a randomart image is that of a public key file (without one ~/'
complete -c mp-keygen -n '__fish_seen_subcommand_from verify' -l randomart -d 'Verify a randomart image in place of a fingerprint'
complete -c mp-keygen -n '__fish_seen_subcommand_from verify' -F
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a passwd -d 'Changes the passphrase of a private key (without a file ~/'
complete -c mp-keygen -n '__fish_seen_subcommand_from passwd' -s n -l no-passphrase -d 'Store the private key without a passphrase'
complete -c mp-keygen -n '__fish_seen_subcommand_from passwd' -l passphrase-stdin -d 'Take the passphrase from the first line of standard input'
complete -c mp-keygen -n '__fish_seen_subcommand_from passwd' -F
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a import -d 'Makes a moshpit key pair of an ed25519 private key of OpenSSH'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -s n -l no-passphrase -d 'Store the private key without a passphrase'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -l passphrase-stdin -d 'Take the passphrase from the first line of standard input'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -s o -l output-path -r -F -d 'Path of the private key (without it ~/.mp/id_ed25519); the public key goes to PATH.pub'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -s f -l force -d 'Replace existing key files'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -l server -d 'Make the host key of mps: ~/.mp/mps_host_ed25519_key, without a passphrase'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -s C -l comment -x -d 'Comment of the public key (without it user@host, or that of the key that is imported)'
complete -c mp-keygen -n '__fish_seen_subcommand_from import' -F
complete -c mp-keygen -n 'not __fish_seen_subcommand_from generate fingerprint verify passwd import export' -a export -d 'Prints the line for authorized_keys of a key file, private or public (without one ~/'
complete -c mp-keygen -n '__fish_seen_subcommand_from export' -F
