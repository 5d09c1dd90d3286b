/** Restart policies and health checks in the real VM. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { berth, ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

const names = ['restart-failing', 'restart-always', 'restart-stopped', 'health-probe'];
after(() => berth(['rm', '-f', ...names]));

const field = (name: string, template: string): Promise<string> => ok(['inspect', '--format', template, name]);

test('a container that fails is started again, as often as its policy says', async () => {
  const script = 'echo run; exit 3';
  await ok(['run', '-d', '--name', 'restart-failing', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', script]);
  assert.equal(await ok(['wait', 'restart-failing']), '3');
  assert.equal(await field('restart-failing', '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}'), '2 exited 3');
  assert.equal(await ok(['logs', 'restart-failing']), 'run\nrun\nrun');
});

test('a health check makes a container healthy, then unhealthy', async () => {
  await ok([
    ...['run', '-d', '--name', 'health-probe', '--health-cmd', 'cat /tmp/well', '--health-interval', '300ms'],
    ...['--health-retries', '2', 'busybox', 'sh', '-c', 'echo fine > /tmp/well; sleep 1000'],
  ]);
  const status = () => field('health-probe', '{{.State.Health.Status}}');
  await until('it is healthy', async () => (await status()) === 'healthy');
  assert.match(
    await ok(['ps', '--filter', 'health=healthy', '--format', '{{.Names}} {{.Status}}']),
    /^health-probe Up .* \(healthy\)$/,
  );
  await ok(['exec', 'health-probe', 'rm', '/tmp/well']);
  await until('it is unhealthy', async () => (await status()) === 'unhealthy');
  assert.match(await field('health-probe', '{{json .State.Health.Log}}'), /No such file/);
});

test('after the engine was restarted, those run that are to run', async () => {
  await ok(['run', '-d', '--name', 'restart-always', '--restart', 'unless-stopped', 'busybox', 'sleep', '1000']);
  await ok(['run', '-d', '--name', 'restart-stopped', '--restart', 'unless-stopped', 'busybox', 'sleep', '1000']);
  await ok(['stop', '-t', '0', 'restart-stopped']);
  await ok(['restart'], { limitMs: 240_000 });
  await until('it runs again', async () => (await field('restart-always', '{{.State.Status}}')) === 'running');
  assert.equal(await field('restart-stopped', '{{.State.Status}}'), 'exited');
  assert.equal(await field('health-probe', '{{.State.Status}}'), 'exited');
});
