import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import { parseJson } from './decode.ts';
import type { HostConfig } from './host-config.ts';

type Security = RunConfig['security'];
type Options = Pick<Security, 'noNewPrivileges' | 'seccomp'>;

/** Meaningless here, since the guest has neither AppArmor nor SELinux. */
const passedOver = /^(apparmor|label)[=:]/;

/** @throws EngineError `invalid-argument` */
export function securityFrom(host: HostConfig): Security {
  let options: Options = { noNewPrivileges: false, seccomp: { kind: 'default' } };
  for (const text of host.SecurityOpt) options = { ...options, ...option(text) };
  return {
    privileged: host.Privileged,
    capAdd: capabilities(host.CapAdd),
    capDrop: capabilities(host.CapDrop),
    ...options,
    // The command turns `systempaths=unconfined` into two empty lists.
    systemPathsUnconfined: host.MaskedPaths?.length === 0 && host.ReadonlyPaths?.length === 0,
  };
}

function option(text: string): Partial<Options> {
  if (/^no-new-privileges([=:]true)?$/.test(text)) return { noNewPrivileges: true };
  if (/^no-new-privileges[=:]false$/.test(text)) return { noNewPrivileges: false };
  const profile = /^seccomp[=:](.*)$/s.exec(text)?.[1];
  if (profile === 'unconfined') return { seccomp: { kind: 'unconfined' } };
  if (profile === 'builtin') return { seccomp: { kind: 'default' } };
  if (profile !== undefined) return { seccomp: { kind: 'profile', profile: parseJson(profile) } };
  if (passedOver.test(text)) return {};
  throw new EngineError('invalid-argument', `invalid --security-opt 2: ${JSON.stringify(text)}`);
}

/** Names without `CAP_`. */
function capabilities(names: readonly string[]): string[] {
  return names.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
}
