/** Without control and format characters and line separators: what a peer's text may show. HS-RJ-002. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
