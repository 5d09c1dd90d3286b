/** Further processes in a container, by the library that most tools of Node use. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';

async function stack(t: TestContext) {
  const made = await dockerStack(t);
  return { ...made, docker: new Docker({ socketPath: made.socketPath }) };
}

test('exec: output, exit code, an error in the stream', async (t) => {
  const { docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], name: 'host' });
  await container.start();
  const exec = await container.exec({ Cmd: ['echo', 'inside'], AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  assert.equal((await buffer(stream)).toString('latin1'), '\x01\0\0\0\0\0\0\x07inside\n');
  const unseen = await container.exec({ Cmd: ['echo', 'inside'], AttachStderr: true });
  assert.equal((await buffer(await unseen.start({ hijack: true, stdin: false }))).length, 0);
  const info = await exec.inspect();
  assert.deepEqual([info.Running, info.ExitCode], [false, 0]);
  await assert.rejects(exec.start({ hijack: true }), { statusCode: 409 });
  const wrong = await container.exec({ Cmd: ['missing'], AttachStdout: true });
  assert.match((await buffer(await wrong.start({ hijack: true }))).toString(), /executable file not found in \$PATH/);
  await assert.rejects(docker.getExec('nobody').inspect(), { statusCode: 404 });
  await container.stop({ t: 0 });
  await assert.rejects(container.exec({ Cmd: ['true'] }), { statusCode: 409 });
  await assert.rejects(container.exec({ Cmd: [] }), { statusCode: 400 });
});

test('exec: the first size of its terminal, and keys that let go of it', async (t) => {
  const { docker, agent } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  await container.start();
  const made = { Cmd: ['sleep'], Tty: true, AttachStdin: true, AttachStdout: true };
  const exec = await container.exec({ ...made, DetachKeys: 'ctrl-x,q', ConsoleSize: [20, 60] });
  const begun = { hijack: true, stdin: true, Tty: true, ConsoleSize: [25, 90] };
  const stream = await exec.start(begun);
  const ended = once(stream, 'close');
  stream.resume();
  stream.write(Buffer.from('\x18q'));
  await ended;
  const info = await exec.inspect();
  assert.deepEqual([info.Running, info.DetachKeys], [true, 'GHE=']);
  const second = await container.exec({ ...made, ConsoleSize: [20, 60] });
  const detached = { Detach: true, ConsoleSize: [1, 1] };
  await second.start(detached);
  const sizes = agent.kernel.plans.flatMap(({ inside }) =>
    inside.flatMap((op) => (op.op === 'stdio' ? [[op.rows, op.columns]] : [])),
  );
  assert.deepEqual(sizes, [
    [0, 0],
    [25, 90],
    [20, 60],
  ]);
  await assert.rejects(container.exec({ ...made, DetachKeys: 'ctrl-q,long' }), /Invalid escape keys \(ctrl-q,long\)/);
  await assert.rejects(container.attach({ stream: true, detachKeys: 'odd' }), { statusCode: 400 });
});
