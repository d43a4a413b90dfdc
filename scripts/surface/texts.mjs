// What the manual pages say beside what the schemas say.

export const MP = {
  section: 1,
  title: "a remote terminal for bad links",
  synopsis: ["mp [OPTIONS] SERVER_DESTINATION [-- COMMAND...]", "mp [OPTIONS] config [SERVER_DESTINATION]"],
  description: [
    "mp opens a terminal, or runs a command, on a machine on which mps runs. Both sides prove an Ed25519 key over a short TCP handshake with a post-quantum key exchange; from then on there are only sealed UDP datagrams. The session survives loss, sleep and a changed address.",
    "Without a command it opens a login shell in a terminal. With one and no terminal for standard input or output, standard input, output and error travel apart and unchanged.",
    "mp config prints every setting that is in force, as lines of a configuration file, and where each comes from. mp --doctor tries each step of a connection by itself and says what fails and what to do.",
  ],
  escapes: [
    ["Ctrl-^ .", "Quit, always, also where the server does not answer."],
    ["Ctrl-^ Ctrl-Z", "Suspend mp; fg goes on."],
    ["Ctrl-^ ^", "Send the escape key itself."],
  ],
  exit: [
    ["0 to 254", "The exit status of the remote shell or command; 128 + n after signal n."],
    ["255", "An error of mp itself, with one line on standard error."],
  ],
  files: [
    ["~/.mp/id_ed25519, ~/.mp/id_ed25519.pub", "The person's key pair, made by mp-keygen."],
    ["~/.mp/known_hosts", "The servers that are known, one a line: host moshpit BASE64, or [host]:port."],
    ["~/.config/moshpit/moshpit.toml", "The configuration file; need not exist. See moshpit.toml(5)."],
    ["~/.config/moshpit/logs/moshpit.log", "The log, and moshpit.log.1 before it: 10 MiB each at most."],
  ],
  examples: [
    ["mp alice@192.168.1.10", "A shell."],
    ["mp alice@server.example -- uptime", "A command; its exit status is that of mp."],
    ["tar c src | mp alice@server.example -- tar x", "Octets in and out, unchanged."],
    ["mp --doctor alice@server.example", "Where does it fail?"],
  ],
  see: ["moshpit.toml(5)", "mp-keygen(1)", "mps(8)"],
};

export const MPS = {
  section: 8,
  title: "serves terminals to mp",
  synopsis: ["mps [OPTIONS]", "mps [OPTIONS] --check", "mps [OPTIONS] config"],
  description: [
    "mps listens for clients on one TCP port and gives each user whose key stands in that account's ~/.mp/authorized_keys terminals and commands over sealed UDP. As root it serves every user, each in a process of that user; started by anybody else it serves that user alone.",
    "It stays in the foreground. A signal ends the listener; the sessions that run go on. mps --check looks at configuration, keys, permissions, ports and users, says what is wrong and what to do about it, and ends. mps config prints every setting that is in force and where it comes from.",
    "~/.mp must be mode 0700, authorized_keys 0600, and both the account's own; otherwise the key is refused and the log says which command mends it.",
  ],
  signals: [["SIGTERM, SIGINT, SIGHUP", "End the listener. Sessions go on."]],
  exit: [
    ["0", "A signal ended it; with --check: everything is in order."],
    ["1", "It could not start; with --check: something is not in order."],
    ["2", "A wrong option, variable or configuration file."],
  ],
  files: [
    ["~/.mp/mps_host_ed25519_key, .pub", "The host key, made by mp-keygen generate --server."],
    ["~/.mp/authorized_keys", "In each account: who may log in, a line moshpit BASE64 COMMENT for each key."],
    ["~/.config/moshpits/moshpits.toml", "The configuration file; need not exist. See moshpits.toml(5)."],
    ["~/.config/moshpits/logs/moshpits.log", "The log, and moshpits.log.1 before it: 10 MiB each at most."],
  ],
  examples: [
    ["mps", "With what the configuration file says, or the defaults."],
    ["mps -vv --enable-std-output", "With more to read, on standard error."],
    ["mps --config-absolute-path /etc/moshpits/moshpits.toml --check", "Is everything in order?"],
  ],
  see: ["moshpits.toml(5)", "mp-keygen(1)", "mp(1)"],
};

export const MP_KEYGEN = {
  section: 1,
  title: "makes and inspects the keys of moshpit",
  synopsis: ["mp-keygen [OPTIONS] COMMAND"],
  description: [
    "mp-keygen makes the Ed25519 key pairs of people (mp) and of servers (mps), changes their passphrases, takes over keys of OpenSSH and shows and compares fingerprints and randomart images, which are those of ssh-keygen for the same key.",
    "A private key is written with mode 0600, a public one with 0644, a directory that is missing with 0700; what is there is never replaced silently, and every file is written in one step.",
  ],
  exit: [
    ["0", "Done; for verify: it is that key."],
    ["1", "Not done; for verify: it is another key."],
    ["2", "A wrong option or argument; for verify also a file that can not be used."],
    ["130", "Cancelled at a question."],
  ],
  files: [
    ["~/.mp/id_ed25519, ~/.mp/id_ed25519.pub", "A person's key pair."],
    ["~/.mp/mps_host_ed25519_key, .pub", "A server's key pair."],
  ],
  examples: [
    ["mp-keygen generate", "Asks for a path and a passphrase."],
    ["mp-keygen generate --server", "The host key of mps; asks nothing."],
    ["mp-keygen import ~/.ssh/id_ed25519", "The same key for moshpit."],
    ["mp-keygen export", "The line for authorized_keys."],
    ["mp-keygen fingerprint ~/.mp/known_hosts", "All servers that are known."],
  ],
  see: ["mp(1)", "mps(8)", "ssh-keygen(1)"],
};
