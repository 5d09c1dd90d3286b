import * as v from 'valibot';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { ExecInfo, ExecSpec } from '../../../guest-agent/protocol/exec.ts';
import { refusal } from './error.ts';
import { detachKeys } from './detach-keys.ts';
import { ConsoleSize, Flag, Text, Words } from './decode.ts';

export const ExecCreateRequest = v.object({
  AttachStdin: Flag,
  AttachStdout: Flag,
  AttachStderr: Flag,
  Tty: Flag,
  Env: Words,
  Cmd: Words,
  Privileged: Flag,
  User: Text,
  WorkingDir: Text,
  DetachKeys: Text,
  ConsoleSize,
});

export const ExecStartRequest = v.object({ Detach: Flag, Tty: Flag, ConsoleSize });

/** @throws EngineError `invalid-argument` */
export function execSpec(container: string, request: v.InferOutput<typeof ExecCreateRequest>): ExecSpec {
  const [program, ...args] = request.Cmd;
  if (program === undefined) throw new EngineError('invalid-argument', 'No exec command specified');
  checkKeys(request.DetachKeys);
  return {
    container,
    argv: [program, ...args],
    env: request.Env,
    workdir: request.WorkingDir,
    user: request.User,
    tty: request.Tty,
    openStdin: request.AttachStdin,
    attachStdout: request.AttachStdout,
    attachStderr: request.AttachStderr,
    privileged: request.Privileged,
    ...(request.ConsoleSize !== undefined && { consoleSize: request.ConsoleSize }),
    ...(request.DetachKeys !== '' && { detachKeys: request.DetachKeys }),
  };
}

/** Told when it is made, not to whom it is attached later. */
function checkKeys(keys: string): void {
  try {
    detachKeys(keys);
  } catch {
    throw refusal(500, `Invalid escape keys (${keys}) provided`);
  }
}

/** @param keys those of the specification in base64, as Go writes bytes */
export function execInspect(info: ExecInfo, keys: string) {
  const { spec } = info;
  const [entrypoint = '', ...args] = spec.argv;
  return {
    ID: info.id,
    Running: info.running,
    ExitCode: info.exitCode ?? null,
    ProcessConfig: {
      tty: spec.tty,
      entrypoint,
      arguments: args,
      privileged: spec.privileged,
      ...(spec.user !== '' && { user: spec.user }),
    },
    OpenStdin: spec.openStdin,
    OpenStderr: spec.attachStderr ?? true,
    OpenStdout: spec.attachStdout ?? true,
    CanRemove: info.exitCode !== undefined,
    ContainerID: info.container,
    DetachKeys: keys,
    Pid: info.pid ?? 0,
  };
}
