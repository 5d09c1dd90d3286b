/** From the engine's errors to Docker's: HTTP status and message, in the words that Docker's clients look for. */
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { ErrorCode } from '../../../guest-agent/protocol/errors.ts';
import { withTag } from './reference.ts';

export interface ApiError {
  readonly status: number;
  readonly message: string;
}

const statuses: Readonly<Partial<Record<ErrorCode, number>>> = {
  'invalid-argument': 400,
  'limit-too-low': 400,
  'not-shared': 400,
  'command-not-found': 400,
  'command-not-executable': 400,
  'wrong-platform': 400,
  'no-such-image': 404,
  'no-such-container': 404,
  'no-such-exec': 404,
  'no-such-network': 404,
  'no-such-volume': 404,
  'no-such-path': 404,
  'no-such-layer': 404,
  'permission-denied': 403,
  'name-in-use': 409,
  'in-use': 409,
  'wrong-state': 409,
  unsupported: 501,
  'engine-stopped': 503,
  unreachable: 500,
};

/** A refusal with a status that no code stands for. */
export function refusal(status: number, message: string): EngineError {
  return new EngineError('unsupported', message, { data: { status } });
}

/** What Docker's clients recognise; `subject` is the name that the request gave. */
const words: Readonly<Partial<Record<ErrorCode, (subject: string, error: EngineError) => string>>> = {
  'no-such-container': (subject) => `No such container: ${subject}`,
  'no-such-exec': (subject) => `No such exec instance: ${subject}`,
  'no-such-image': (subject) => `No such image: ${withTag(subject)}`,
  'no-such-network': (subject) => `network ${subject} not found`,
  'no-such-volume': (subject) => `get ${subject}: no such volume`,
  // The command takes its exit codes 127 and 126 from these words.
  'command-not-found': (_, { message }) => `${message}: executable file not found in $PATH`,
  'command-not-executable': (_, { message }) => `${message}: permission denied`,
  'port-busy': (_, { message }) => `failed to set up container networking: ${allocated(message)}`,
};

const allocatedWords = 'port is already allocated';

function allocated(message: string): string {
  return message.includes(allocatedWords) ? message : `${allocatedWords}: ${message}`;
}

/** For `catch`: whatever failed failed about this one, when the path names no other. */
export function about(subject: string) {
  return (error: unknown): never => {
    if (!(error instanceof EngineError)) throw error;
    const { code, message, hint, data } = error;
    throw new EngineError(code, message, { hint, cause: error, data: { ...data, subject } });
  };
}

export function apiError(error: unknown, named = ''): ApiError {
  if (!(error instanceof EngineError))
    return { status: 500, message: error instanceof Error ? error.message : 'unknown' };
  const given = error.data?.['status'];
  const told = error.data?.['subject'];
  const subject = typeof told === 'string' ? told : named;
  const status = typeof given === 'number' ? given : (statuses[error.code] ?? 500);
  const known = subject === '' ? undefined : words[error.code];
  if (known !== undefined) return { status, message: known(subject, error) };
  return { status, message: error.hint === undefined ? error.message : `${error.message} ${error.hint}` };
}
