/** Takes the control sequences out of a terminal's output, however it is cut into pieces. */
export class PlainText {
  #state: "ground" | "escape" | "one more" | "sequence" | "string" | "string escape" = "ground";

  /** The printable characters of the next piece. */
  push(output: string): string {
    let plain = "";
    for (const character of output) if (this.#prints(character)) plain += character;
    return plain;
  }

  #prints(character: string): boolean {
    const [state, code] = [this.#state, character.charCodeAt(0)];
    switch (state) {
      case "ground":
        if (code === 0x1b) this.#state = "escape";
        return code >= 0x20 && code !== 0x7f;
      case "escape":
        this.#state = afterEscape(character);
        return false;
      case "one more":
        this.#state = "ground";
        return false;
      case "sequence":
        if (code >= 0x40 && code <= 0x7e) this.#state = "ground";
        return false;
      case "string":
        if (code === 0x07) this.#state = "ground";
        else if (code === 0x1b) this.#state = "string escape";
        return false;
      case "string escape":
        this.#state = "ground";
        return false;
    }
  }
}

function afterEscape(character: string): "ground" | "one more" | "sequence" | "string" {
  if (character === "[") return "sequence";
  if ("]P_^X".includes(character)) return "string";
  return "()*+-./# %".includes(character) ? "one more" : "ground";
}
