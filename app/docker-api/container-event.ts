import type { ApiRequest } from './api.ts';

/** Tells of a container what only this front door knows; that it is gone meanwhile is no fault. */
export async function noteOfContainer(
  { api, engine }: Pick<ApiRequest, 'api' | 'engine'>,
  container: string,
  ...[action, more = {}]: [action: string, more?: Readonly<Record<string, string>>]
): Promise<void> {
  const info = await api.containers.inspect({ id: container }).catch(() => undefined);
  if (info === undefined) return;
  const { id, name, spec } = info;
  engine.events.note('container', action, { ...spec.labels, ...more, image: spec.image.reference, name }, id);
}
