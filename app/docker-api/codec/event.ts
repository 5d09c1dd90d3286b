/** Changes of the engine as messages of `GET /events`. */
import type { ChangedEvent } from '../../../guest-agent/protocol/event.ts';
import type { Filters } from '../../contract/container-filter.ts';
import { hasLabel } from '../../contract/container-filter.ts';

export interface EventMessage {
  /** Old clients read these three. */
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: number;
}

export const eventFilterKeys = [
  ...['config', 'container', 'daemon', 'event', 'image', 'label', 'network', 'node', 'plugin', 'scope', 'secret'],
  ...['service', 'type', 'volume'],
];

/** Undefined for what Docker has no event for: layers, shares. */
export function eventMessage(changed: ChangedEvent): EventMessage | undefined {
  const { kind, id, action, attributes = {} } = changed;
  const timeNano = Number(changed.timeNano);
  const when = { scope: 'local', time: Math.floor(timeNano / 1e9), timeNano } as const;
  if (kind === 'exec') {
    const { container = '', command, ...rest } = attributes;
    const Action = command === undefined ? action : `${action}: ${command}`;
    return message('container', Action, container, { ...rest, execID: id }, when);
  }
  if (kind === 'layer' || kind === 'share' || kind === 'engine-socket') return undefined;
  return message(kind, action, id, attributes, when);
}

function message(
  type: string,
  action: string,
  id: string,
  ...[attributes, when]: [Record<string, string>, Pick<EventMessage, 'scope' | 'time' | 'timeNano'>]
): EventMessage {
  const legacy =
    type === 'container' || type === 'image'
      ? {
          status: action,
          ...(id !== '' && { id }),
          ...(attributes['image'] !== undefined && { from: attributes['image'] }),
        }
      : {};
  return { ...legacy, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, ...when };
}

/** As Docker's daemon/events filter: every key must fit; a name or id fits by its beginning. */
export function eventFits(message: EventMessage, filters: Filters): boolean {
  return [...filters].every(([key, values]) => fits(message, key, values));
}

function fits({ Type, Action, Actor }: EventMessage, key: string, values: readonly string[]): boolean {
  const { ID, Attributes } = Actor;
  switch (key) {
    case 'type':
      return values.includes(Type);
    case 'event':
      return values.some((value) => Action === value || Action.startsWith(`${value}:`));
    case 'scope':
      return values.includes('local');
    case 'label':
      return values.every((value) => hasLabel(Attributes, value));
    case 'image': {
      const names = [ID, Attributes[Type === 'image' ? 'name' : 'image'] ?? ''];
      return [...names, ...names.map(withoutTag)].some((name) => values.includes(name));
    }
    case 'daemon':
      return Type === 'daemon';
    default:
      return Type === key && values.some((value) => ID.startsWith(value) || Attributes['name']?.startsWith(value));
  }
}

function withoutTag(name: string): string {
  return name.replace(/:[^/:]*$/, '');
}
