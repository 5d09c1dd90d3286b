/** All that is put to dockerd as well, in the order in which each builds on what was made before. */
import type { Questions } from '../../question.ts';
import { containerLife } from './container-life.ts';
import { containerMaking } from './container-making.ts';
import { drivers } from './drivers.ts';
import { images } from './images.ts';
import { networks } from './networks.ts';
import { system } from './system.ts';
import { volumes } from './volumes.ts';

export const likeDocker: readonly Questions[] = [
  ...[drivers, system, containerMaking, containerLife, images, volumes, networks],
];
