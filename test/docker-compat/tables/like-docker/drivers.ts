import { inOurWords, type Questions, sleeper } from '../../question.ts';

export const drivers: Questions = {
  name: 'drivers that nobody has, which dockerd waits for',
  questions: [
    ['POST /volumes/create', { Name: 'other', Driver: 'odd' }],
    ['POST /networks/create', { Name: 'other', Driver: 'odd' }],
    ['POST /containers/create', sleeper({ HostConfig: { LogConfig: { Type: 'odd' } } }), inOurWords],
  ],
};
