/**
 * The agent on AF_VSOCK. The machine of these tests has no vsock device, so a relay of the test's own serves the loopback;
 * what the product starts is for the host alone, since containers have that loopback, too.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { agentSocketPath, agentVsockPort, protocolVersion } from '../../guest-agent/protocol/version.ts';
import { berth, command, guest, ok, type Outcome } from '../support/berth.ts';
import { until } from '../support/until.ts';

const loopback = '1';
const answer = new RegExp(`"protocolVersion":${protocolVersion}`);
let program: Uint8Array = Buffer.of();

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-vsock-'));
  try {
    const target = join(folder, 'vsock-hello');
    const source = fileURLToPath(new URL('./guest/vsock-hello.c', import.meta.url));
    const flags = ['-static', '-Os', `-DPROTOCOL_VERSION="${protocolVersion}"`];
    const built = await command('musl-gcc', [...flags, '-o', target, source]);
    assert.equal(built.code, 0, built.stderr);
    program = await readFile(target);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** As the guest starts it, with further words; it listens when this returns, and ends with the test. */
async function relay(t: TestContext, ...words: string[]): Promise<void> {
  const args = ['vsock-relay', String(agentVsockPort), agentSocketPath, ...words].join(' ');
  const pid = await guest(
    `modprobe vsock_loopback; /opt/berth/berth-launcher ${args} </dev/null >/dev/null 2>&1 & echo $!`,
  );
  t.after(() => guest(`kill ${pid}`));
  await until('the relay listens', async () => (await guest(`cat /proc/${pid}/stack`)).includes('vsock_accept'));
}

const keep = 'cat > /run/vsock-hello; chmod +x /run/vsock-hello; /run/vsock-hello';
const inGuest = (words: string): Promise<Outcome> =>
  berth(['ssh', '--', 'sh', '-c', `${keep} ${words}`], { input: program });
const inContainer = (words: string, ...flags: string[]): Promise<Outcome> =>
  berth(['run', '--rm', '-i', ...flags, 'busybox', 'sh', '-c', `${keep} ${words}`], { input: program });
const unfiltered = ['--tmpfs', '/run:exec', '--security-opt', 'seccomp=unconfined'];

test('without a vsock device nobody listens there', async () => {
  assert.equal(await guest("ps | grep '[v]sock-relay' | grep -v /etc/berth; true"), '');
  assert.match((await inGuest(loopback)).stderr, /connect: /);
  assert.match((await inContainer(loopback, ...unfiltered)).stderr, /connect: /);
});

test('the guest agent answers on AF_VSOCK, over the loopback, where that is asked for', async (t) => {
  await relay(t, loopback);
  assert.match((await inGuest(loopback)).stdout, answer);
  // So the next test would see it if a container came through.
  assert.match((await inContainer(loopback, ...unfiltered)).stdout, answer);
});

test('a container does not reach the agent by the relay for the host', async (t) => {
  await relay(t);
  const ways: [words: string, ...flags: string[]][] = [
    ['1', ...unfiltered],
    ['2', ...unfiltered],
    ['1', ...unfiltered, '--privileged'],
    ['2', ...unfiltered, '--network', 'host'],
  ];
  if (process.arch === 'x64') ways.push(['1 compat', '--tmpfs', '/run:exec'], ['2 compat', '--tmpfs', '/run:exec']);
  for (const [words, ...flags] of ways) {
    const { code, stdout, stderr } = await inContainer(words, ...flags);
    assert.ok(code === 1 && !answer.test(stdout), `${words}: ${stdout} ${stderr}`);
    assert.doesNotMatch(stderr, /socket: /, 'it came as far as the relay');
  }
  assert.match((await inContainer('1', '--tmpfs', '/run:exec')).stderr, /socket: .*not permitted/);
  assert.equal((await inGuest('2')).code, 1);
  assert.equal((await ok(['run', '--rm', 'busybox', 'echo', 'well'])).trim(), 'well');
});
