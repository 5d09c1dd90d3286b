/** The whole table: every endpoint of the description, with what it answers. */
import type { Route } from '../api.ts';
import { containerFileRoutes } from './container-files.ts';
import { containerLifeRoutes } from './container-life.ts';
import { containerStreamRoutes } from './container-streams.ts';
import { containerListRoutes } from './container-list.ts';
import { containerRoutes } from './containers.ts';
import { execRoutes } from './exec.ts';
import { imageArchiveRoutes } from './image-archives.ts';
import { imageChangeRoutes } from './image-changes.ts';
import { imageTransferRoutes } from './image-transfer.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { notHereRoutes } from './not-here.ts';
import { registryRoutes } from './registries.ts';
import { systemRoutes } from './system.ts';
import { volumeRoutes } from './volumes.ts';

export const routes: readonly Route[] = [
  ...systemRoutes,
  ...containerListRoutes,
  ...containerRoutes,
  ...containerLifeRoutes,
  ...containerStreamRoutes,
  ...execRoutes,
  ...containerFileRoutes,
  ...imageRoutes,
  ...imageArchiveRoutes,
  ...imageTransferRoutes,
  ...imageChangeRoutes,
  ...registryRoutes,
  ...volumeRoutes,
  ...networkRoutes,
  ...notHereRoutes,
];
