/** Taking back a link on the default bridge: a name for one container that another one sees. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../protocol/errors.ts';
import { networksOf } from './container-networks.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { containerDir } from './paths.ts';

/** Both containers stay as they are, and what else the hosts file says. @throws EngineError `no-such-container` */
export function unlinkContainer(engine: Engine, id: string, alias: string): Promise<void> {
  const container = engine.containers.get(id);
  return container.mutex.run(() => {
    const { record } = container;
    const settings = networksOf(record.spec).find(({ network }) => engine.networks.get(network).isDefault);
    const link = settings?.links.find((one) => one.alias === alias);
    if (settings === undefined || link === undefined)
      throw new EngineError('no-such-container', `Container ${record.name} has no link ${JSON.stringify(alias)}.`, {
        hint: 'Links of networks that users made end when the container is disconnected.',
      });
    const left = { ...settings, links: settings.links.filter((one) => one !== link) };
    const networks = networksOf(record.spec).map((one) => (one === settings ? left : one));
    record.spec = { ...record.spec, networks };
    engine.store.saveContainer(record);
    if (isActive(record.state)) forgetLine(engine, record.id, alias, engine.containers.find(link.container)?.id ?? '');
    return Promise.resolve();
  });
}

/** Written in place: the file that the container has mounted stays the same. */
function forgetLine(engine: Engine, id: string, alias: string, target: string): void {
  const hosts = join(containerDir(engine.paths, id), 'hosts');
  if (!existsSync(hosts)) return;
  const kept = readFileSync(hosts, 'utf8')
    .split('\n')
    .filter((line) => {
      const [, name, ...others] = line.split(/\s+/);
      return name !== alias || !others.includes(target.slice(0, 12));
    });
  writeFileSync(hosts, kept.join('\n'));
}
