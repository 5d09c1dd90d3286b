/** The ports that a container publishes and exposes. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { PortMapping } from '../../guest-agent/protocol/index.ts';
import type { RunConfig } from '../contract/run-config.ts';
import type { ImageRunConfig } from './image-config-spec.ts';

const entryPattern = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/(tcp|udp|sctp))?$/;

interface Exposed {
  readonly port: number;
  readonly protocol: string;
}

/**
 * What was asked for and, with `publishAll`, every exposed port that was not, at any free port of the host.
 * @throws EngineError `invalid-argument`
 */
export function portsOf(
  config: Pick<RunConfig, 'ports' | 'publishAll' | 'exposedPorts'>,
  image: ImageRunConfig,
): PortMapping[] {
  for (const { containerPort, hostPort } of config.ports) {
    checkRange(containerPort, 1);
    checkRange(hostPort, 0);
  }
  if (!config.publishAll) return config.ports;
  const asked = new Set(config.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  return [
    ...config.ports,
    ...exposedOf(config, image)
      .filter((one) => !asked.has(keyOf(one)))
      .flatMap(mapping),
  ];
}

/** `80/tcp`, each once. @throws EngineError `invalid-argument` for one that was asked for; the image's are passed over */
export function exposedPortsOf(config: Pick<RunConfig, 'exposedPorts'>, image: ImageRunConfig): string[] {
  return exposedOf(config, image).map(keyOf);
}

function exposedOf({ exposedPorts = [] }: Pick<RunConfig, 'exposedPorts'>, image: ImageRunConfig): Exposed[] {
  const own = exposedPorts.flatMap((entry) => {
    const found = entryPorts(entry);
    if (found.length > 0) return found;
    throw new EngineError('invalid-argument', `invalid port specification: ${JSON.stringify(entry)}`, {
      hint: 'Write a port, or a range of them, perhaps with its protocol: 80, 53/udp, 8000-8010.',
    });
  });
  const all = [...image.ExposedPorts.flatMap(entryPorts), ...own];
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}

/** Of an entry such as `80/tcp` or `8000-8010`. */
function entryPorts(entry: string): Exposed[] {
  const [, from, to = from, protocol = 'tcp'] = entryPattern.exec(entry) ?? [];
  const first = Number(from ?? 0);
  const last = Number(to ?? 0);
  if (first < 1 || last > 65_535 || last < first) return [];
  return Array.from({ length: last - first + 1 }, (_, index) => ({ port: first + index, protocol }));
}

/** None for a protocol that is not forwarded. */
function mapping({ port, protocol }: Exposed): PortMapping[] {
  if (protocol !== 'tcp' && protocol !== 'udp') return [];
  return [{ containerPort: port, protocol, hostAddress: '', hostPort: 0, asExposed: true }];
}

function keyOf({ port, protocol }: Exposed): string {
  return `${port}/${protocol}`;
}

function checkRange(port: number, least: number): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return;
  throw new EngineError('invalid-argument', `${port} is not a port.`, { hint: `Ports are ${least} to 65535.` });
}
