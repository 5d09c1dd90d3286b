import { EngineError } from '../../../base/error.ts';
import type { ForwardedAddress, HostForwards, SocketAddress } from '../../machine.ts';
import { NET_ID } from './channel-args.ts';
import type { Qmp } from './qmp.ts';

/** A line of `info usernet` that stands for a forwarding. */
export interface UsernetForward {
  readonly protocol: 'tcp' | 'udp';
  readonly host: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

/** The forwardings in the answer to the human monitor's `info usernet`. */
export function parseUsernet(text: string): UsernetForward[] {
  const line = /^\s*(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)/;
  return text.split('\n').flatMap((row) => {
    const [, protocol, address, hostPort, guestPort] = line.exec(row) ?? [];
    return address === undefined
      ? []
      : [
          {
            protocol: protocol === 'UDP' ? 'udp' : 'tcp',
            host: address === '*' ? '0.0.0.0' : address,
            hostPort: Number(hostPort),
            guestPort: Number(guestPort),
          },
        ];
  });
}

/** @throws EngineError `boot-failed` when the forwarding that every VM starts with is not there. */
export async function sshForward(qmp: Qmp): Promise<SocketAddress> {
  const found = parseUsernet(await qmp.human('info usernet')).find(({ guestPort }) => guestPort === 22);
  if (found === undefined) throw new EngineError('boot-failed', "QEMU forwards no port to the guest's ssh server.");
  return { host: found.host, port: found.hostPort };
}

/** Forwardings of QEMU's user network, changed while it runs. Success is read back: the monitor answers in prose. */
export function qemuHostForwards(qmp: Qmp): HostForwards {
  const listed = async ({ protocol, host, port }: ForwardedAddress) =>
    parseUsernet(await qmp.human('info usernet')).some(
      (known) => known.protocol === protocol && known.host === host && known.hostPort === port,
    );
  return {
    async add(host, guestPort) {
      const said = await qmp.human(`hostfwd_add ${NET_ID} ${host.protocol}:${host.host}:${host.port}-:${guestPort}`);
      if (await listed(host)) return;
      throw new EngineError('port-busy', `QEMU could not listen on ${host.host}:${host.port}: ${said.trim()}`, {
        hint: 'Choose another host port, or stop what uses it.',
      });
    },
    async remove(host) {
      await qmp.human(`hostfwd_remove ${NET_ID} ${host.protocol}:${host.host}:${host.port}`);
      if (await listed(host))
        throw new EngineError('operation-failed', `QEMU still listens on ${host.host}:${host.port}.`);
    },
  };
}
