export { EngineError, errorCodes } from '../../guest-agent/protocol/errors.ts';
export type { ErrorCode } from '../../guest-agent/protocol/errors.ts';
