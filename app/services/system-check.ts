/** Findings of the host's store and of the guests that run, with what to do about each. */
import { containerMethods, layerMethods } from '../../guest-agent/protocol/index.ts';
import type { Problem } from '../content/check.ts';
import { familiarReference, parseReference } from '../content/reference.ts';
import type { ContentStore } from '../content/store.ts';
import type { CheckReport, Finding } from '../contract/index.ts';
import type { Guest } from '../guest/guest.ts';
import type { Machine } from './machine-services.ts';
import type { Parts } from './parts.ts';

interface CheckRequest {
  readonly repair: boolean;
  readonly signal: AbortSignal;
}

export async function checkSystem(
  content: ContentStore,
  machines: Iterable<Machine>,
  request: CheckRequest,
): Promise<CheckReport> {
  const { problems, ...counts } = await content.check(request);
  const findings = problems.map((problem) => hostFinding(problem, request.repair));
  const guests: CheckReport['guests'] = [];
  for (const machine of machines) {
    const parts = machine.usable;
    if (parts === undefined) continue;
    const { layers, found } = await checkGuest(machine.name, parts, request);
    guests.push({ machine: machine.name, layers });
    findings.push(...found);
  }
  return { ...counts, guests, findings };
}

function hostFinding(problem: Problem, repair: boolean): Finding {
  const images = problem.images.map((name) =>
    name.startsWith('sha256:') ? name : familiarReference(parseReference(name)),
  );
  const { kind, id, problem: what, repaired } = problem;
  const next = nextStep({ ...problem, images }, repair);
  return { place: 'host', kind, id, problem: what, images, repaired, next };
}

function nextStep({ kind, images, repairable, repaired }: Problem, repair: boolean): string {
  const [image = 'the image'] = images;
  const again = `get ${image} again: "berth pull ${image}", or load its archive`;
  if (kind === 'layer') return repaired ? '' : 'It is made again after "berth system check --repair".';
  if (kind === 'image' && repairable) return repaired ? '' : 'The name goes by "berth system check --repair".';
  if (kind === 'image') return `Remove ${image} with "berth rmi -f", and ${again}.`;
  return repair ? `Then ${again}.` : `Run "berth system check --repair", then ${again}.`;
}

async function checkGuest(
  machine: string,
  { guest, layers: images }: Parts,
  { repair, signal }: CheckRequest,
): Promise<{ layers: number; found: Finding[] }> {
  const listed = await guest.call(layerMethods.list, {}, { signal, repeat: true });
  const whole = listed.filter(({ partial }) => partial !== true);
  const found: Finding[] = [];
  for (const { layer, containers } of whole) {
    const { problem } = await guest.call(layerMethods.verify, { layer }, { signal, repeat: true });
    if (problem === '') continue;
    const repaired = repair && containers.length === 0;
    if (repaired) await images.drop([layer]);
    const next = repaired ? '' : guestStep(containers, repair);
    found.push({ place: machine, kind: 'layer', id: layer, problem, images: [], repaired, next });
  }
  return { layers: whole.length, found: [...found, ...(await lostLayers(machine, guest, signal))] };
}

function guestStep(containers: readonly string[], repair: boolean): string {
  if (containers.length === 0) return 'It is sent again after "berth system check --repair".';
  const names = containers.map((id) => id.slice(0, 12)).join(' ');
  return `Remove the containers made of it: berth rm -f ${names}${repair ? '; then check again' : ''}.`;
}

/** Layers that containers refer to and that are not there. */
async function lostLayers(machine: string, guest: Guest, signal: AbortSignal): Promise<Finding[]> {
  const containers = await guest.call(containerMethods.list, { all: true }, { signal, repeat: true });
  const layers = [...new Set(containers.flatMap(({ spec }) => spec.image.layers))];
  const { missing } = await guest.call(layerMethods.missing, { layers }, { signal, repeat: true });
  return missing.map((id) => {
    const users = containers.filter(({ spec }) => spec.image.layers.includes(id));
    const images = [...new Set(users.map(({ spec }) => spec.image.reference))];
    const next = guestStep(
      users.map((user) => user.id),
      false,
    );
    return { place: machine, kind: 'layer', id, problem: 'it is missing', images, repaired: false, next };
  });
}
