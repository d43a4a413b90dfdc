/**
 * Without control and format characters and line separators: what a text of the peer may show. spec/03-handshake.md,
 * HS-RJ-002; spec/06-frames.md, FR-CLOSE-003.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
