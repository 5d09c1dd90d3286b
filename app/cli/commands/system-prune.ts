import type { EngineState } from '../../contract/machine.ts';
import type { CommandSpec } from '../command/spec.ts';
import { decimalSize } from '../flags/bytes.ts';
import { confirm } from '../shared/confirm.ts';
import { forceOption } from '../shared/format-option.ts';
import { removedLines } from '../shared/removed-images.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Removes containers that do not run, images without a name (with --all every unused one) and, with --volumes,\n' +
    'anonymous volumes that are not in use. With the engine off, or suspended for want of room, it is images alone. The\n' +
    'figure is what the disk of this host got back.',
  options: [
    { name: 'all', short: 'a', help: 'All images that no container uses' },
    { name: 'volumes', help: 'Anonymous volumes too' },
    forceOption,
  ],
  examples: [{ line: 'berth system prune --volumes -f', does: 'Clean up without being asked' }],
  args: [0, 0],
  async run(context, { options }) {
    const [all, volumes] = [options.flag('all'), options.flag('volumes')];
    if (!options.flag('force') && !(await confirm(question(all, volumes)))) return 0;
    const { api } = await context.connect('service');
    const why = standsStill(await api.engine.state({}));
    const runs = why === undefined;
    if (!runs) context.note(`The engine is ${why}: its containers and volumes stay.`);
    const result = await api.system.prune({
      containers: runs,
      volumes: runs && volumes ? 'anonymous' : 'none',
      images: all ? 'all' : 'dangling',
    });
    const images = removedLines(result);
    if (result.containers.length > 0) context.print('Deleted Containers:', ...result.containers, '');
    if (result.volumes.length > 0) context.print('Deleted Volumes:', ...result.volumes, '');
    if (images.length > 0) context.print('Deleted Images:', ...images, '');
    context.print(`Total reclaimed space: ${decimalSize(result.reclaimedBytes)}`);
    return 0;
  },
};

/** Why its containers cannot be asked for. */
function standsStill(state: EngineState): string | undefined {
  if (state.status !== 'running') return 'off';
  return state.suspended === undefined ? undefined : 'suspended';
}

function question(all: boolean, volumes: boolean): string {
  const images = all ? 'all images that no container uses' : 'images without a name';
  return `Remove all containers that do not run, ${images}${volumes ? ', and anonymous volumes not in use' : ''}?`;
}
