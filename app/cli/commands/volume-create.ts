import type { CommandSpec } from '../command/spec.ts';
import { parseLabel } from '../flags/env.ts';
import { checkVolumeName } from '../flags/volume.ts';

export const command: CommandSpec = {
  usage: '[NAME]',
  description: 'Makes a volume on the data disk and prints its name; one is made up when none is given.',
  options: [{ name: 'label', value: 'KEY=VALUE', list: true, help: 'Set a label' }],
  examples: [{ line: 'berth volume create data', does: 'For `berth run -v data:/data …`' }],
  args: [0, 1],
  async run(context, { args: [name], options }) {
    const checked = name === undefined ? '' : checkVolumeName(name, name, 'NAME');
    const labels = Object.fromEntries(options.list('label').map((text) => parseLabel(text)));
    const { api } = await context.connect('running');
    context.print((await api.volumes.create({ name: checked, labels })).name);
    return 0;
  },
};
