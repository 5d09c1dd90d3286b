import { type Accepted, clientsFault, inOurWords, onLoopback, type Questions, refusedEarly } from '../../question.ts';

/** Where a network of all is the default bridge. */
const atBridge = (place: string): Accepted => ({
  [`${place}.Options.*`]: 'its bridge has a name of its own, and dockerd runs without a packet filter here',
  [`${place}.Options.com.docker.network.bridge.host_binding_ipv4`]: onLoopback,
});

export const networks: Questions = {
  name: 'networks',
  questions: [
    ['GET /networks', undefined, atBridge('[]')],
    ['GET /networks/bridge', undefined, atBridge('')],
    ['GET /networks/host'],
    ['GET /networks/none'],
    ['GET /networks/absent'],
    ['POST /networks/create', {}, inOurWords],
    ['POST /networks/create', { Name: 'mine', Labels: { a: 'b' } }],
    ['POST /networks/create', { Name: 'mine' }],
    ['POST /networks/create', { Name: 'bridge' }],
    ['POST /networks/create', { Name: 'a', IPAM: { Config: [{ Subnet: 'x' }] } }, inOurWords],
    [
      'POST /networks/create',
      { Name: 'sub', EnableIPv6: false, IPAM: { Config: [{ Subnet: '10.77.0.0/24', Gateway: '10.77.0.1' }] } },
    ],
    ['POST /networks/create', { Name: 'sub2', IPAM: { Config: [{ Subnet: '10.77.0.0/24' }] } }, inOurWords],
    ['POST /networks/create', { Name: 'b d' }, refusedEarly],
    ['GET /networks/mine'],
    ['GET /networks/sub'],
    ['GET /networks/mine?verbose=1&scope=swarm', undefined, { ...clientsFault, ...inOurWords }],
    ['POST /networks/absent/connect', { Container: 'x' }],
    ['POST /networks/mine/connect', { Container: 'nobody' }],
    ['POST /networks/mine/disconnect', { Container: 'nobody' }],
    ['DELETE /networks/bridge'],
    ['DELETE /networks/mine'],
    ['DELETE /networks/sub'],
    ['DELETE /networks/absent'],
    ['GET /networks?filters={"bad":["x"]}'],
    ['GET /networks?filters={"dangling":["x"]}', undefined, inOurWords],
    ['POST /networks/prune', undefined, { '.NetworksDeleted[]': 'its name could not be taken' }],
  ],
};
