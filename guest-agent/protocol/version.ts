/**
 * Version of the host ⇄ guest protocol. Additions that old peers may ignore keep the number; anything else raises it.
 * Host and guest must have the same number: the agent is shipped with the host, so a mismatch means a stale VM.
 */
export const protocolVersion = 4;

/** AF_VSOCK port and unix socket at which the agent listens in the guest. */
export const agentVsockPort = 1024;
export const agentSocketPath = '/run/berth/agent.sock';
