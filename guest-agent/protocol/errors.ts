/**
 * The one error vocabulary. Every failure that crosses an edge is an {@link EngineError}: a code from the list below,
 * a message that says what happened and at which step, and a hint that says what to try next. Each edge (RPC, command
 * exit code, HTTP status) maps codes once.
 */
export const errorCodes = [
  'internal',
  'invalid-argument',
  'no-such-image',
  'no-such-container',
  'no-such-exec',
  'no-such-network',
  'no-such-volume',
  'no-such-layer',
  'no-such-machine',
  'no-such-stream',
  'name-in-use',
  'in-use',
  'wrong-state',
  'command-not-found',
  'command-not-executable',
  'operation-failed',
  'limit-too-low',
  'unsupported',
  'port-busy',
  'not-shared',
  'no-such-path',
  'invalid-layer',
  'corrupt-content',
  'wrong-platform',
  'disk-full',
  'data-disk-corrupt',
  'protocol-mismatch',
  'no-hypervisor',
  'no-memory',
  'vm-crashed',
  'boot-failed',
  'engine-stopped',
  'unreachable',
  'timeout',
  'cancelled',
  'permission-denied',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface EngineErrorOptions {
  /** The next thing to try, one sentence. */
  hint?: string;
  cause?: unknown;
  /** Structured facts for programs: the failed operation's index and name, errno, path, and so on. */
  data?: Record<string, unknown>;
}

export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.hint = options.hint;
    this.data = options.data;
  }
}

/** How an EngineError travels in a JSON-RPC error's `data`. */
export interface WireError {
  code: ErrorCode;
  message: string;
  hint?: string;
  data?: Record<string, unknown>;
}

export function toWireError(error: unknown): WireError {
  if (error instanceof EngineError)
    return { code: error.code, message: error.message, hint: error.hint, data: error.data };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

export function fromWireError(wire: unknown): EngineError {
  const w = (typeof wire === 'object' && wire !== null ? wire : {}) as Partial<WireError>;
  const code = errorCodes.includes(w.code as ErrorCode) ? (w.code as ErrorCode) : 'internal';
  return new EngineError(code, w.message ?? 'unknown error', { hint: w.hint, data: w.data });
}

/** For `disk-full` of the guest's data disk. */
export const diskFullHint =
  'Remove containers or volumes ("berth container prune"), or enlarge the disk: "berth machine set --disk SIZE", then "berth restart".';
