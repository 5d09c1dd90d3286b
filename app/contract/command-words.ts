import type { ContainerSpec } from '../../guest-agent/protocol/container-spec.ts';

/**
 * What a container runs, as Docker tells it.
 * @param image the image's entrypoint, by whose words it is told from the command where an older specification does not
 */
export function commandWords(
  { argv, entrypoint }: Pick<ContainerSpec, 'argv' | 'entrypoint'>,
  image: readonly string[] = [],
): { entrypoint: string[]; command: string[] } {
  const begins = image.every((word, index) => argv[index] === word);
  const own = entrypoint ?? (begins ? image : []);
  return { entrypoint: [...own], command: argv.slice(own.length) };
}
