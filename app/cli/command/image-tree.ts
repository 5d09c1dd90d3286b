/** The verbs of images: under `berth image`, and those that Docker has by themselves. */
import { leaf, type CommandEntry } from './entry.ts';

const verb = (name: string, summary: string, load: CommandEntry['load']): CommandEntry =>
  leaf('Images, volumes, networks', name, summary, load);

const remove = verb('rmi', 'Remove images', () => import('../commands/image-rm.ts'));

/** The same under both. */
const both: readonly CommandEntry[] = [
  verb('history', 'Show the steps an image was made in', () => import('../commands/image-history.ts')),
  verb('tag', 'Give an image one more name', () => import('../commands/image-tag.ts')),
  verb('save', 'Write images into an archive', () => import('../commands/image-save.ts')),
  verb('load', 'Take images from an archive', () => import('../commands/image-load.ts')),
  verb('import', 'Make an image of a root file system', () => import('../commands/image-import.ts')),
];

export const imageShortcuts: readonly CommandEntry[] = [...both, remove];

export const imageVerbs: readonly CommandEntry[] = [
  verb('inspect', 'Show all about images', () => import('../commands/image-inspect.ts')),
  ...both,
  { ...remove, name: 'rm', aliases: ['remove'] },
  verb('prune', 'Remove images that are not in use', () => import('../commands/image-prune.ts')),
];
