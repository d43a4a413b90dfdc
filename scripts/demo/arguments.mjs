// The command line of `npm run demo`.

export const USAGE = `npm run demo                       a shell through a private mps on loopback
npm run demo -- --link 3g          the same with a bad network in between
npm run demo -- --link list        the networks
npm run demo -- -- uname -a        one command, without a terminal; its exit status
npm run demo -- --seed 7 --link …  other losses

`;

/** { help } or { link, seed, command }, or { problem }. `link` and `command` may be undefined. */
export function parseArguments(given) {
  // npm takes the first -- for itself, pnpm passes it on. No command begins with a dash.
  const argv = given[0] === "--" && given[1]?.startsWith("-") ? given.slice(1) : given;
  const parsed = { link: undefined, seed: 1, command: undefined, help: false };
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = /^(--[a-z]+)=(.*)$/s.exec(argv[i])?.slice(1) ?? [argv[i], undefined];
    const value = () => inline ?? argv[++i];
    switch (name) {
      case "--":
        parsed.command = argv.slice(i + 1);
        return parsed.command.length > 0 ? parsed : { problem: "no command after --" };
      case "--link":
        parsed.link = value();
        if (!parsed.link) return { problem: "--link needs a name: --link list shows them" };
        break;
      case "--seed":
        parsed.seed = Number(value());
        if (!Number.isSafeInteger(parsed.seed) || parsed.seed < 0)
          return { problem: "--seed needs a number" };
        break;
      case "-h":
      case "--help":
        parsed.help = true;
        break;
      default:
        return { problem: `${argv[i]} is no option: --help shows them; a command stands after --` };
    }
  }
  return parsed;
}
