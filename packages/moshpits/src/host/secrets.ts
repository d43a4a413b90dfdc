import type { NewConnection } from "libmoshpit-node/host-link";
import { PeerError, wipe } from "libmoshpit/util";
import { CipherSuite, type ConnectionSecrets, type DirectionKeys } from "libmoshpit/wire";

/** The keys of a session's connection, moved out of the message: what stays behind is zeros. Throws `PeerError`. */
export function takeSecrets({
  cipherSuite,
  clientToServer,
  serverToClient,
}: NewConnection): ConnectionSecrets {
  const suite = Object.values(CipherSuite).find(
    (known) => known === (cipherSuite as CipherSuite) && known !== 0,
  );
  if (suite === undefined)
    throw new PeerError("malformed-message", `cipher suite ${cipherSuite} is not known`);
  return {
    suite,
    clientToServer: takeKeys(clientToServer),
    serverToClient: takeKeys(serverToClient),
  };
}

function takeKeys(keys: NewConnection["clientToServer"]): DirectionKeys {
  if (keys === undefined) throw new PeerError("malformed-message", "a session without keys");
  const taken = {
    aeadKey: Uint8Array.from(keys.aeadKey),
    aeadIv: Uint8Array.from(keys.aeadIv),
    macKey: Uint8Array.from(keys.macKey),
  };
  wipe(keys.aeadKey, keys.aeadIv, keys.macKey);
  return taken;
}
