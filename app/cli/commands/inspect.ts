import { EngineError } from '../../base/error.ts';
import type { ControlClient } from '../../control/client.ts';
import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { badFlag } from '../command/usage-error.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { inspectEach } from '../shared/inspect-each.ts';
import { inspectors, type Kind } from '../shared/inspectors.ts';

const kinds: readonly Kind[] = ['container', 'image', 'volume', 'network'];

export const command: CommandSpec = {
  usage: 'NAME...',
  description:
    'Shows all that is known of containers, images, volumes or networks, as JSON in the shape of `docker inspect`.\n' +
    'With --kernel: what the kernel knows of running containers.',
  options: [
    inspectFormat,
    { name: 'type', value: 'TYPE', help: 'container, image, volume or network', complete: kinds },
    { name: 'size', short: 's', help: 'Containers: with what they have written' },
    { name: 'kernel', help: 'Namespaces, id maps, cgroup, capabilities, seccomp, mounts, interfaces' },
  ],
  examples: [
    { line: "berth inspect -f '{{.State.Status}}' web", does: 'One field' },
    { line: 'berth inspect --kernel web', does: 'Down to the kernel' },
    { line: 'berth inspect --kernel --format json web', does: 'The same for programs' },
  ],
  args: [1, anyNumber],
  completeArgument: 'container',
  async run(context, { args, options }) {
    const format = options.text('format');
    if (options.flag('kernel')) {
      const { inspectKernel } = await import('../shared/inspect-kernel.ts');
      return inspectKernel(context, args, format);
    }
    const type = options.text('type');
    const wanted = kinds.filter((kind) => type === undefined || kind === type);
    if (wanted.length === 0) throw badFlag('--type', type ?? '', 'there is no such type', `Use ${kinds.join(', ')}.`);
    const client = await context.connect(wanted.includes('image') ? 'service' : 'running');
    const size = options.flag('size');
    return inspectEach(context, args, format, (name) => first(client, wanted, { name, size }));
  },
};

/** The first kind that has the name. Images are there without an engine. */
async function first(
  client: ControlClient,
  wanted: readonly Kind[],
  request: { name: string; size: boolean },
): Promise<object> {
  let stopped: EngineError | undefined;
  for (const kind of wanted) {
    try {
      return await inspectors[kind](client, request);
    } catch (error) {
      if (wanted.length === 1 || !(error instanceof EngineError)) throw error;
      if (error.code === 'engine-stopped') stopped = error;
      else if (error.code !== `no-such-${kind}`) throw error;
    }
  }
  if (stopped !== undefined) throw stopped;
  throw new EngineError('no-such-container', `There is no ${wanted.join(', ')} named ${request.name}.`, {
    hint: 'See "berth ps -a", "berth images", "berth volume ls" and "berth network ls".',
  });
}
