import { containerMethods } from '../../guest-agent/protocol/index.ts';
import type { ContainerInfo } from '../../guest-agent/protocol/index.ts';
import { boundPorts } from './bound-ports.ts';
import type { Parts } from './parts.ts';
import type { StreamTokens } from './stream-tokens.ts';

/**
 * Ports are checked first; they are forwarded before the answer, so that a caller who has it can connect. Where one
 * cannot be opened after all, the container is stopped again.
 * @throws EngineError `port-busy`, or why the guest did not start it.
 */
export async function startContainer(
  params: { id: string; attach: boolean },
  parts: Parts,
  tokens: StreamTokens,
  signal: AbortSignal,
): Promise<{ stream?: string }> {
  const { guest } = parts;
  const { stream } = parts.ports.hasNone(params.id)
    ? await guest.call(containerMethods.start, params, { signal })
    : await startWithPorts(params, parts, signal);
  return stream === undefined ? {} : { stream: tokens.offerGuest(guest, stream) };
}

async function startWithPorts(params: { id: string; attach: boolean }, parts: Parts, signal: AbortSignal) {
  const { guest, ports } = parts;
  const info = await guest.call(containerMethods.inspect, { id: params.id }, { signal, repeat: true });
  if (isIdle(info)) await ports.requireFree(await boundPorts(info.spec, guest, signal));
  const started = await guest.call(containerMethods.start, params, { signal });
  if (info.spec.ports.length > 0) await openPorts(info.id, parts);
  return started;
}

export async function restartContainer(
  params: { id: string; timeoutSeconds?: number; signal?: string },
  { guest, ports }: Parts,
  signal: AbortSignal,
): Promise<Record<string, never>> {
  const info = await guest.call(containerMethods.inspect, { id: params.id }, { signal, repeat: true });
  if (isIdle(info)) await ports.requireFree(await boundPorts(info.spec, guest, signal));
  await guest.call(containerMethods.restart, params, { signal });
  if (info.spec.ports.length > 0) await ports.open(info.id);
  return {};
}

async function openPorts(id: string, { guest, ports }: Parts): Promise<void> {
  try {
    await ports.open(id);
  } catch (error) {
    await guest.call(containerMethods.kill, { id, signal: 'SIGKILL' }).catch(() => undefined);
    throw error;
  }
}

function isIdle({ state }: ContainerInfo): boolean {
  return state.status === 'created' || state.status === 'exited';
}
