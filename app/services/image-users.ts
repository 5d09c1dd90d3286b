import { containerMethods } from '../../guest-agent/protocol/index.ts';
import type { ImageUser } from '../content/removal.ts';
import type { Machine } from './machine-services.ts';

/**
 * By the image's id: the containers of machines that run. What a stopped machine has is not known before its start, nor
 * that of a suspended one, whose disk may just need the room that a removal makes. Containers keep what they are made of.
 */
export async function imageUsers(machines: Iterable<Machine>): Promise<Map<string, ImageUser[]>> {
  const users = new Map<string, ImageUser[]>();
  for (const machine of machines) {
    const guest = machine.usable?.guest;
    if (guest === undefined) continue;
    for (const { name, spec, state } of await guest.call(containerMethods.list, { all: true }, { repeat: true })) {
      const running = state.status === 'running' || state.status === 'paused';
      const user = { machine: machine.name, container: name, running };
      users.set(spec.image.id, [...(users.get(spec.image.id) ?? []), user]);
    }
  }
  return users;
}
