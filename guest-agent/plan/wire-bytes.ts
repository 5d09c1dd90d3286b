/** Little-endian fields in and out of bytes, as wire.ts describes them. Pure. */
import { EngineError } from '../protocol/errors.ts';
import type { FieldType } from './op.ts';
import { fromUtf8, utf8 } from './utf8.ts';

export class WireWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }

  /** @throws EngineError `invalid-argument` when the text holds NUL, which no path or argument of the kernel can. */
  str(value: string): void {
    if (value.includes('\0'))
      throw new EngineError('invalid-argument', `${JSON.stringify(value)} holds a NUL character.`, {
        hint: 'Arguments, environment and paths cannot hold NUL.',
      });
    this.bytes(utf8(value));
    const end = this.#room(1);
    this.#bytes[end] = 0;
  }

  list(values: readonly string[]): void {
    this.u32(values.length);
    for (const value of values) this.str(value);
  }

  field(type: FieldType, value: unknown): void {
    if (type === 'u32' && typeof value === 'number') this.u32(value);
    else if (type === 'u64' && typeof value === 'bigint') this.u64(value);
    else if (type === 'str' && typeof value === 'string') this.str(value);
    else if (type === 'bytes' && value instanceof Uint8Array) this.bytes(value);
    else if (type === 'list' && Array.isArray(value)) this.list(value.map(String));
    else throw new EngineError('internal', `A plan's field of type ${type} holds a ${typeof value}.`);
  }

  bytesWritten(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Grows the buffer, so it is called before the buffer or its view is looked at. */
  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A count of things of at least four bytes each, so that a corrupt one asks for no more room than there are bytes. */
  count(): number {
    const count = this.u32();
    if (count > (this.#bytes.length - this.#at) / 4) this.#fail();
    return count;
  }

  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  str(): string {
    const text = this.bytes();
    if (this.#bytes[this.#take(1)] !== 0 || text.includes(0)) this.#fail();
    return fromUtf8(text);
  }

  list(): string[] {
    return Array.from({ length: this.count() }, () => this.str());
  }

  field(type: FieldType): number | bigint | string | Uint8Array | string[] {
    switch (type) {
      case 'u32':
        return this.u32();
      case 'u64':
        return this.u64();
      case 'str':
        return this.str();
      case 'bytes':
        return this.bytes();
      case 'list':
        return this.list();
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail();
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.#fail();
    this.#at += count;
    return at;
  }

  #fail(): never {
    throw new EngineError('invalid-argument', `The launch plan is damaged at byte ${this.#at}.`);
  }
}
