/** Steps of a way, and what they come to. */
import type { EngineState, Explanation, Hop } from '../../contract/index.ts';

export const works = (name: string, detail: string): Hop => ({ name, status: 'ok', detail, fix: '' });
export const broken = (name: string, detail: string, fix: string): Hop => ({ name, status: 'broken', detail, fix });
export const unknown = (name: string, detail: string): Hop => ({ name, status: 'unknown', detail, fix: '' });

/** @param arrived what is said when no step is broken */
export function explanation(subject: string, hops: readonly Hop[], arrived: string): Explanation {
  const first = hops.find(({ status }) => status === 'broken');
  return { subject, works: first === undefined, verdict: first?.detail ?? arrived, hops: [...hops] };
}

/** Undefined when the machine and its agent can be asked; nothing else can be told otherwise. */
export function machineHop(machine: string, state: EngineState): Hop | undefined {
  const name = 'machine';
  if (state.status === 'failed') return broken(name, `the machine ${machine} failed: ${state.message}`, state.hint);
  if (state.status !== 'running') return broken(name, `the machine ${machine} is ${state.status}`, 'berth start');
  return state.agentLost
    ? broken(name, `the agent of the machine ${machine} does not answer`, 'berth restart')
    : undefined;
}

export const listed = (words: readonly string[]): string => words.join(', ');
