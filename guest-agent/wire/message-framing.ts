/**
 * JSON messages behind `Content-Length` headers, as in the Language Server Protocol's base protocol. Header and body are
 * bounded, so that a broken or hostile peer costs no memory.
 */

export const maxHeaderBytes = 4096;
export const maxBodyBytes = 64 * 2 ** 20;

const headerEnd = Buffer.from('\r\n\r\n');

export function encodeMessage(message: unknown): string {
  const body = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Cuts bytes into messages, on any chunk boundaries. */
export class MessageDecoder {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #bodyLength: number | undefined;

  /** @throws Error when the bytes are no such messages; nothing may be pushed after that. */
  push(chunk: Buffer): object[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const messages: object[] = [];
    for (;;) {
      if (this.#bodyLength === undefined && !this.#readHeader()) return messages;
      if (this.#bodyLength === undefined || this.#buffered < this.#bodyLength) return messages;
      const all = this.#gather();
      const body = all.toString('utf8', 0, this.#bodyLength);
      this.#keep(all.subarray(this.#bodyLength));
      this.#bodyLength = undefined;
      messages.push(parseObject(body));
    }
  }

  #readHeader(): boolean {
    if (this.#buffered === 0) return false;
    const all = this.#gather();
    const end = all.subarray(0, maxHeaderBytes).indexOf(headerEnd);
    if (end < 0) {
      if (all.length >= maxHeaderBytes) throw new Error('the header of a message is too long');
      return false;
    }
    this.#bodyLength = contentLength(all.toString('latin1', 0, end));
    this.#keep(all.subarray(end + headerEnd.length));
    return true;
  }

  #gather(): Buffer {
    const [first] = this.#chunks;
    const all = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
  }
}

function contentLength(header: string): number {
  const match = /^content-length: *([0-9]{1,9}) *$/im.exec(header);
  const length = Number(match?.[1] ?? Number.NaN);
  if (!(length <= maxBodyBytes)) throw new Error('a message has no usable Content-Length');
  return length;
}

function parseObject(body: string): object {
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null) throw new Error('a message is not a JSON object');
  return value;
}
