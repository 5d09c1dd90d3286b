/** `GET /system/df`, in the form of the version that was asked for. */
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { containerSummary } from './container-summary.ts';
import type { imageSummary } from './image.ts';
import type { volumeUsage } from './volume.ts';

export interface DiskItems {
  readonly images: readonly ReturnType<typeof imageSummary>[];
  /** Bytes of all images' layers, and of those that only idle images have. */
  readonly layers: { readonly total: number; readonly idle: number };
  readonly containers: readonly ReturnType<typeof containerSummary>[];
  readonly volumes: readonly ReturnType<typeof volumeUsage>[];
}

export interface DiskAsk {
  readonly minor: number;
  readonly wants: (type: string) => boolean;
  /** A type that there is not. */
  readonly wrong: string | undefined;
  /** Each thing with its size, in the newer form. */
  readonly verbose: boolean;
}

/** Totals since 1.52, with their items where they are asked for, else with the lists of before. @throws EngineError `invalid-argument` */
export function diskUse(items: DiskItems, { minor, wants, wrong, verbose }: DiskAsk): object {
  if (wrong !== undefined) throw new EngineError('invalid-argument', `unknown object type: ${wrong}`);
  if (minor < 52) return lists(items, wants);
  return { ...totals(items, wants, verbose), ...(!verbose && lists(items, wants)) };
}

function lists({ images, layers, containers, volumes }: DiskItems, wants: DiskAsk['wants']): object {
  return {
    ...(wants('image') && { LayersSize: layers.total, Images: images }),
    ...(wants('container') && { Containers: containers }),
    ...(wants('volume') && { Volumes: volumes }),
    ...(wants('build-cache') && { BuildCache: [] }),
  };
}

function totals({ images, layers, containers, volumes }: DiskItems, wants: DiskAsk['wants'], verbose: boolean): object {
  const idleImages = images.filter(({ Containers }) => Containers === 0);
  const idle = containers.filter(({ State }) => State === 'created' || State === 'exited');
  const unused = volumes.filter(({ UsageData }) => UsageData.RefCount === 0);
  const bytes = (rows: DiskItems['volumes']) => sum(rows.map(({ UsageData }) => UsageData.Size));
  const items = (rows: readonly object[]) => (verbose ? { Items: rows } : {});
  const sizes = (rows: readonly { SizeRw?: number }[]) => sum(rows.map(({ SizeRw = 0 }) => SizeRw));
  return {
    ...(wants('image') && {
      ImageUsage: {
        ActiveCount: images.length - idleImages.length,
        TotalCount: images.length,
        TotalSize: layers.total,
        Reclaimable: layers.idle,
        ...items(images),
      },
    }),
    ...(wants('container') && {
      ContainerUsage: {
        ActiveCount: containers.length - idle.length,
        TotalCount: containers.length,
        TotalSize: sizes(containers),
        Reclaimable: sizes(idle),
        ...items(containers),
      },
    }),
    ...(wants('volume') && {
      VolumeUsage: {
        ActiveCount: volumes.length - unused.length,
        TotalCount: volumes.length,
        TotalSize: bytes(volumes),
        Reclaimable: bytes(unused),
        ...items(volumes),
      },
    }),
    ...(wants('build-cache') && {
      BuildCacheUsage: { ActiveCount: 0, TotalCount: 0, TotalSize: 0, Reclaimable: 0, ...items([]) },
    }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
