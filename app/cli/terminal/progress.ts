/** What a long step is doing: on a terminal one line that is rewritten and goes away, elsewhere a line each. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #quiet: boolean;
  #last = '';

  constructor(stream: NodeJS.WriteStream, quiet: boolean) {
    this.#stream = stream;
    this.#quiet = quiet;
  }

  step(text: string): void {
    if (this.#quiet || text === this.#last) return;
    this.#last = text;
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text.slice(0, this.#stream.columns - 1)}` : `${text}\n`);
  }

  clear(): void {
    if (this.#last !== '' && this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
    this.#last = '';
  }
}
