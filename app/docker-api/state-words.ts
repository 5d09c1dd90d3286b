/** A container's state does not allow what was asked: told in the words that Docker has for each request. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import { stateWord } from '../contract/times.ts';
import { refusal } from './codec/error.ts';
import type { Api } from './docker-host.ts';

type Words = (container: ContainerInfo) => readonly [status: number, message: string];

/** For `catch`: only then is the container looked at. */
export function wrongState(api: Api, id: string, words: Words) {
  return async (error: unknown): Promise<never> => {
    if (!(error instanceof EngineError) || error.code !== 'wrong-state') throw error;
    throw refusal(...words(await api.containers.inspect({ id })));
  };
}

/** Its restart policy is about to start it again: who asks for its process has to wait. */
export function restarting(id: string): string {
  return `Container ${id} is restarting, wait until the container is running`;
}

export const notRunning: Words = (info) => {
  const { id } = info;
  const word = stateWord(info);
  if (word === 'restarting') return [409, restarting(id)];
  return [409, word === 'paused' ? `Container ${id} is already paused` : `container ${id} is not running`];
};

export const notPaused: Words = ({ id }) => [500, `Container ${id} is not paused`];

export const notRemovable: Words = (info) => [
  409,
  `cannot remove container "/${info.name}": container is ${stateWord(info)}: stop the container before removing or force remove`,
];
