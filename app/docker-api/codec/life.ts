/** Restart policy and health check of a request, in our words. */
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { CreateRequest, HostConfig } from './host-config.ts';

const policies = ['no', 'always', 'on-failure', 'unless-stopped'] as const;

/** @throws EngineError `invalid-argument` in Docker's words */
export function restartFrom({ Name, MaximumRetryCount }: HostConfig['RestartPolicy']): RunConfig['restart'] {
  if (Name === '') return undefined;
  const name = policies.find((policy) => policy === Name);
  if (name === undefined)
    throw new EngineError(
      'invalid-argument',
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (MaximumRetryCount !== 0 && name !== 'on-failure')
    throw new EngineError(
      'invalid-argument',
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    );
  if (MaximumRetryCount < 0)
    throw new EngineError('invalid-argument', 'invalid restart policy: maximum retry count cannot be negative');
  return { name, maximumRetries: MaximumRetryCount };
}

/** Docker's times are nanoseconds. */
export function healthcheckFrom(check: CreateRequest['Healthcheck']): RunConfig['healthcheck'] {
  if (!check) return undefined;
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const)
    if (check[key] !== 0 && check[key] < 1e6)
      throw new EngineError('invalid-argument', `${key} in Healthcheck cannot be less than 1ms`);
  const milliseconds = (nano: number): number => Math.ceil(nano / 1e6);
  return {
    test: check.Test,
    interval: milliseconds(check.Interval),
    timeout: milliseconds(check.Timeout),
    startPeriod: milliseconds(check.StartPeriod),
    startInterval: milliseconds(check.StartInterval),
    retries: check.Retries,
  };
}
