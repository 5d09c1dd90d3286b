/** Requests that are put to two engines, and what may differ in their answers. */
import { type Answer, differences } from '../support/answers.ts';

/** Where the answers differ, as `status`, `type`, `message` or the place of a value (`.State.Status`), with the reason. */
export type Accepted = Readonly<Record<string, string | AtTimes>>;

/** They differ by what the kernel was doing, so it is no fault when they do not. */
export interface AtTimes {
  readonly atTimes: string;
}

/** Method and path, a body (text as it is, all else as JSON), and what is known to differ. */
export type Question = readonly [asked: string, body?: unknown, accepted?: Accepted];

export interface Questions {
  readonly name: string;
  readonly questions: readonly Question[];
}

/** What it says is not dockerd's. */
export const inOurWords = { message: 'says what is wrong and what to do in words of its own' };

/** 400 or 404 where dockerd answers 500. */
export const clientsFault: Accepted = { status: 'what is wrong with a request is the fault of its client' };

/** 501, and what is missing. */
export const notHere: Accepted = { status: 'this engine has it not, and says so', message: 'what is missing' };

/** It would fail later with dockerd, or do nothing. */
export const refusedEarly: Accepted = {
  status: 'what cannot come to anything is refused when it is asked for',
  message: 'dockerd takes it',
};

export const digestBefore = 'an image has its digest before it is pushed, as with dockerd’s newer store';
/** Of images. */
export const packedSize = 'bytes of the layers as they are stored, which is packed';
export const onLoopback = 'ports are open on this host alone unless an address is named';

const layers = 'layers and writable parts are no folders that the host could look into';

/** An inspected container. */
export const inspected: Accepted = {
  '.HostConfig.MemorySwappiness': 'cgroup v2 has none, and the description does not allow null',
  '.HostConfig.MaskedPaths[]': 'those of later versions of dockerd',
  '.GraphDriver.Data.LowerDir': layers,
  '.GraphDriver.Data.MergedDir': layers,
  '.GraphDriver.Data.UpperDir': layers,
  '.GraphDriver.Data.WorkDir': layers,
  '.Config.AttachStdout': 'what the first client attached is not kept',
  '.Config.AttachStderr': 'what the first client attached is not kept',
  '.Config.StopSignal': 'tells what holds, asked for or not',
  '.Config.StopTimeout': 'tells what holds, asked for or not',
  '.NetworkSettings.Networks.*.GwPriority': 'is told before 1.48, too',
};

/** A container's description that would run for long. */
export const sleeper = (more: object = {}) => ({ Image: 'busybox', Cmd: ['sleep', '1000'], ...more });

/** What differs though nobody said so, and what was said to differ and does not. */
export function faults([asked, body, accepted = {}]: Question, ours: Answer, theirs: Answer): string[] {
  const found = differences(ours, theirs);
  const unsaid = [...found].filter(([place]) => !(place in accepted)).map(([place, what]) => `${place}: ${what}`);
  const over = Object.keys(accepted).filter((place) => typeof accepted[place] === 'string' && !found.has(place));
  const all = [...unsaid, ...over.map((place) => `${place}: said to differ, and does not`)];
  const request = body === undefined ? asked : `${asked} ${JSON.stringify(body)}`;
  return all.length === 0 ? [] : [request, ...all.map((fault) => `  ${fault}`)];
}
