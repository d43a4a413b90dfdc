// Programs that speak the testee protocol and do not try: silent, always-ok, lying; or that do worse: unsupported,
// crashing, noisy. The suite has to find them out.
// Their few messages are written octet by octet, so that this file needs nothing but Node.

const [how] = process.argv.slice(2);

/** Roles, levels and features as this project's own testee has them. */
const FEATURES = ["x25519", "x25519-mlkem768", "hmac-sha512-256", "pipes"];
const HELLO = field(1, [
  ...[0x08, 1],
  ...field(2, text(how)),
  ...[0x20, 1, 0x20, 2],
  ...[0x28, 1, 0x28, 2, 0x28, 3],
  ...FEATURES.flatMap((name) => field(6, text(name))),
]);

/** Requests whose response is Effects. */
const STEPS = [30, 31, 32];

let held = Buffer.alloc(0);
process.stdin.on("data", (bytes) => {
  held = Buffer.concat([held, bytes]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
    const message = held.subarray(4, 4 + held.readUInt32BE(0));
    held = held.subarray(4 + message.length);
    answer(message);
  }
});

function answer(message) {
  const kind = ((message[0] & 0x7f) | (message[0] > 0x7f ? message[1] << 7 : 0)) >>> 3;
  if (kind === 1) return send(HELLO);
  if (how === "silent") return;
  if (how === "crashing") return crash();
  if (how === "noisy") return process.stdout.write("what is this?\n");
  if (how === "unsupported") return send(field(40, [0x08, 1]));
  if (!STEPS.includes(kind)) return send(field(kind, []));
  send(field(30, how === "lying" ? LIES.flatMap((lie) => field(1, field(8, field(1, text(lie))))) : []));
}

function crash() {
  process.stderr.write("no more\n");
  process.exit(7);
}

/** The names of events: none of them decides anything. */
const LIES = ["accepted", "established", "delivered", "acknowledged", "closed"];

function send(response) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  process.stdout.write(Buffer.concat([length, Buffer.from(response)]));
}

function field(number, content) {
  return [...varint((number << 3) | 2), ...varint(content.length), ...content];
}

function varint(value) {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function text(value) {
  return [...Buffer.from(value)];
}
