/** A container's health check: the user's words over the image's, over Docker's defaults. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { Healthcheck } from '../../guest-agent/protocol/index.ts';
import type { ImageRunConfig } from './image-config-spec.ts';

const defaults = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 };
const kinds = ['NONE', 'CMD', 'CMD-SHELL'];

/** @throws EngineError `invalid-argument` */
export function healthcheckOf(
  own: Partial<Healthcheck> | undefined,
  image: Pick<ImageRunConfig, 'Healthcheck'>,
): { healthcheck?: Healthcheck } {
  const inherited = imageHealthcheck(image);
  const { test = [], ...times } = { ...inherited, ...given(own ?? {}) };
  const [kind] = test;
  if (kind === undefined || kind === 'NONE') return {};
  if (!kinds.includes(kind))
    throw new EngineError('invalid-argument', `The health check begins with ${JSON.stringify(kind)}.`, {
      hint: `Begin it with ${kinds.join(', ')}.`,
    });
  return { healthcheck: { test, ...defaults, ...times } };
}

function imageHealthcheck({ Healthcheck: image }: Pick<ImageRunConfig, 'Healthcheck'>): Partial<Healthcheck> {
  if (!image) return {};
  const milliseconds = (nano: number): number => Math.ceil(nano / 1e6);
  return given({
    test: image.Test,
    interval: milliseconds(image.Interval),
    timeout: milliseconds(image.Timeout),
    startPeriod: milliseconds(image.StartPeriod),
    startInterval: milliseconds(image.StartInterval),
    retries: image.Retries,
  });
}

/** Zero and an empty list say nothing. */
function given(check: Partial<Healthcheck>): Partial<Healthcheck> {
  const says = Object.entries(check).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== 0));
  return Object.fromEntries(says);
}
