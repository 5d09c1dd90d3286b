import type { HostApi } from '../../contract/index.ts';
import type { Machine } from '../machine-services.ts';
import { nameFacts } from './name-facts.ts';
import { explainName } from './name-plan.ts';
import { portFacts, type PortHolder } from './port-facts.ts';
import { explainPort } from './port-plan.ts';

/** Never fails for what is broken: that is the answer. */
export function explainApi(machine: Machine, holderOf: PortHolder): HostApi<AbortSignal>['explain'] {
  return {
    port: async (subject) => explainPort(await portFacts(machine, holderOf, subject)),
    dns: async ({ name, from }) => explainName(await nameFacts(machine, name, from)),
  };
}
